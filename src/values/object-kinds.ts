import { types } from "node:util";
import { viewType } from "./views.js";

/** The kind of an object by its internal slots, whatever its class. */
export type Kind =
  | "record"
  | "array"
  | "map"
  | "set"
  | "date"
  | "regexp"
  | "error"
  | "view"
  | "buffer"
  | "boxed"
  | "foreign";

/** Deno does not implement it, because it has no such objects. */
const isExternal: (value: unknown) => boolean = types.isExternal ?? (() => false);

/** Most objects are of the kind of their prototype. */
const LIKELY = new Map<object, readonly [Kind, (value: unknown) => boolean]>([
  [Array.prototype, ["array", Array.isArray]],
  [Map.prototype, ["map", types.isMap]],
  [Set.prototype, ["set", types.isSet]],
  [Date.prototype, ["date", types.isDate]],
]);

/** Returns the kind of an object by its internal slots. Its prototype may be of another kind. */
export function kindOf(value: object, prototype: object | null): Kind {
  const likely = prototype === null ? undefined : LIKELY.get(prototype);
  if (likely?.[1](value)) return likely[0];
  if (isUntagged(value) && !hasSlots(value)) return value instanceof Error ? "error" : "record";
  if (Array.isArray(value)) return "array";
  if (ArrayBuffer.isView(value)) return "view";
  if (types.isNativeError(value) || isDomException(value)) return "error";
  if (types.isMap(value)) return "map";
  if (types.isSet(value)) return "set";
  if (types.isDate(value)) return "date";
  if (types.isRegExp(value)) return "regexp";
  if (types.isArrayBuffer(value)) return isResizable(value) ? "foreign" : "buffer";
  if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? "foreign" : "boxed";
  if (FOREIGN.some(([is]) => is(value))) return "foreign";
  return value instanceof Error ? "error" : "record";
}

const tagOf = Object.prototype.toString;

/**
 * Tells if an object with Object's prototype is an ordinary object. `Object.prototype.toString` recognizes arrays,
 * Dates, errors and the like; the slower checks for others only run if there are no properties.
 */
export function isOrdinary(value: object, names: readonly string[]): boolean {
  if (tagOf.call(value) !== "[object Object]") return false;
  if (names.length === 0) return !hasSlots(value);
  return names[0] !== "0" || !ArrayBuffer.isView(value);
}

/**
 * True if `Object.prototype.toString` returns the tag of an ordinary object, and the object does not define its own
 * tag.
 */
function isUntagged(value: object): boolean {
  return !(Symbol.toStringTag in value) && tagOf.call(value) === "[object Object]";
}

/** True for objects with internal slots that `Object.prototype.toString` only recognizes by their prototype. */
function hasSlots(value: object): boolean {
  // One after another: a table of these functions takes three times as long.
  return (
    ArrayBuffer.isView(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value) ||
    types.isSymbolObject(value) ||
    types.isBigIntObject(value) ||
    isExternal(value) ||
    types.isModuleNamespaceObject(value) ||
    isDomException(value)
  );
}

const domName = Object.getOwnPropertyDescriptor(DOMException.prototype, "name")!.get as (this: object) => string;
const domMessage = Object.getOwnPropertyDescriptor(DOMException.prototype, "message")!.get as (this: object) => string;

/** Returns the internal state of a DOMException. */
export function domOf(value: object): { readonly name: string; readonly message: string } | undefined {
  return isDomException(value) ? { name: domName.call(value), message: domMessage.call(value) } : undefined;
}

function isDomException(value: object): boolean {
  if (!(value instanceof DOMException)) return false;
  try {
    domName.call(value);
    return true;
  } catch {
    return false;
  }
}

/** Objects that are more than their properties, and exist in one process only. */
const FOREIGN: readonly (readonly [(value: unknown) => boolean, string])[] = [
  [types.isProxy, "Proxy"],
  [types.isPromise, "Promise"],
  [types.isWeakMap, "WeakMap"],
  [types.isWeakSet, "WeakSet"],
  [types.isSharedArrayBuffer, "SharedArrayBuffer"],
  [types.isGeneratorObject, "Generator"],
  [isExternal, "External"],
  [types.isModuleNamespaceObject, "Module"],
  [types.isMapIterator, "Map Iterator"],
  [types.isSetIterator, "Set Iterator"],
  [types.isArgumentsObject, "Arguments"],
  [types.isSymbolObject, "Symbol"],
  [types.isAnyArrayBuffer, "resizable ArrayBuffer"],
];

/** Returns the type name of a foreign object without reading anything from it, which could run its code. */
export function foreignType(value: object): string {
  return FOREIGN.find(([is]) => is(value))?.[1] ?? "Object";
}

const ERROR_TYPES = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError];
const VIEW_TYPES = [
  ...[DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
  ...[(globalThis as { Float16Array?: Function }).Float16Array ?? []].flat(),
];
const BOXED_TYPES = [Number, String, Boolean, BigInt];

const BUILT_IN = new Map<object, string>(
  [
    ...[Object, Array, Map, Set, Date, RegExp, ArrayBuffer, Buffer, ...BOXED_TYPES],
    ...[...ERROR_TYPES, DOMException, ...VIEW_TYPES],
  ].map((type) => [type.prototype as object, type.name]),
);
const NAMES: ReadonlySet<string> = new Set(BUILT_IN.values());
const ERROR_NAMES: ReadonlySet<string> = new Set(ERROR_TYPES.map(({ name }) => name));

/** Returns the name of the built-in class of a prototype. The `Object` of another realm counts as the same. */
export function builtIn(prototype: object): string | undefined {
  const known = BUILT_IN.get(prototype);
  if (known !== undefined || Object.getPrototypeOf(prototype) !== null) return known;
  return (prototype.constructor as Function | undefined)?.name === "Object" ? "Object" : undefined;
}

/** Returns the class name of a prototype of another realm (`node:vm`), if this realm has a class with the same name. */
export function otherRealmType(prototype: object): string | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof type !== "function" || BUILT_IN.has(prototype)) return undefined;
  const name: unknown = Object.getOwnPropertyDescriptor(type, "name")?.value;
  const isNative = typeof name === "string" && NAMES.has(name) && type.prototype === prototype;
  return isNative && sourceOf.call(type).includes("[native code]") ? (name as string) : undefined;
}

const sourceOf = Function.prototype.toString;

/** Returns the built-in class that creates objects with these internal slots. */
export function insideOf(value: object, kind: Kind): string {
  if (kind === "view") return viewType(value);
  if (kind === "boxed") return BOXED_TYPES.find((_, i) => IS_BOXED[i]!(value))!.name;
  if (kind === "error") {
    if (domOf(value) !== undefined) return "DOMException";
    return types.isNativeError(value) ? "Error" : "Object";
  }
  return INSIDES[kind] ?? "Object";
}

const IS_BOXED = [types.isNumberObject, types.isStringObject, types.isBooleanObject, types.isBigIntObject];
const INSIDES: Partial<Record<Kind, string>> = {
  ...{ array: "Array", map: "Map", set: "Set", date: "Date", regexp: "RegExp", buffer: "ArrayBuffer" },
};

/** Tells if objects of a built-in class have these internal slots. */
export function isInside(type: string, inside: string): boolean {
  if (type === "Buffer") return inside === "Uint8Array";
  return type === inside || (inside === "Error" && ERROR_NAMES.has(type));
}

/** V8 reserves the maximum memory of a resizable buffer when it is read. */
function isResizable(buffer: ArrayBuffer): boolean {
  return (buffer as { resizable?: boolean }).resizable === true;
}

/** Returns the name of the nearest built-in class that an error extends; undefined if there is none. */
export function nearestError(prototype: object | null): string | undefined {
  for (let p = prototype; p !== null; p = Object.getPrototypeOf(p) as object | null) {
    const name = BUILT_IN.get(p) ?? otherRealmType(p);
    if (name !== undefined && ERROR_NAMES.has(name)) return name;
  }
  return undefined;
}

/** Returns the names of an array's own properties that are not indices: the last of its keys. */
export function extraArrayKeys(keys: readonly string[], length: number): readonly string[] {
  let first = keys.length;
  while (first > 0 && !isIndex(keys[first - 1]!, length)) first--;
  return first === keys.length ? NONE : keys.slice(first);
}

const NONE: readonly string[] = [];

function isIndex(key: string, length: number): boolean {
  const code = key.charCodeAt(0);
  if (code < 48 || code > 57) return false;
  const index = Number(key);
  return index < length && String(index) === key;
}

/** Returns the segment for a key of a Map in the path into a value. */
export function pathSegment(key: unknown): string | number {
  return typeof key === "string" || typeof key === "number" ? key : typeof key;
}

/** Maximum number of printed keys: of a longer path, the beginning and the end are printed. */
const MAX_PRINTED_KEYS = 12;

/** Formats a path as `.hits[2]["a b"]`. */
export function printPath(path: readonly (string | number)[]): string {
  if (path.length <= MAX_PRINTED_KEYS) return path.map(printKey).join("");
  const [first, last] = [path.slice(0, MAX_PRINTED_KEYS / 2), path.slice(-MAX_PRINTED_KEYS / 2)];
  const left = (path.length - MAX_PRINTED_KEYS).toLocaleString("en");
  return `${first.map(printKey).join("")}...(${left} more)...${last.map(printKey).join("")}`;
}

function printKey(key: string | number): string {
  return typeof key === "string" && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}

/** Sets a property as data, even if it is named `__proto__`. */
export function definePlainProperty(object: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else (object as Record<string, unknown>)[key] = value;
}

/** Built-in iteration of a Map and a Set: a subclass may override it with its own code. */
export function entriesOf(map: Map<unknown, unknown>): IterableIterator<[unknown, unknown]> {
  return mapEntries.call(map);
}
export function itemsOf(set: Set<unknown>): IterableIterator<unknown> {
  return setValues.call(set);
}
/** Returns the number of entries of a Map, or of items of a Set. */
export function sizeOf(value: Map<unknown, unknown> | Set<unknown>): number {
  return types.isMap(value) ? mapSize.call(value) : setSize.call(value);
}
const sizeIn = (prototype: object) =>
  Object.getOwnPropertyDescriptor(prototype, "size")!.get as (this: object) => number;
const mapSize = sizeIn(Map.prototype);
const setSize = sizeIn(Set.prototype);
const mapEntries: (this: Map<unknown, unknown>) => IterableIterator<[unknown, unknown]> = Map.prototype.entries;
const setValues: (this: Set<unknown>) => IterableIterator<unknown> = Set.prototype.values;

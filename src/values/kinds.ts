import { types } from "node:util";

/** What an object is by what it is made of, whatever its class. */
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

const KINDS = new Map<object, Kind>([
  [Object.prototype, "record"],
  [Array.prototype, "array"],
  [Map.prototype, "map"],
  [Set.prototype, "set"],
  [Date.prototype, "date"],
]);

/** The kind of an object. Its prototype answers for most. */
export function kindOf(value: object, prototype: object | null): Kind {
  if (prototype !== null) {
    const known = KINDS.get(prototype);
    if (known !== undefined) return known;
  }
  if (Array.isArray(value)) return "array";
  if (ArrayBuffer.isView(value)) return "view";
  if (types.isNativeError(value) || value instanceof Error) return "error";
  if (types.isMap(value)) return "map";
  if (types.isSet(value)) return "set";
  if (types.isDate(value)) return "date";
  if (types.isRegExp(value)) return "regexp";
  if (types.isArrayBuffer(value)) return isResizable(value) ? "foreign" : "buffer";
  if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? "foreign" : "boxed";
  return FOREIGN.some(([is]) => is(value)) ? "foreign" : "record";
}

/** What has more to it than its properties, and lives in one process only. */
const FOREIGN: readonly (readonly [(value: unknown) => boolean, string])[] = [
  [types.isProxy, "Proxy"],
  [types.isPromise, "Promise"],
  [types.isWeakMap, "WeakMap"],
  [types.isWeakSet, "WeakSet"],
  [types.isSharedArrayBuffer, "SharedArrayBuffer"],
  [types.isGeneratorObject, "Generator"],
  [types.isExternal, "External"],
  [types.isModuleNamespaceObject, "Module"],
  [types.isMapIterator, "Map Iterator"],
  [types.isSetIterator, "Set Iterator"],
  [types.isArgumentsObject, "Arguments"],
  [types.isSymbolObject, "Symbol"],
  [types.isAnyArrayBuffer, "resizable ArrayBuffer"],
];

/** What a foreign object is called. Nothing of the object's own is asked: that could run its code. */
export function foreignType(value: object): string {
  return FOREIGN.find(([is]) => is(value))?.[1] ?? "Object";
}

const BUILT_IN = new Map<object, string>(
  [
    ...[Object, Array, Map, Set, Date, RegExp, ArrayBuffer, DataView, Buffer],
    ...[Number, String, Boolean, BigInt],
    ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError, DOMException],
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...[(globalThis as { Float16Array?: Function }).Float16Array ?? []].flat(),
  ].map((type) => [type.prototype as object, type.name]),
);

/** The name of the language's own class that a prototype belongs to. Another realm's `Object` counts as ours. */
export function builtIn(prototype: object): string | undefined {
  const known = BUILT_IN.get(prototype);
  if (known !== undefined || Object.getPrototypeOf(prototype) !== null) return known;
  return (prototype.constructor as Function | undefined)?.name === "Object" ? "Object" : undefined;
}

/** V8 takes the memory that one may grow to when it is read. */
function isResizable(buffer: ArrayBuffer): boolean {
  return (buffer as { resizable?: boolean }).resizable === true;
}

/** The name of the nearest class of the language that an error's prototype extends. */
export function builtInAncestor(prototype: object): string {
  for (let p: object | null = prototype; p !== null; p = Object.getPrototypeOf(p) as object | null) {
    const name = builtIn(p);
    if (name !== undefined && name !== "Object") return name;
  }
  return "Error";
}

/** What an error keeps in properties that are not enumerable. */
export const ERROR_KEYS: readonly string[] = ["message", "stack", "cause", "errors"];

/** The names of an array's own properties that are no indices: the last of its keys. */
export function namesBeyondIndices(keys: readonly string[], length: number): readonly string[] {
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

/** What a key of a Map is called in the path into a value. */
export function pathKey(key: unknown): string | number {
  return typeof key === "string" || typeof key === "number" ? key : typeof key;
}

/** A longer path is printed by its beginning and its end. */
const MAX_PRINTED_KEYS = 12;

/** `.hits[2]["a b"]` */
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

/** Sets a property, also one named `__proto__`, as data. */
export function setData(object: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else (object as Record<string, unknown>)[key] = value;
}

/** The language's own ways through a Map and a Set: a subclass may have others, which are its code. */
export function entriesOf(map: Map<unknown, unknown>): IterableIterator<[unknown, unknown]> {
  return mapEntries.call(map);
}
export function itemsOf(set: Set<unknown>): IterableIterator<unknown> {
  return setValues.call(set);
}
const mapEntries: (this: Map<unknown, unknown>) => IterableIterator<[unknown, unknown]> = Map.prototype.entries;
const setValues: (this: Set<unknown>) => IterableIterator<unknown> = Set.prototype.values;

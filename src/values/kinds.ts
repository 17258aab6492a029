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
  if (types.isArrayBuffer(value)) return "buffer";
  if (types.isBoxedPrimitive(value)) return "boxed";
  return FOREIGN.some((is) => is(value)) ? "foreign" : "record";
}

/** What has more to it than its properties, and lives in one process only. */
const FOREIGN = [
  types.isPromise,
  types.isWeakMap,
  types.isWeakSet,
  types.isProxy,
  types.isSharedArrayBuffer,
  types.isGeneratorObject,
  types.isExternal,
  types.isModuleNamespaceObject,
  types.isMapIterator,
  types.isSetIterator,
];

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

/** `.hits[2]["a b"]` */
export function printPath(path: readonly (string | number)[]): string {
  return path
    .map((key) =>
      typeof key === "string" && /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`,
    )
    .join("");
}

/** Sets a property, also one named `__proto__`, as data. */
export function setData(object: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else (object as Record<string, unknown>)[key] = value;
}

import { inspect, isDeepStrictEqual, types } from "node:util";
import { extraArrayKeys, type Kind } from "./object-kinds.js";
import { UnserialisableError } from "./unserialisable.js";
import { bufferOf, bytesOf, typedArrayType, viewLength, viewType } from "./views.js";

/** The own properties of a value beyond those of its kind. */
export interface OwnProperties {
  /** For an array: the indices that are not holes; undefined if there are no holes. */
  readonly indices: readonly string[] | undefined;
  /** Names of its enumerable properties, in order. */
  readonly names: readonly string[];
  /** Names of its other properties. */
  readonly hidden: readonly string[];
  /** Attributes of each, as letters of `LETTERS` in property order. Empty if all are those of assigned properties. */
  readonly order: string;
  /** Integrity level: not extensible (1), sealed (2) or frozen (3). */
  readonly integrity: number;
}

/**
 * A property's attributes as a letter, whose index is the sum of 1 for not enumerable, 2 for not writable, and 4 for
 * not configurable. Attributes that all properties of a sealed or frozen object have are not counted.
 */
export const LETTERS = "vhrstuwx";

/** Returns the attributes of an existing property. An accessor counts as its value, and as writable. */
export function attributesOf(object: object, name: string, integrity = 0): number {
  const { writable, configurable } = descriptorOf(object, name);
  const lasting = configurable === false && integrity < SEALED ? 4 : 0;
  return (isEnumerable.call(object, name) ? 0 : 1) + (writable === false && integrity < FROZEN ? 2 : 0) + lasting;
}

/** V8 creates an error's stack when it is first read, and may fail. */
function descriptorOf(object: object, name: string): PropertyDescriptor {
  try {
    return Object.getOwnPropertyDescriptor(object, name)!;
  } catch (error) {
    if (name === "stack") return {};
    throw error;
  }
}

const SEALED = 2;
const FROZEN = 3;

/** Tells if all of some properties are writable and configurable. */
function areFree(object: object, names: readonly PropertyKey[], count = names.length): boolean {
  for (let i = 0; i < count; i++) {
    const { writable, configurable } = Object.getOwnPropertyDescriptor(object, names[i]!)!;
    if (writable === false || configurable === false) return false;
  }
  return true;
}

/** Returns the names of a plain object's properties, if it has nothing else. */
export function plainNames(value: object): readonly string[] | undefined {
  const names = Object.keys(value);
  // There are neither hidden properties nor symbols: Reflect.ownKeys() would return both in three times the time.
  const isAll =
    Object.getOwnPropertyNames(value).length === names.length && Object.getOwnPropertySymbols(value).length === 0;
  return isAll && Object.isExtensible(value) && areFree(value, names) ? names : undefined;
}

/** Maximum length of an array whose names are all read; V8 creates a string for each index. */
const SHORT = 24;

/** Returns the elements of an array, if it has nothing else: no holes, and no hidden ones. */
export function plainItems(value: readonly unknown[]): readonly unknown[] | undefined {
  const { length } = value;
  if (!Object.isExtensible(value) || !hasElementsOnly(value)) return undefined;
  if (length === 0) return value;
  try {
    // V8 returns the enumerable ones without creating strings for the indices.
    const items = Object.values(value);
    return items.length === length ? items : undefined;
  } catch {
    // A getter threw. The reader of its value reports the path.
    return undefined;
  }
}

function hasElementsOnly(value: readonly unknown[]): boolean {
  const { length } = value;
  if (!isWritable(value, "length")) return false;
  if (length > SHORT) return inspect(value, BEYOND_INDICES) === `[ ... ${length} more items, [length]: ${length} ]`;
  const keys = Reflect.ownKeys(value);
  // Indices come first: there may be as many names as holes.
  return keys.length === length + 1 && keys[length] === "length" && areFree(value, keys, length);
}

/** `inspect` reads properties beyond indices without creating strings for the indices. Nothing else in Node does. */
const BEYOND_INDICES = {
  showHidden: true,
  customInspect: false,
  maxArrayLength: 0,
  maxStringLength: 0,
  depth: 0,
  breakLength: Number.POSITIVE_INFINITY,
} as const;

/**
 * Returns the own properties of an object, all of which belong to its value.
 *
 * @param isLenient ignores symbol keys.
 * @throws {UnserialisableError} for a symbol key.
 */
export function ownProperties(value: object, kind: Kind, isLenient = false): OwnProperties {
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined && !isLenient) {
    throw new UnserialisableError(
      `it has a property whose key is a symbol, ${String(symbol)}`,
      "Use a string for the key, or leave the property out.",
    );
  }
  const integrity = integrityOf(value);
  const length = indexCount(value, kind);
  if (kind === "view" && length > SHORT && !hasNames(value as Uint8Array)) {
    return { indices: undefined, names: [], hidden: [], order: "", integrity };
  }
  const keys = Object.keys(value);
  const all = Object.getOwnPropertyNames(value);
  const names = extraArrayKeys(keys, length);
  const shown = keys.length - names.length;
  const indices = kind === "array" && shown < length ? keys.slice(0, shown) : undefined;
  const native = nativeName(value, kind);
  if (!isLenient) assertFree(value, kind, all, integrity);
  const attributes = ownNames(value, kind).map((name) => attributesOf(value, name, integrity));
  const hasAll = all.length === keys.length + (native === undefined ? 0 : 1);
  if (hasAll && attributes.every((each) => each === 0)) return { indices, names, hidden: [], order: "", integrity };
  const isHidden = (name: string) => name !== native && !isEnumerable.call(value, name);
  const order = attributes.map((each) => LETTERS[each]).join("");
  return { indices, names, hidden: all.filter(isHidden), order, integrity };
}

/**
 * @throws {UnserialisableError} if an element of an array, its length, or the lastIndex of a RegExp is fixed and the
 * others are not: a copy can't represent that.
 */
function assertFree(value: object, kind: Kind, names: readonly string[], integrity: number): void {
  const native = kind === "boxed" ? undefined : nativeName(value, kind);
  let fixed = native !== undefined && integrity < FROZEN && !isWritable(value, native) ? native : undefined;
  if (kind === "array") {
    for (const name of names.slice(0, names.length - extraArrayKeys(names, indexCount(value, kind)).length)) {
      if (attributesOf(value, name, integrity) > 1) fixed ??= name;
    }
  }
  if (fixed === undefined) return;
  throw new UnserialisableError(
    `its property ${JSON.stringify(fixed)} can't be written or deleted, while others can`,
    "Freeze the whole of it with Object.freeze(), or leave the property as it is.",
  );
}

function isWritable(value: object, name: string): boolean {
  return Object.getOwnPropertyDescriptor(value, name)!.writable !== false;
}

/** Returns the names of an object's own properties beyond those of its kind, hidden or not, in order. */
export function ownNames(value: object, kind: Kind): string[] {
  const native = nativeName(value, kind);
  const names = extraArrayKeys(Object.getOwnPropertyNames(value), indexCount(value, kind));
  return names.filter((name) => name !== native);
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

/** Returns the number of leading properties that are elements. */
function indexCount(value: object, kind: Kind): number {
  if (kind === "array") return (value as unknown[]).length;
  if (kind === "view") return viewLength(value);
  return kind === "boxed" && types.isStringObject(value) ? String.prototype.valueOf.call(value).length : 0;
}

/** Returns the hidden property that the language itself defines. */
function nativeName(value: object, kind: Kind): string | undefined {
  if (kind === "array" || (kind === "boxed" && types.isStringObject(value))) return "length";
  return kind === "regexp" ? "lastIndex" : undefined;
}

/** Returns 1 for an object that is not extensible, 2 for a sealed one, 3 for a frozen one; otherwise 0. */
export function integrityOf(value: object): number {
  if (Object.isExtensible(value)) return 0;
  // V8 calls an array without elements frozen although its length can be written.
  if (Object.isFrozen(value) && (!Array.isArray(value) || !isWritable(value, "length"))) return FROZEN;
  return Object.isSealed(value) ? SEALED : 1;
}

/**
 * Tells if a view is a typed array of a built-in class, with nothing but its elements. The names of a long one are not
 * read, since V8 would create a string for each element.
 */
export function isPlainView(value: object, prototype: object): boolean {
  const type = INTRINSIC.get(prototype);
  if (type === undefined || typedArrayType(value) !== type || !Object.isExtensible(value)) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const length = viewLength(value);
  if (length > SHORT) return true;
  // The memory of an empty one may have been transferred.
  return length > 0 && Object.getOwnPropertyNames(value).length === length;
}

const INTRINSIC: ReadonlyMap<object, string> = new Map(
  [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...[(globalThis as { Float16Array?: Function }).Float16Array ?? []].flat(),
  ].map((type) => [type.prototype as object, type.name]),
);

/**
 * With enumerable properties beyond its elements, a typed array differs from another one over the same memory. The
 * names of all its elements would come first.
 */
function hasNames(view: Uint8Array): boolean {
  const type = (globalThis as unknown as Record<string, typeof Uint8Array>)[viewType(view)]!;
  const bare = new type(bufferOf(view) as ArrayBuffer, bytesOf(view).byteOffset, viewLength(view));
  return !isDeepStrictEqual(view, Object.setPrototypeOf(bare, Object.getPrototypeOf(view)));
}

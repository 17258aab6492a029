import { inspect, isDeepStrictEqual, types } from "node:util";
import { extraArrayKeys, type Kind } from "./object-kinds.js";
import { UnserialisableError } from "./unserialisable.js";
import { bufferOf, bytesOf, typedArrayType, viewLength, viewType } from "./views.js";

/** The own properties that a value has besides what its kind is made of. */
export interface OwnProperties {
  /** Of an array: the indices that are not holes. Undefined: all of them. */
  readonly indices: readonly string[] | undefined;
  /** The names of its enumerable properties, in their order. */
  readonly names: readonly string[];
  /** The names of those that are not enumerable. */
  readonly hidden: readonly string[];
  /** The attributes of each, a letter of `LETTERS` in the order in which they stand. Empty if all are what assigning makes them. */
  readonly order: string;
  /** Whether it was kept from growing (1), sealed (2) or frozen (3). */
  readonly integrity: number;
}

/**
 * A property's attributes as a letter: the number of its place is the sum of 1 for not enumerable, 2 for not writable, 4 for not
 * configurable. Those that all properties of a sealed or frozen object lack are not counted.
 */
export const LETTERS = "vhrstuwx";

/** The attributes of a property that is there. An accessor counts as the value that it gives: as one that can be written. */
export function attributesOf(object: object, name: string, integrity = 0): number {
  const { writable, configurable } = descriptorOf(object, name);
  const lasting = configurable === false && integrity < SEALED ? 4 : 0;
  return (isEnumerable.call(object, name) ? 0 : 1) + (writable === false && integrity < FROZEN ? 2 : 0) + lasting;
}

/** V8 makes an error's stack when it is first looked at, and may fail in that. */
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

/** Whether each of some properties may be written and deleted. */
function areFree(object: object, names: readonly PropertyKey[], count = names.length): boolean {
  for (let i = 0; i < count; i++) {
    const { writable, configurable } = Object.getOwnPropertyDescriptor(object, names[i]!)!;
    if (writable === false || configurable === false) return false;
  }
  return true;
}

/** The names of a plain object's properties, if there is nothing more to it than these. */
export function plainNames(value: object): readonly string[] | undefined {
  const names = Object.keys(value);
  // Neither hidden ones nor symbols: Reflect.ownKeys() would tell both in three times the time.
  const isAll =
    Object.getOwnPropertyNames(value).length === names.length && Object.getOwnPropertySymbols(value).length === 0;
  return isAll && Object.isExtensible(value) && areFree(value, names) ? names : undefined;
}

/** Up to this length all names of an array are looked at; V8 makes a string of each index. */
const SHORT = 24;

/** The elements of an array, if there is nothing more to it than these: no holes, and none is hidden. */
export function plainItems(value: readonly unknown[]): readonly unknown[] | undefined {
  const { length } = value;
  if (!Object.isExtensible(value) || !hasElementsOnly(value)) return undefined;
  if (length === 0) return value;
  try {
    // V8 gives the enumerable ones without making strings of the indices.
    const items = Object.values(value);
    return items.length === length ? items : undefined;
  } catch {
    // A getter threw. Whoever reads it for its value names its place.
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

/** `inspect` sees properties beyond indices without making strings of the indices. Nothing else in Node does. */
const BEYOND_INDICES = {
  showHidden: true,
  customInspect: false,
  maxArrayLength: 0,
  maxStringLength: 0,
  depth: 0,
  breakLength: Number.POSITIVE_INFINITY,
} as const;

/**
 * The own properties of an object, all of which belong to its value.
 *
 * @param isLenient whether a symbol for a key is passed over.
 * @throws {UnserialisableError} if one has a symbol for its key.
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
 * @throws {UnserialisableError} if an element of an array, its length, or the lastIndex of a RegExp is fixed where the others are not:
 * what holds them in a copy can't be told from others.
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

/** The names of an object's own properties besides what its kind is made of, hidden or not, in their order. */
export function ownNames(value: object, kind: Kind): string[] {
  const native = nativeName(value, kind);
  const names = extraArrayKeys(Object.getOwnPropertyNames(value), indexCount(value, kind));
  return names.filter((name) => name !== native);
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

/** How many of its first properties are elements. */
function indexCount(value: object, kind: Kind): number {
  if (kind === "array") return (value as unknown[]).length;
  if (kind === "view") return viewLength(value);
  return kind === "boxed" && types.isStringObject(value) ? String.prototype.valueOf.call(value).length : 0;
}

/** What the language itself keeps in a property that is not enumerable. */
function nativeName(value: object, kind: Kind): string | undefined {
  if (kind === "array" || (kind === "boxed" && types.isStringObject(value))) return "length";
  return kind === "regexp" ? "lastIndex" : undefined;
}

/** 1 for an object that can't grow, 2 for a sealed one, 3 for a frozen one; else 0. */
export function integrityOf(value: object): number {
  if (Object.isExtensible(value)) return 0;
  if (Object.isFrozen(value)) return 3;
  return Object.isSealed(value) ? 2 : 1;
}

/**
 * Whether a view is a typed array of one of the language's own classes, with nothing more to it than its elements. Names
 * of a long one are not looked for: its elements have names, too, and V8 would make a string of each.
 */
export function isPlainView(value: object, prototype: object): boolean {
  const type = INTRINSIC.get(prototype);
  if (type === undefined || typedArrayType(value) !== type || !Object.isExtensible(value)) return false;
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const length = viewLength(value);
  if (length > SHORT) return true;
  // An empty one may have been given away with its memory.
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
 * With enumerable properties besides its elements, a typed array differs from another one over the same memory. Names of
 * all its elements would come before.
 */
function hasNames(view: Uint8Array): boolean {
  const type = (globalThis as unknown as Record<string, typeof Uint8Array>)[viewType(view)]!;
  const bare = new type(bufferOf(view) as ArrayBuffer, bytesOf(view).byteOffset, viewLength(view));
  return !isDeepStrictEqual(view, Object.setPrototypeOf(bare, Object.getPrototypeOf(view)));
}

import { inspect, isDeepStrictEqual, types } from "node:util";
import { CannotTravel } from "./cannot-travel.js";
import { ERROR_KEYS, type Kind, namesBeyondIndices } from "./kinds.js";

/** The own properties that a value has besides what its kind is made of. */
export interface OwnProperties {
  /** Of an array: the indices that are not holes. Undefined: all of them. */
  readonly indices: readonly string[] | undefined;
  /** The names of its enumerable properties, in their order. */
  readonly names: readonly string[];
  /** The names of those that are not enumerable. */
  readonly hidden: readonly string[];
  /** Whether it was kept from growing (1), sealed (2) or frozen (3). */
  readonly integrity: number;
}

/** The names of a plain object's properties, if there is nothing more to it than these. */
export function plainNames(value: object): readonly string[] | undefined {
  const names = Object.keys(value);
  const isPlain =
    Object.getOwnPropertyNames(value).length === names.length &&
    Object.getOwnPropertySymbols(value).length === 0 &&
    Object.isExtensible(value);
  return isPlain ? names : undefined;
}

/** Up to this length all names of an array are looked at; V8 makes a string of each index. */
const SHORT = 24;

/** Whether there is nothing more to an array than its elements, without holes. */
export function isPlainArray(value: readonly unknown[]): boolean {
  const { length } = value;
  if (!Object.isExtensible(value)) return false;
  if (length > SHORT) return hasElementsOnly(value) && !hasHoles(value);
  const keys = Reflect.ownKeys(value);
  // Indices come first: there may be as many names as holes.
  return keys.length === length + 1 && keys[length] === "length";
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

function hasElementsOnly(value: readonly unknown[]): boolean {
  const { length } = value;
  return inspect(value, BEYOND_INDICES) === `[ ... ${length} more items, [length]: ${length} ]`;
}

function hasHoles(value: readonly unknown[]): boolean {
  for (let i = 0; i < value.length; i++) if (value[i] === undefined && !Object.hasOwn(value, i)) return true;
  return false;
}

/**
 * The own properties of an object, all of which belong to its value.
 *
 * @throws {CannotTravel} if one has a symbol for its key.
 */
export function ownProperties(value: object, kind: Kind): OwnProperties {
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined) {
    throw new CannotTravel(
      `it has a property whose key is a symbol, ${String(symbol)}`,
      "Use a string for the key, or leave the property out.",
    );
  }
  const integrity = integrityOf(value);
  if (kind === "view") return { ...viewNames(value as ArrayBufferView), indices: undefined, integrity };
  const keys = Object.keys(value);
  const all = Object.getOwnPropertyNames(value);
  const length = kind === "array" ? (value as unknown[]).length : value instanceof String ? value.length : -1;
  const names = length < 0 ? keys : namesBeyondIndices(keys, length);
  const isSparse = kind === "array" && keys.length - names.length < length;
  const hidden = all.length === keys.length ? [] : hiddenNames(value, kind, all);
  return { indices: isSparse ? keys.slice(0, keys.length - names.length) : undefined, names, hidden, integrity };
}

/** What the language itself keeps in properties that are not enumerable. */
const OWN_BY_KIND: Partial<Record<Kind, readonly string[]>> = {
  array: ["length"],
  boxed: ["length"],
  regexp: ["lastIndex"],
  error: ERROR_KEYS,
};

function hiddenNames(value: object, kind: Kind, all: readonly string[]): string[] {
  const own = OWN_BY_KIND[kind] ?? [];
  return all.filter((name) => !own.includes(name) && !Object.prototype.propertyIsEnumerable.call(value, name));
}

function integrityOf(value: object): number {
  if (Object.isExtensible(value)) return 0;
  if (Object.isFrozen(value)) return 3;
  return Object.isSealed(value) ? 2 : 1;
}

/**
 * Whether a view is a typed array of one of the language's own classes, with nothing more to it than its elements. Names
 * of a long one are not looked for: its elements have names, too, and V8 would make a string of each.
 */
export function isPlainView(value: object, prototype: object): boolean {
  if (!INTRINSIC.has(prototype) || !Object.isExtensible(value)) return false;
  return (value as Uint8Array).length > SHORT
    ? Object.getOwnPropertySymbols(value).length === 0
    : Object.getOwnPropertyNames(value).length === (value as Uint8Array).length;
}

const INTRINSIC: ReadonlySet<object> = new Set(
  [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...[(globalThis as { Float16Array?: Function }).Float16Array ?? []].flat(),
  ].map((type) => type.prototype as object),
);

/** A typed array's names come after those of all its elements, so they are looked for only where there are any. */
function viewNames(view: ArrayBufferView): { names: readonly string[]; hidden: readonly string[] } {
  const length = types.isTypedArray(view) ? view.length : 0;
  if (length > SHORT && !hasNames(view as Uint8Array)) return { names: [], hidden: [] };
  const names = namesBeyondIndices(Object.keys(view), length);
  const all = Object.getOwnPropertyNames(view);
  return { names, hidden: all.length === length + names.length ? [] : hiddenNames(view, "view", all.slice(length)) };
}

/** With enumerable properties besides its elements, a typed array differs from another one over the same memory. */
function hasNames(view: Uint8Array): boolean {
  const type = (globalThis as unknown as Record<string, typeof Uint8Array>)[viewType(view)]!;
  const bare = new type(view.buffer as ArrayBuffer, view.byteOffset, view.length);
  return !isDeepStrictEqual(view, Object.setPrototypeOf(bare, Object.getPrototypeOf(view)));
}

const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!.get!;

/** The name of the language's typed array class that a view's elements are of: `Float32Array`. */
export function viewType(view: ArrayBufferView): string {
  return (typedArrayName.call(view) as string | undefined) ?? "DataView";
}

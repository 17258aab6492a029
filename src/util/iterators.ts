import { showValue } from "./show-value.js";

/** Result of reading an iterator: its elements, or the error that it threw. */
type Reading = { readonly elements: readonly unknown[] } | { readonly error: unknown };

const readings = new WeakMap<object, Reading>();

/**
 * Tells if an object is only an iterable, perhaps one that can be read once: a generator object, an iterator of a Map
 * or a Set, `{ [Symbol.iterator]() { ... } }`. Arrays, Sets, Maps and instances of classes are more than that.
 */
export function isBareIterable(value: object): value is Iterable<unknown> {
  try {
    if (Array.isArray(value)) return false;
    const { [Symbol.iterator]: iterate, next } = value as { [Symbol.iterator]?: unknown; next?: unknown };
    return typeof iterate === "function" && (typeof next === "function" || Object.hasOwn(value, Symbol.iterator));
  } catch {
    // A proxy whose traps throw.
    return false;
  }
}

/** Tells if a value is an iterable object. Strings are excluded: iterating over characters is a mistake. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== "object" || value === null || value instanceof String) return false;
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
}

/**
 * Returns the elements of an iterable in a new array. An iterator is read once per process: later readers get the same
 * elements, or the same error.
 *
 * @throws any error of the iterable.
 */
export function readIterable(iterable: Iterable<unknown>): unknown[] {
  if (Array.isArray(iterable) || iterable instanceof Set || iterable instanceof Map) return [...iterable];
  const iterator: unknown = iterable[Symbol.iterator]();
  if (typeof iterator !== "object" || iterator === null) {
    throw new TypeError(`its [Symbol.iterator]() returned ${showValue(iterator)}, which is not an iterator`);
  }
  let reading = readings.get(iterator);
  if (reading === undefined) {
    reading = read(iterator as Iterator<unknown>);
    readings.set(iterator, reading);
  }
  if ("error" in reading) throw reading.error;
  return reading.elements.slice();
}

function read(iterator: Iterator<unknown>): Reading {
  try {
    return { elements: [...{ [Symbol.iterator]: () => iterator }] };
  } catch (error) {
    return { error };
  }
}

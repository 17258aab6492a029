import { expect } from "chai";
import fc from "fast-check";
import { decode, type EncodeOptions, encode, model, ValueError } from "../../src/index.js";

@model({ name: "walk/Vector" })
export class Vector extends Float32Array {
  label?: string;
}
@model({ name: "walk/Point" })
export class Point {
  [name: string]: unknown;
}
@model({ name: "walk/Table" })
export class Table extends Map<unknown, unknown> {
  // A subclass may go through itself in its own way: that is no part of the value.
  override *[Symbol.iterator](): MapIterator<[unknown, unknown]> {}
}
@model({ name: "walk/Failure" })
export class Failure extends TypeError {}
export class Unknown extends RangeError {}

/** Makes a value anew each time: so two values can be equal and share nothing. */
export type Recipe = () => unknown;

export const again = <T>(value: T, options?: EncodeOptions): T => decode(encode(value, options)) as T;
export const faultIn = (act: () => unknown): ValueError => {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(ValueError);
    return error as ValueError;
  }
  throw new Error("nothing was thrown");
};

const NAMES = fc.constantFrom("a", "b", "0", "7", "__proto__", "length", "constructor", "name", "message", "size");
const LEAVES: fc.Arbitrary<Recipe> = fc.oneof(
  fc
    .constantFrom<unknown>(
      0,
      -0,
      1,
      Number.NaN,
      "",
      "a",
      "0",
      "1",
      "שלום",
      "\ud800",
      true,
      false,
      null,
      undefined,
      1n,
      -1n,
    )
    .map((value) => () => value),
  fc.constantFrom(0, 1, Number.NaN).map((ms) => () => new Date(ms)),
  fc.tuple(fc.constantFrom("a", "b+"), fc.constantFrom("", "g", "y"), fc.constantFrom(0, 1)).map(
    ([source, flags, lastIndex]) =>
      () =>
        Object.assign(new RegExp(source, flags), { lastIndex }),
  ),
  fc.tuple(fc.constantFrom(Uint8Array, Int8Array, Float64Array, Buffer, DataView), fc.constantFrom(0, 8)).map(
    ([type, size]) =>
      () =>
        type === Buffer ? Buffer.alloc(size, 1) : new (type as Uint8ArrayConstructor)(new ArrayBuffer(size)),
  ),
  fc.constantFrom(0, 3).map((size) => () => new ArrayBuffer(size)),
  fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("Error", "AbortError")).map(
    ([message, name]) =>
      () =>
        new DOMException(message, name),
  ),
);

export const define = (object: object, name: string, value: unknown, enumerable: boolean): object =>
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true });

/** An element, or what the language keeps in a property; an accessor would become a value. */
function isNative(value: object, name: string): boolean {
  if (name === "stack" || Object.getOwnPropertyDescriptor(value, name)!.get !== undefined) return true;
  if (name === "length" || name === "lastIndex")
    return Array.isArray(value) || value instanceof RegExp || value instanceof String;
  return /^\d+$/.test(name) && (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String);
}

export const RECIPES: fc.Arbitrary<Recipe> = fc.letrec<{ value: Recipe; bare: Recipe }>((tie) => {
  const entries = fc.array(fc.tuple(NAMES, tie("value"), fc.boolean()), { maxLength: 3 });
  const values = fc.array(tie("value"), { maxLength: 3 });
  const withFields = (made: () => object, fields: [string, Recipe, boolean][]): object => {
    const object = made();
    for (const [name, recipe, isShown] of fields) {
      if (!Object.hasOwn(object, name)) define(object, name, recipe(), isShown);
    }
    return object;
  };
  return {
    bare: fc.oneof(
      { maxDepth: 3, depthIdentifier: "values" },
      LEAVES,
      entries.map((fields) => () => withFields(() => ({}), fields)),
      entries.map((fields) => () => withFields(() => Object.create(null) as object, fields)),
      entries.map((fields) => () => withFields(() => new Point(), fields)),
      // A getter gives what it gives when the value is taken.
      values.map((recipes) => () => ({
        get made() {
          return recipes.map((recipe) => recipe());
        },
      })),
      fc.tuple(values, fc.constantFrom(-1, -1, 0, 1)).map(([recipes, hidden]) => () => {
        const array = recipes.map((recipe) => recipe());
        return hidden in array ? define(array, String(hidden), array[hidden], false) : array;
      }),
      fc.tuple(fc.constantFrom<unknown>(1, "ab", true, 1n), entries).map(
        ([value, fields]) =>
          () =>
            withFields(() => Object(value) as object, fields),
      ),
      fc
        .tuple(fc.constantFrom(Uint8Array, Buffer, DataView), fc.constantFrom(0, 2), entries)
        .map(([type, size, fields]) => () => {
          const made = () =>
            type === Buffer ? Buffer.alloc(size) : new (type as Uint8ArrayConstructor)(new ArrayBuffer(size));
          return withFields(
            made,
            fields.filter(([name]) => !/\d/.test(name)),
          );
        }),
      fc.tuple(fc.constantFrom("a", "b"), entries).map(
        ([message, fields]) =>
          () =>
            withFields(() => new DOMException(message, "AbortError"), fields),
      ),
      fc
        .tuple(fc.array(fc.option(tie("value"), { nil: undefined }), { maxLength: 4 }), entries)
        .map(([recipes, fields]) => () => {
          const array: unknown[] = [];
          array.length = recipes.length;
          for (const [i, recipe] of recipes.entries()) if (recipe !== undefined) array[i] = recipe();
          return withFields(
            () => array,
            fields.filter(([name]) => name.startsWith("a") || name.startsWith("b")),
          );
        }),
      fc
        .tuple(fc.constantFrom(Map, Table), fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }), entries)
        .map(([type, pairs, fields]) => () => {
          const map = new type();
          for (const [key, value] of pairs) Map.prototype.set.call(map, key(), value());
          return withFields(() => map, fields);
        }),
      values.map((recipes) => () => new Set(recipes.map((recipe) => recipe()))),
      fc.tuple(fc.constantFrom(0, 2, 40), fc.option(fc.constantFrom("cat", "dog"), { nil: undefined })).map(
        ([length, label]) =>
          () =>
            Object.assign(new Vector(length), label === undefined ? {} : { label }),
      ),
      fc
        .tuple(fc.constantFrom(Error, RangeError, Failure, Unknown), fc.constantFrom("", "m"), entries, tie("value"))
        .map(
          ([type, message, fields, cause]) =>
            () =>
              withFields(() => new type(message, { cause: cause() }), fields),
        ),
    ),
    value: fc
      .tuple(
        tie("bare"),
        fc.constantFrom("", "", "", "", "freeze", "seal", "preventExtensions", "hidden", "fixed", "fixed, closed"),
      )
      .map(([recipe, change]) => () => {
        const value = recipe();
        if (typeof value !== "object" || value === null) return value;
        // A typed array with elements can be neither frozen nor, from Node 24 on, sealed.
        const hasElements = ArrayBuffer.isView(value) && value.byteLength > 0;
        if (change === "freeze") return hasElements ? value : Object.freeze(value);
        if (change === "seal") return hasElements ? value : Object.seal(value);
        if (change === "preventExtensions") return Object.preventExtensions(value);
        if (change.startsWith("fixed")) {
          // Each property of a name gets other attributes.
          const fixable = Object.getOwnPropertyNames(value).filter((name) => !isNative(value, name));
          for (const [i, name] of fixable.entries())
            Object.defineProperty(value, name, { writable: i % 2 === 0, configurable: i % 3 === 0 });
          return change === "fixed" ? value : Object.preventExtensions(value);
        }
        return change === "hidden" && Object.isExtensible(value) ? define(value, "kept", 1, false) : value;
      }),
  };
}).value;

import { inspect } from "node:util";
import vm from "node:vm";
import { expect } from "chai";
import fc from "fast-check";
import { decode, digest, type EncodeOptions, encode, model, NodeError, ValueError } from "../../src/index.js";
import { contentOf, contentsOf } from "../../src/values/digest.js";
import { describeValue } from "../support/described-values.js";
import { revoked as revokedProxy } from "../support/revoked.js";

@model({ name: "walk/Vector" })
class Vector extends Float32Array {
  label?: string;
}
@model({ name: "walk/Point" })
class Point {
  [name: string]: unknown;
}
@model({ name: "walk/Table" })
class Table extends Map<unknown, unknown> {
  // A subclass may go through itself in its own way: that is no part of the value.
  override *[Symbol.iterator](): MapIterator<[unknown, unknown]> {}
}
@model({ name: "walk/Failure" })
class Failure extends TypeError {}
class Unknown extends RangeError {}

/** Makes a value anew each time: so two values can be equal and share nothing. */
type Recipe = () => unknown;

const again = <T>(value: T, options?: EncodeOptions): T => decode(encode(value, options)) as T;
const faultIn = (act: () => unknown): ValueError => {
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

const define = (object: object, name: string, value: unknown, enumerable: boolean): object =>
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true });

/** An element, or what the language keeps in a property; an accessor would become a value. */
function isNative(value: object, name: string): boolean {
  if (name === "stack" || Object.getOwnPropertyDescriptor(value, name)!.get !== undefined) return true;
  if (name === "length" || name === "lastIndex")
    return Array.isArray(value) || value instanceof RegExp || value instanceof String;
  return /^\d+$/.test(name) && (Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String);
}

const RECIPES: fc.Arbitrary<Recipe> = fc.letrec<{ value: Recipe; bare: Recipe }>((tie) => {
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

describe("one walk decides what a value is", () => {
  it("counts the value of an element that is not enumerable", () => {
    const hidden = (value: unknown) => Object.defineProperty([0], "0", { value, enumerable: false });
    const digests = [1, 2, "a", /a/, {}, []].map((value) => digest(hidden(value)));
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it("gives two values one digest exactly when their copies are the same to a program (property)", () => {
    fc.assert(
      fc.property(RECIPES, RECIPES, (first, second) => {
        const [a, b] = [first(), second()];
        const isOne = describeValue(again(a)) === describeValue(again(b));
        expect(digest(a) === digest(b)).to.equal(isOne);
        expect(digest(first())).to.equal(digest(a));
      }),
      { numRuns: 3_000 },
    );
  });

  it("gives one to values that are near each other only if they are equal (property)", () => {
    // Short values of few kinds meet often.
    const small = fc.letrec<{ value: Recipe }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>(1, "1", undefined).map((value) => () => value),
        fc.array(tie("value"), { maxLength: 2 }).map((all) => () => all.map((make) => make())),
        fc.array(tie("value"), { maxLength: 2 }).map((all) => () => new Set(all.map((make) => make()))),
        fc
          .array(fc.tuple(tie("value"), tie("value")), { maxLength: 2 })
          .map((all) => () => new Map(all.map(([key, value]) => [key(), value()] as const))),
        fc
          .array(fc.tuple(fc.constantFrom("a", "b"), tie("value")), { maxLength: 2 })
          .map((all) => () => Object.fromEntries(all.map(([name, value]) => [name, value()]))),
        fc.tuple(tie("value"), fc.constantFrom(1, 2)).map(([make, holes]) => () => {
          const array = [make()];
          array.length += holes;
          return array;
        }),
      ),
    })).value;
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(small, (make) => {
        const [key, text] = [digest(make()), describeValue(make())];
        expect(seen.get(key) ?? text).to.equal(text);
        seen.set(key, text);
      }),
      { numRuns: 20_000 },
    );
  });

  it("keeps in a copy all that a program can see (property)", () => {
    fc.assert(
      fc.property(RECIPES, (make) => {
        const text = describeValue(make());
        // Of an error whose class is not known the nearest class of the language remains.
        fc.pre(!text.includes("Unknown"));
        expect(describeValue(again(make()))).to.equal(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it("distinguishes objects by each attribute of a property, and keeps these (property)", () => {
    const flags = fc.record({ enumerable: fc.boolean(), writable: fc.boolean(), configurable: fc.boolean() });
    const makers: readonly (() => object)[] = [
      () => ({}),
      () => Object.create(null) as object,
      () => new Point(),
      () => [1],
      () => new Map([[1, 2]]),
      () => new Failure("m"),
      () => new Error("m", { cause: 1 }),
      () => /a/,
      () => new Date(0),
    ];
    const recipe = fc.record({
      make: fc.constantFrom(...makers),
      properties: fc.array(fc.tuple(fc.constantFrom("a", "b"), flags), { maxLength: 2 }),
      change: fc.constantFrom(undefined, Object.preventExtensions, Object.seal, Object.freeze),
    });
    const made = ({ make, properties, change }: typeof recipe extends fc.Arbitrary<infer T> ? T : never): object => {
      const object = make();
      for (const [name, attributes] of properties)
        if (!Object.hasOwn(object, name)) Object.defineProperty(object, name, { value: 1, ...attributes });
      change?.(object);
      return object;
    };
    fc.assert(
      fc.property(recipe, recipe, (first, second) => {
        const [a, b] = [made(first), made(second)];
        expect(describeValue(again(a))).to.equal(describeValue(a));
        expect(describeValue(again([a, b, a]))).to.equal(describeValue([a, b, a]));
        expect(digest(a) === digest(b)).to.equal(describeValue(a) === describeValue(b));
      }),
      { numRuns: 3_000 },
    );
  });

  const fix = (value: object, name: string, attributes: PropertyDescriptor) =>
    Object.defineProperty(value, name, attributes);
  const FIXED: readonly (readonly [string, () => object, string])[] = [
    ["an element that can't be written", () => fix([1, 2], "1", { writable: false }), `"1"`],
    ["an element that can't be deleted", () => fix([1, 2], "0", { configurable: false }), `"0"`],
    ["one of a list that can't grow", () => Object.preventExtensions(fix([1], "0", { writable: false })), `"0"`],
    ["one of a list with holes", () => fix(Object.assign(Array(3), { 2: 2 }), "2", { writable: false }), `"2"`],
    ["a hidden one", () => fix([1], "0", { writable: false, enumerable: false }), `"0"`],
    ["the length of a list", () => fix([1, 2], "length", { writable: false }), `"length"`],
    ["the length of an empty list", () => fix([], "length", { writable: false }), `"length"`],
    ["the length of a long list", () => fix(Array(99).fill(1), "length", { writable: false }), `"length"`],
    ["the lastIndex of a RegExp", () => fix(/a/g, "lastIndex", { writable: false }), `"lastIndex"`],
  ];
  for (const [what, make, name] of FIXED) {
    it(`refuses ${what}, where the rest of it is free`, () => {
      for (const act of [digest, encode]) {
        const { message } = faultIn(() => act({ list: make() }));
        expect(message).to.include(`value.list: its property ${name} can't be written or deleted, while others can`);
      }
    });
  }

  it("counts the order of an object's keys, since programs see it", () => {
    expect(digest({ a: 1, b: 2 })).not.to.equal(digest({ b: 2, a: 1 }));
    expect(Object.keys(again({ b: 2, a: 1 }))).to.deep.equal(["b", "a"]);
  });

  const thrower = (thrown: unknown) => ({
    get parent(): never {
      throw thrown;
    },
  });
  @model({ name: "walk/Torn" })
  class Torn {
    toJSON(): never {
      throw new RangeError("torn");
    }
    static fromJSON(): Torn {
      return new Torn();
    }
  }
  @model({ name: "walk/Endless" })
  class Endless {
    toJSON(): unknown {
      return this.toJSON();
    }
    static fromJSON(): Endless {
      return new Endless();
    }
  }
  const endless = {
    get again(): unknown {
      return this.again;
    },
  };
  const OVERFLOW = "RangeError: Maximum call stack size exceeded";
  /** What can't come with an error. */
  const LOST: Record<string, readonly [(error: Error) => Error, string]> = {
    "a function": [(error) => Object.assign(error, { f: () => 1 }), ".f: it is a function"],
    "a hidden function": [(error) => define(error, "f", () => 1, false) as Error, ".f: it is a function"],
    "a function farther in": [(error) => Object.assign(error, { c: { f: [() => 1] } }), ".c.f[0]: it is a function"],
    "a symbol for a key": [(error) => Object.assign(error, { [Symbol("s")]: 1 }), "key is a symbol, Symbol(s)"],
    "a getter that throws": [(error) => Object.defineProperty(error, "g", { get: torn }), ".g: its getter threw"],
    "a cause that is a function": [(error) => define(error, "cause", () => 1, false) as Error, ".cause: it is a"],
    "a function in its cause": [(error) => define(error, "cause", { f() {} }, false) as Error, ".cause.f: it is a"],
    "a function among its errors": [(error) => Object.assign(error, { errors: [1, () => 1] }), ".errors[1]: it is a"],
    "an instance of an unknown class": [
      (error) => Object.assign(error, { r: new (class Response {})() }),
      ".r: it is an instance of Response",
    ],
  };
  function torn(): never {
    throw new Error("torn");
  }
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const detached = new ArrayBuffer(8);
  const onDetached = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  const proxied = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error("asked");
      },
    },
  );
  function listArguments(..._: unknown[]): IArguments {
    // biome-ignore lint/complexity/noArguments: it is about them.
    return arguments;
  }
  const REFUSED: readonly (readonly [string, unknown, string])[] = [
    ["a function", () => 1, "it is a function"],
    ["a symbol", Symbol("s"), "it is a symbol, Symbol(s)"],
    ["a property whose key is a symbol", { [Symbol("s")]: 1 }, "a property whose key is a symbol, Symbol(s)"],
    ["a hidden one", define({}, Symbol("s") as never, 1, false), "a property whose key is a symbol"],
    ["such a property of an array", Object.assign([1], { [Symbol("s")]: 1 }), "a property whose key is a symbol"],
    [
      "such a property of a class",
      Object.assign(new Point(), { [Symbol("s")]: 1 }),
      "a property whose key is a symbol",
    ],
    ["such a property of a long list", Object.assign(Array(99).fill(1), { [Symbol("s")]: 1 }), "key is a symbol"],
    ["such a property of a typed array", Object.assign(new Uint8Array(99), { [Symbol("s")]: 1 }), "key is a symbol"],
    ["a boxed symbol", Object(Symbol("s")), "it is a Symbol"],
    ["arguments", listArguments(1), "it is an Arguments"],
    ["a Proxy", new Proxy({}, {}), "it is a Proxy"],
    ["a Proxy of an array", new Proxy([1], {}), "it is a Proxy"],
    ["a Proxy that throws when it is asked", proxied, "it is a Proxy"],
    ["a revoked Proxy", revoked.proxy, "it is a Proxy"],
    ["a promise", Promise.resolve(), "it is a Promise"],
    ["a generator", (function* () {})(), "it is a Generator"],
    ["an iterator of a Map", new Map().keys(), "it is a Map Iterator"],
    ["a WeakSet", new WeakSet(), "it is a WeakSet"],
    ["a WeakRef", new WeakRef({}), "an instance of WeakRef, which is not known"],
    ["a SharedArrayBuffer", new SharedArrayBuffer(1), "it is a SharedArrayBuffer"],
    [
      "an ArrayBuffer that may grow",
      Reflect.construct(ArrayBuffer, [1, { maxByteLength: 9 }]),
      "it is a resizable ArrayBuffer",
    ],
    ["an instance of an unknown class", new (class Secret {})(), "it is an instance of Secret"],
    ["a getter that throws", thrower(new Error("not loaded")), "its getter threw Error: not loaded"],
    ["a getter that throws a RangeError", thrower(new RangeError("odd")), "its getter threw RangeError: odd"],
    ["a getter that throws a symbol", thrower(Symbol("s")), "its getter threw Symbol(s)"],
    ["a getter that throws nothing", thrower(undefined), "its getter threw undefined"],
    ["a toJSON() that throws", new Torn(), "its toJSON() threw RangeError: torn"],
    ["a toJSON() that calls itself for ever", new Endless(), `its toJSON() threw ${OVERFLOW}`],
    ["a getter that reads itself for ever", endless, `its getter threw ${OVERFLOW}`],
    ["a typed array whose memory was transferred", onDetached, "its memory was transferred"],
    ["an ArrayBuffer that was transferred", detached, "its memory was transferred"],
    ...["Array", "Map", "Set", "Date", "Uint8Array", "ArrayBuffer"].map(
      (type) =>
        [
          `the ${type} of another realm`,
          vm.runInNewContext(`new ${type}(1 && ${type === "Map" || type === "Set" ? "[]" : "1"})`),
          `${type} of another realm, such as a context of node:vm. Copy it into this one: `,
        ] as const,
    ),
    ["a list in an error of another realm", vm.runInNewContext("new AggregateError([1])"), "errors: it is an Array of"],
    ...[Error, TypeError, Failure, Unknown, DOMException].flatMap((type) =>
      Object.entries(LOST).map(
        ([what, [spoil, text]]) => [`an error with ${what}, ${type.name}`, spoil(new type("e")), text] as const,
      ),
    ),
  ];
  for (const [name, value, text] of REFUSED) {
    it(`refuses ${name}, for bytes and digests alike, with the way to it`, () => {
      for (const act of [encode, digest]) {
        const fault = faultIn(() => act({ list: [1, new Map([["k", value]])] }));
        expect(fault.code).to.equal("UNSERIALISABLE");
        expect(fault.message).to.include(text).and.to.include("value.list[1].k");
        expect(fault.path.slice(0, 3)).to.deep.equal(["list", 1, "k"]);
        expect(fault.message).not.to.include("nested too deeply");
      }
    });

    it(`refuses ${name} among objects that refer to each other, too`, () => {
      const ring: Record<string, unknown> = { name: "ring" };
      ring.inner = { ring, value };
      for (const act of [encode, digest]) {
        const fault = faultIn(() => act({ ring }));
        expect(fault.message).to.include(text).and.to.include("value.ring.inner.value");
      }
    });
  }

  const MADE: Record<string, () => object> = {
    ...{ Object: () => ({}), Array: () => [1], Map: () => new Map([[1, 2]]), Set: () => new Set([1]) },
    ...{
      Date: () => new Date(0),
      RegExp: () => /a/g,
      Error: () => new Error("e"),
      TypeError: () => new TypeError("e"),
    },
    ...{ Uint8Array: () => new Uint8Array(2), Float32Array: () => new Float32Array(2), Buffer: () => Buffer.alloc(2) },
    ...{ DataView: () => new DataView(new ArrayBuffer(2)), ArrayBuffer: () => new ArrayBuffer(2) },
    ...{ Number: () => Object(1), String: () => Object("a"), Boolean: () => Object(true), BigInt: () => Object(1n) },
    ...{ DOMException: () => new DOMException("e"), Promise: () => Promise.resolve(), WeakMap: () => new WeakMap() },
    ...{ "walk/Point": () => new Point(), "walk/Table": () => new Table(), "walk/Vector": () => new Vector(2) },
    "walk/Failure": () => new Failure("e"),
    "no class": () => Object.create(null) as object,
  };
  const bare = (value: object): object => {
    if (value instanceof Error) delete value.stack;
    return value;
  };
  for (const [inside, make] of Object.entries(MADE)) {
    it(`keeps or refuses, and counts alike, what is ${inside} inside and has the prototype of another class`, () => {
      const seen = new Map<string, string>();
      for (const other of Object.values(MADE)) {
        const mixed = (field: boolean) =>
          Object.assign(
            Object.setPrototypeOf(bare(make()), Object.getPrototypeOf(other())),
            field ? { f: 1 } : {},
          ) as object;
        for (const field of [false, true]) {
          const told: string[] = [];
          for (const act of [encode, digest]) {
            try {
              act(mixed(field));
              told.push("taken");
            } catch (error) {
              expect(error).to.be.instanceOf(ValueError);
              told.push((error as ValueError).message);
            }
          }
          // A Map with fields and the prototype of Object: nothing in Node tells it from an object in reasonable time.
          if (
            field &&
            /^(Map|Set|ArrayBuffer|DataView|BigInt|Promise|WeakMap|walk.Table)$/.test(inside) &&
            other === MADE.Object
          )
            continue;
          expect(told[0]).to.equal(told[1]);
          if (told[0] !== "taken") continue;
          const key = digest(mixed(field));
          expect(digest(again(mixed(field)))).to.equal(key);
          expect(describeValue(again(mixed(field)))).to.equal(describeValue(mixed(field)));
          expect(seen.get(key) ?? describeValue(mixed(field))).to.equal(describeValue(mixed(field)));
          seen.set(key, describeValue(mixed(field)));
        }
      }
    });
  }

  it("sees a hidden element in lists of any length, of numbers or of anything", () => {
    const FILLS: ((i: number) => unknown)[] = [(i) => i, (i) => i / 2, (i) => `${i}`, (i) => ({ i }), (i) => [i]];
    for (const length of [1, 2, 24, 25, 1_000]) {
      for (const fill of FILLS) {
        const list = Array.from({ length }, (_, i) => fill(i));
        const other = define(
          Array.from({ length }, (_, i) => fill(i)),
          String(length >> 1),
          fill(length >> 1),
          false,
        );
        expect(digest(other)).not.to.equal(digest(list));
        expect(describeValue(again(other))).to.equal(describeValue(other));
        expect(digest(again(other))).to.equal(digest(other));
      }
    }
  });

  it("sees what is inside an object, whatever properties of its own it has", () => {
    const shadow = (object: object, ...names: string[]) => {
      for (const name of names) define(object, name, 5, false);
      return object;
    };
    const PAIRS: [() => object, () => object][] = [
      [() => shadow(/a/g, "source", "flags"), () => shadow(/b/, "source", "flags")],
      [() => shadow(new Map([[1, 2]]), "size"), () => shadow(new Map(), "size")],
      [
        () => shadow(new Uint8Array([1, 2]), "length", "byteLength", "byteOffset"),
        () => shadow(new Uint8Array([1, 3]), "length", "byteLength", "byteOffset"),
      ],
      [() => shadow(new Date(1), "getTime"), () => shadow(new Date(2), "getTime")],
      [() => Object.assign(/a/g, { lastIndex: "1" }), () => Object.assign(/a/g, { lastIndex: 1 })],
    ];
    for (const [a, b] of PAIRS) {
      expect(digest(a())).not.to.equal(digest(b()));
      for (const make of [a, b]) expect(digest(again(make()))).to.equal(digest(make()));
    }
  });

  it("says near the end of the stack that it is at its end, whatever is asked for: values and bytes are fine", () => {
    let value: unknown = 1;
    for (let i = 0; i < 300; i++) value = { a: value, m: i % 3 === 0 ? new Map([[1, new Error("x")]]) : 1 };
    const bytes = encode(value);
    for (const read of [() => decode(bytes), () => encode(value), () => digest(value)]) {
      const faults: unknown[] = [];
      const descend = (): void => {
        try {
          descend();
        } catch (overflow) {
          if (faults.length > 0) throw overflow;
          // Here the stack is at its end: some frames above, reading may begin and can't end.
          try {
            read();
          } catch (fault) {
            if (fault instanceof ValueError) faults.push(fault);
          }
          throw overflow;
        }
      };
      expect(descend).to.throw(RangeError);
      expect(faults).to.have.length(1);
      const { code, message } = faults[0] as ValueError;
      expect(code).to.equal("UNSERIALISABLE");
      expect(message).to.contain("it is nested too deeply for the stack of this thread");
    }
  });

  it("reports whatever a getter or toJSON() throws, with the path to it", () => {
    @model({ name: "walk/Lazy" })
    class Lazy {
      constructor(private readonly thrown: unknown) {}
      toJSON(): never {
        throw this.thrown;
      }
      static fromJSON(): Lazy {
        return new Lazy(undefined);
      }
    }
    const throwing = new Proxy({}, { getPrototypeOf: () => expect.fail("asked"), get: () => expect.fail("asked") });
    for (const thrown of [revokedProxy(), throwing, Symbol("s"), null, 5, new RangeError("no more")]) {
      const getter = {
        get x(): never {
          throw thrown;
        },
      };
      for (const read of [encode, digest]) {
        const inGetter = faultIn(() => read([{ k: getter }]));
        expect(inGetter.message).to.match(/^value\[0\]\.k\.x: its getter threw /);
        expect(inGetter.message).not.to.match(/getPrototypeOf|asked/);
        expect(inGetter.cause).to.equal(thrown);
        const inJson = faultIn(() => read([new Map([["k", new Lazy(thrown)]])]));
        expect(inJson.message).to.match(/^value\[0\]\.k.*: its toJSON\(\) threw /);
      }
    }
  });

  it("reports what a class's fromJSON() throws, with the path to it", () => {
    @model({ name: "walk/Money" })
    class Money {
      constructor(readonly cents: number) {}
      toJSON(): number {
        return this.cents;
      }
      static fromJSON(cents: number): Money {
        if (cents < 0) throw new RangeError("no debts");
        return new Money(cents);
      }
    }
    const error = Object.assign(new Error("e"), { paid: [new Map([["k", new Money(-1)]])] });
    const fault = faultIn(() => again({ list: [new Money(2), { error }] }));
    expect(fault.code).to.equal("UNREADABLE");
    expect(fault.message).to.equal(
      "value.list[1].error.paid[0].k: it is an instance of walk/Money, and its fromJSON() threw RangeError: no debts. Make fromJSON() accept every result of toJSON().",
    );
    expect(fault.cause).to.be.instanceOf(RangeError);
  });

  describe("the cause of a failure", () => {
    const failed = (cause: unknown) =>
      new NodeError({ code: "NODE_FAILED", where: "A.b", problem: "failed", node: "b", attempts: 1, cause });

    for (const type of [Error, RangeError, Failure, Unknown]) {
      for (const [what, [spoil]] of Object.entries(LOST)) {
        it(`is sent, and counts, without the parts that can't be serialized: ${what} of a ${type.name}`, () => {
          const copy = again(failed(Object.assign(spoil(new type("e")), { status: 5 })));
          expect(copy.cause)
            .to.be.instanceOf(type === Unknown ? RangeError : type)
            .and.to.include({ message: "e", status: 5 });
          expect(digest(copy)).to.equal(digest(failed(Object.assign(spoil(new type("e")), { status: 5 }))));
          const ring: Record<string, unknown> = { failure: failed(spoil(new type("e"))) };
          ring.ring = ring;
          expect(digest(again(ring))).to.equal(digest(ring));
        });
      }
    }

    function ringOf(inner: unknown): object {
      const ring: Record<string, unknown> = { inner };
      ring.ring = ring;
      return ring;
    }
    const THROWN: Record<string, readonly [() => unknown, string]> = {
      "a symbol": [() => Symbol("s"), "a thrown Symbol(s)"],
      "a function": [() => function f() {}, "a thrown [Function: f]"],
      "a proxy": [() => new Proxy({}, {}), "a thrown {}"],
      "a proxy of an error": [() => new Proxy(new RangeError("e"), {}), "RangeError: e"],
      "a revoked proxy": [() => revoked.proxy, "a thrown value of type object that can't be printed"],
      "a promise": [() => Promise.resolve(1), "a thrown Promise { 1"],
      "a generator": [() => (function* () {})(), "a thrown Object [Generator] {}"],
      "an instance of an unknown class": [() => new (class Response {})(), "a thrown Response {}"],
      "an object with a function": [() => ({ f() {} }), "a thrown { f: [Function: f] }"],
      "an object with a symbol for a key": [() => ({ [Symbol("k")]: 1 }), `a thrown ${inspect({ [Symbol("k")]: 1 })}`],
      "an object whose getter throws": [
        () => Object.defineProperty({}, "g", { get: torn, enumerable: true }),
        "a thrown",
      ],
      "an object that refers to itself, and to a function": [
        () => {
          const ring: Record<string, unknown> = { f() {} };
          return Object.assign(ring, { ring: [ring] });
        },
        "a thrown <ref *1>",
      ],
      "an array with a function": [() => [1, [() => 1]], "a thrown [ 1, [ [Function (anonymous)] ] ]"],
    };
    for (const [what, [make, text]] of Object.entries(THROWN)) {
      it(`comes as its text if user code threw ${what}`, () => {
        const thrown = make();
        const shared = { shared: 1 };
        const values: Record<string, unknown> = {
          alone: failed(thrown),
          twice: [failed(thrown), failed(thrown)],
          beside: [shared, failed(thrown), shared],
          "of a failure": [failed(failed(thrown)), failed(new Error("e", { cause: failed(thrown) }))],
          "in a ring": ringOf(failed(thrown)),
        };
        for (const [where, value] of Object.entries(values)) {
          const copy = again(value);
          expect(digest(copy), where).to.equal(digest(value));
          expect(digest(again(copy)), where).to.equal(digest(copy));
        }
        const { cause, message } = again(failed(thrown)) as NodeError;
        expect(message).to.equal("A.b: failed");
        expect(cause).to.be.instanceOf(Error);
        expect((cause as Error).message).to.include(text);
        const [, outer] = again(values["of a failure"]) as NodeError[];
        const inner = (outer!.cause as Error).cause;
        expect(inner).to.be.instanceOf(NodeError);
        expect(((inner as NodeError).cause as Error).message).to.include(text);
        expect(digest(failed(thrown))).not.to.equal(digest(failed(undefined)));
      });
    }

    it("is refused where it is a value as well", () => {
      const cause = Object.assign(new Error("e"), { inner: Object.assign(new Error("i"), { f: () => 1 }) });
      for (const act of [encode, digest]) {
        expect(faultIn(() => act([failed(cause), cause])).message).to.include("value[1].inner.f: it is a function");
        expect(faultIn(() => act([cause, failed(cause)])).message).to.include("value[0].inner.f: it is a function");
        expect(faultIn(() => act([failed(cause), cause.inner])).message).to.include("value[1].f: it is a function");
      }
      const whole = new Error("whole");
      const [failure, same] = again([failed(whole), whole]) as [NodeError, Error];
      expect(failure.cause).to.equal(same);
    });
  });

  it("refuses a SharedArrayBuffer itself, also where views of it are shared", () => {
    const buffer = new SharedArrayBuffer(8);
    const view = new Uint8Array(buffer, 2, 4);
    for (const value of [buffer, { buffer }, [view, buffer], new Map([[view, buffer]]), new Set([buffer])]) {
      for (const options of [{}, { memory: [] }]) {
        const fault = faultIn(() => encode(value, options));
        expect(fault.code).to.equal("UNSERIALISABLE");
        expect(fault.message).to.include("it is a SharedArrayBuffer. Give a typed array over it");
      }
    }
    const memory: SharedArrayBuffer[] = [];
    const copy = decode(encode([view, { view }], { memory }), { memory }) as [Uint8Array, { view: Uint8Array }];
    new Uint8Array(buffer)[3] = 7;
    expect([...copy[0]]).to.deep.equal([0, 7, 0, 0]);
    expect(copy[1].view).to.equal(copy[0]);
  });

  it("runs no code of a Proxy", () => {
    const asked: string[] = [];
    const trap = (name: string) => (): never => {
      asked.push(name);
      throw new Error(name);
    };
    const spy = new Proxy({}, new Proxy({}, { get: (_, name) => trap(String(name)) }) as ProxyHandler<object>);
    for (const act of [encode, digest]) faultIn(() => act([{ spy }]));
    expect(asked).to.deep.equal([]);
  });

  it("takes what accessors give in one state: one that gives something else each time mixes up no classes", () => {
    let calls = 0;
    const value = [
      {
        get odd() {
          return calls++ % 2 === 0 ? new Point() : 5;
        },
      },
      new Vector(1),
      new Point(),
    ];
    let copy: unknown[] | undefined;
    try {
      copy = again(value);
    } catch (error) {
      expect(error).to.be.instanceOf(ValueError);
    }
    if (copy !== undefined) {
      expect(copy[1]).to.be.instanceOf(Vector);
      expect(copy[2]).to.be.instanceOf(Point);
    }
  });

  it("carries values 1,000 levels deep, and names the place of what is deeper", () => {
    const nest = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = wrap(value);
      return value;
    };
    const wraps: ((inner: unknown) => unknown)[] = [
      (inner) => ({ next: inner }),
      (inner) => [inner],
      (inner) => new Map([["k", inner]]),
      (inner) => new Set([inner]),
      (inner) => Object.assign(new Point(), { next: inner }),
      (inner) => Object.assign(new Error("e"), { next: inner }),
    ];
    for (const wrap of wraps) {
      // Code that V8 has not optimized yet takes more of the stack: so much that 1,000 levels may not fit.
      for (let i = 0; i < 25; i++) digest(again(nest(200, wrap)));
      const deep = nest(1_000, wrap);
      // What the engine puts around it does not count.
      expect(() => encode([[deep]])).to.throw(ValueError);
      expect(() => encode([[nest(1_001, wrap)]], { levelsAround: 2 })).to.throw(ValueError, "nested too deeply");
      expect(again([[deep]], { levelsAround: 2 })).to.have.length(1);
      expect(digest(again(deep))).to.equal(digest(deep));
      for (const act of [encode, digest]) {
        const fault = faultIn(() => act({ list: [1, nest(20_000, wrap)] }));
        expect(fault.message).to.include("value.list[1]").and.to.include("nested too deeply, more than 1,000 levels");
        expect(fault.message.length).to.be.below(400);
        expect(fault.path.length).to.equal(1_000);
      }
    }
  });
});

describe("digests of objects that refer to each other", () => {
  interface Cell {
    id: number;
    near: object[];
  }
  const grid = (size: number): Cell[] => {
    const cells: Cell[] = Array.from({ length: size * size }, (_, id) => ({ id, near: [] }));
    for (const [i, { near }] of cells.entries()) {
      const [x, y] = [i % size, Math.floor(i / size)];
      for (const [nx, ny] of [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ] as const) {
        const isInside = nx >= 0 && ny >= 0 && nx < size && ny < size;
        if (isInside) near.push(cells[ny * size + nx]!);
      }
    }
    return cells;
  };

  it("takes time in proportion to their size: a grid of 900", () => {
    // With one path after another it would take longer than the universe is old.
    expect(digest(grid(30))).to.equal(digest(grid(30)));
  });

  const GRAPHS = fc
    .array(fc.tuple(fc.constantFrom("a", "b"), fc.array(fc.nat(5), { maxLength: 3 }), fc.boolean()), {
      minLength: 1,
      maxLength: 6,
    })
    .map((nodes) => () => {
      const objects = nodes.map(([tag, , isMap]): Record<string, unknown> & { to: unknown[] } =>
        isMap ? (Object.assign(new Map(), { tag, to: [] }) as never) : { tag, to: [] },
      );
      for (const [i, [, to]] of nodes.entries()) objects[i]!.to.push(...to.map((j) => objects[j % objects.length]));
      return objects[0]!;
    });

  it("are the same for graphs of one shape, and for copies (property)", () => {
    fc.assert(
      fc.property(GRAPHS, (make) => {
        expect(digest(make())).to.equal(digest(make()));
        expect(digest(again(make()))).to.equal(digest(make()));
      }),
      { numRuns: 1_000 },
    );
  });

  it("differ where a walk along any path finds something else (property)", () => {
    fc.assert(
      fc.property(GRAPHS, GRAPHS, (first, second) => {
        const unfold = (value: { tag?: unknown; to: unknown[] }, depth: number): string =>
          `${value instanceof Map}${String(value.tag)}(${depth === 0 ? "" : value.to.map((to) => unfold(to as never, depth - 1)).join()})`;
        const [a, b] = [first(), second()];
        if (digest(a) === digest(b)) expect(unfold(a, 5)).to.equal(unfold(b, 5));
        else expect(describeGraph(a)).not.to.equal(describeGraph(b));
      }),
      { numRuns: 2_000 },
    );
  });

  it("are those of a copy exactly if the two are the same to a program, in trees with shared objects too (property)", () => {
    const SHARED = fc
      .array(fc.array(fc.nat(6), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
      .map((nodes) => () => {
        const objects: unknown[] = [];
        // Each leads to those before it only.
        for (const inner of nodes) objects.push({ in: inner.map((i) => objects[i] ?? i % 2) });
        return [...objects.slice(-3), objects.at(-1)];
      });
    fc.assert(
      fc.property(SHARED, SHARED, (first, second) => {
        const [a, b] = [first(), second()];
        expect(digest(a) === digest(b)).to.equal(describeValue(a) === describeValue(b));
        expect(digest(again(a))).to.equal(digest(a));
        expect(contentsOf(a).list).to.deep.equal(contentOf(a));
        expect(contentsOf(a).elements()).to.deep.equal(a.map((element) => contentOf(element)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("of elements are those that they have alone, whatever refers to what (property)", () => {
    fc.assert(
      fc.property(GRAPHS, (make) => {
        const list = [make(), ...make().to, make()];
        list.push(...(list[0] as { to: unknown[] }).to);
        expect(contentsOf(list).elements()).to.deep.equal(list.map((element) => contentOf(element)));
      }),
      { numRuns: 500 },
    );
  });

  it("count the last link of a long ring, and an error inside of one", () => {
    const ring = (length: number, last: unknown): object => {
      const objects = Array.from({ length }, (_, i): Record<string, unknown> => ({ i }));
      for (const [i, object] of objects.entries()) object.next = objects[(i + 1) % length];
      objects.at(-1)!.last = last;
      return objects[0]!;
    };
    expect(digest(ring(500, "x"))).to.equal(digest(ring(500, "x")));
    expect(digest(ring(500, "x"))).not.to.equal(digest(ring(500, "y")));
    expect(digest(ring(5, new Error("x")))).not.to.equal(digest(ring(5, new Error("y"))));
  });
});

/** A graph as text, with numbers in the order in which a walk comes to its objects. */
function describeGraph(root: { to: unknown[] }): string {
  const numbers = new Map<unknown, number>([[root, 0]]);
  const lines: string[] = [];
  for (const value of numbers.keys()) {
    const { tag, to } = value as { tag?: unknown; to: unknown[] };
    const links = to.map((other) => numbers.get(other) ?? numbers.set(other, numbers.size).size - 1);
    lines.push(`${value instanceof Map} ${String(tag)} ${links.join()}`);
  }
  return lines.join("; ");
}

describe("bytes that announce more than they hold", () => {
  const body = (...parts: (string | number)[]): Uint8Array => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 15]),
      ...parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : varint(part))),
    ]);
    const whole = new Uint8Array(16 + bytes.length);
    whole.set(encode(null, { unchecked: true }).subarray(0, 16));
    whole.set(bytes, 16);
    new DataView(whole.buffer).setUint32(12, bytes.length, true);
    return whole;
  };
  const varint = (value: number): Buffer => {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    return Buffer.from([...bytes, rest]);
  };

  it("are BAD_BYTES before memory is taken: lists of millions inside each other", () => {
    for (const tag of ["a", "A"]) {
      for (const length of [50_000, 30_000_000, 2 ** 31, 2 ** 32 - 1]) {
        const nested = Array.from({ length: 40 }, () => [tag, length]).flat();
        const before = process.memoryUsage().rss;
        expect(faultIn(() => decode(body(...nested))).code, `${tag} ${length}`).to.equal("BAD_BYTES");
        expect(process.memoryUsage().rss - before).to.be.below(200 * 2 ** 20);
      }
    }
  });

  it("are BAD_BYTES in a buffer that may grow, and with any tag that is not of the format", () => {
    expect(faultIn(() => decode(body("~", 1, 2 ** 40, "x"))).code).to.equal("BAD_BYTES");
    for (const tag of ["r", "V", "t", "m", "w", "p", "?", "\u00a1"]) {
      expect(faultIn(() => decode(body("A", 1, tag, "$", 0, 1))).code, tag).to.equal("BAD_BYTES");
    }
  });

  it("are read where they hold what they announce: lists with holes of any length, in few bytes", () => {
    const sparse: unknown[] = [];
    sparse[40_000_000] = { a: [1] };
    sparse.length = 2 ** 32 - 1;
    const before = process.memoryUsage().rss;
    const copy = again([sparse, "name"]) as [unknown[], string];
    expect(copy[0].length).to.equal(2 ** 32 - 1);
    expect(Object.keys(copy[0])).to.deep.equal(["40000000"]);
    expect(copy[0][40_000_000]).to.deep.equal({ a: [1] });
    expect(encode([sparse]).length).to.be.below(1_000);
    expect(process.memoryUsage().rss - before).to.be.below(100 * 2 ** 20);
    // V8 writes a list that was made by its length as one with holes, though all are filled.
    const filled = new Array(10_000).fill(0).map((_, i) => i);
    expect(again({ filled: new Array(10_000).fill("x"), list: filled })).to.deep.equal({
      filled: new Array(10_000).fill("x"),
      list: filled,
    });
  });
});

import { inspect } from "node:util";
import vm from "node:vm";
import { expect } from "chai";
import fc from "fast-check";
import { decode, digest, encode, model, NodeError, ValueError } from "../../src/index.js";
import { describeValue } from "../support/described-values.js";
import {
  again,
  define,
  Failure,
  faultIn,
  Point,
  RECIPES,
  type Recipe,
  Table,
  Unknown,
  Vector,
} from "../support/object-recipes.js";
import { revoked as revokedProxy } from "../support/revoked.js";

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
    [
      "a WeakRef",
      new WeakRef({}),
      "an instance of WeakRef, which can't be serialized. Give plain data, such as its text",
    ],
    ["an iterator", [1].values(), 'it is an object of the kind "Array Iterator", which would be lost. Give plain data'],
    [
      "an object like another one",
      Object.create({ a: 1 }),
      "its prototype is an object of no class, which would be lost",
    ],
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

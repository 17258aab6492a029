import { deepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import { deserialize, serialize } from "node:v8";
import { expect } from "chai";
import fc from "fast-check";
import { decode, digest, encode, type ValueError } from "../../src/index.js";
import { faultIn } from "../support/object-recipes.js";

const HEADER = 16;
const WHOLE = { depth: Number.POSITIVE_INFINITY, maxArrayLength: 100, maxStringLength: null } as const;

/** The bytes of a value with another body. */
function withBody(body: Uint8Array): Buffer {
  const bytes = Buffer.concat([encode(null, { unchecked: true }).subarray(0, HEADER), body]);
  bytes.writeUInt32LE(body.length, 12);
  return bytes;
}

const TEXTS = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 70 }),
  fc.constantFrom("\xe9".repeat(64), "x".repeat(24), "x".repeat(25), "\ud800", "שלום".repeat(9), "a".repeat(9000)),
);
const NUMBERS = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(-0, 0, 63, 64, -64, -65, 127, 128, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53),
);
const PRIMITIVES = fc.oneof(NUMBERS, TEXTS, fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined));
const NAMES = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom("__proto__", "0", "7a", "-1", "constructor", "toString", "שם", "a".repeat(40), ""),
);
const { value: VALUES } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    PRIMITIVES,
    fc.array(NUMBERS, { maxLength: 80 }),
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(PRIMITIVES, { minLength: 60, maxLength: 70 }),
    fc.dictionary(NAMES, tie("value"), { noNullPrototype: true, maxKeys: 6 }),
    fc.constantFrom(new Date(5), new Map([["a", 1]])),
  ),
}));

describe("small plain values and lists of numbers, which are written and read without V8,", () => {
  it("are what V8 reads of their bytes, and what is read of V8's (property)", () => {
    fc.assert(
      fc.property(VALUES, fc.string({ maxLength: 3 }), (value, salt) => {
        const bytes = encode(value, { salt });
        deepStrictEqual(decode(bytes, { salt }), value);
        deepStrictEqual(deserialize(bytes.subarray(HEADER)), value);
        deepStrictEqual(decode(withBody(serialize(value))), value);
        expect(digest(decode(bytes, { salt }))).to.equal(digest(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("are refused, or what V8 reads, whatever is wrong with their bytes (property)", () => {
    fc.assert(
      fc.property(VALUES, fc.nat(), fc.nat(255), fc.nat(20), fc.boolean(), (value, place, byte, cut, isFromV8) => {
        const body = Buffer.from(isFromV8 ? serialize(value) : encode(value).subarray(HEADER));
        body[place % body.length] = byte;
        const damaged = body.subarray(0, body.length - (cut < 18 ? 0 : cut - 17));
        let copy: unknown;
        try {
          copy = decode(withBody(damaged));
        } catch (error) {
          expect((error as ValueError).code).to.equal("BAD_BYTES");
          return;
        }
        // A list may have become one with holes, and of any length.
        expect(inspect(copy, WHOLE)).to.equal(inspect(deserialize(damaged), WHOLE));
      }),
      { numRuns: 3000 },
    );
  });

  it("keep which references lead to one object, and cycles", () => {
    const shared = { a: 1 };
    const cyclic = { list: [shared, shared], shared, self: {} };
    cyclic.self = cyclic;
    const copy = decode(encode(cyclic)) as typeof cyclic;
    expect(copy.self).to.equal(copy);
    expect(copy.list[0]).to.equal(copy.list[1]).and.to.equal(copy.shared);
    const list: unknown[] = [1];
    list.push(list);
    const again = decode(encode(list)) as unknown[];
    expect(again[1]).to.equal(again);
  });

  it("may have getters that encode another value, or throw", () => {
    const inner = { text: "x".repeat(2_000), n: [1, 2, 3] };
    const outer = {
      before: "b".repeat(300),
      get bytes(): unknown {
        return decode(encode(inner));
      },
      after: [1.5, "after"],
    };
    deepStrictEqual(decode(encode(outer)), { before: outer.before, bytes: inner, after: outer.after });
    const fault = faultIn(() =>
      encode({
        a: [
          {
            get b(): never {
              throw new Error("not today");
            },
          },
        ],
      }),
    );
    expect(fault.path).to.deep.equal(["a", 0, "b"]);
    expect(fault.message).to.contain("not today");
    deepStrictEqual(decode(encode({ n: 1 })), { n: 1 });
  });

  for (const [what, body] of [
    ["a number twice", 'o"\x01aI\x02"\x01aI\x04{\x02'],
    ["an object twice", 'o"\x01ao{\0"\x01ao{\0{\x02'],
    ["a name between", 'o"\x01aI\x02"\x01bI\x02"\x01aI\x04{\x03'],
    ["one of them in UTF-16", 'o"\x01aI\x02c\x02a\0I\x04{\x02'],
    ["in a list", 'A\x01o"\x01a0"\x01a0{\x02$\0\x01'],
    ["the empty name", 'o"\0T"\0F{\x02'],
  ] as const) {
    it(`are refused, as V8 refuses them, if a name occurs twice: ${what}`, () => {
      const bytes = Buffer.from(`\xff\x0f${body}`, "latin1");
      expect(() => deserialize(bytes)).to.throw();
      expect(faultIn(() => decode(withBody(bytes))).code).to.equal("BAD_BYTES");
    });
  }

  for (const [what, property] of [
    ["a setter that keeps nothing", { set() {}, get: () => "inherited" }],
    ["a getter", { get: () => "inherited" }],
    ["a value that can't be written", { value: "inherited" }],
    [
      "a setter that hides the value",
      {
        set(this: object, value: unknown) {
          Object.defineProperty(this, "should", { value, configurable: true });
        },
      },
    ],
  ] as [string, PropertyDescriptor][]) {
    it(`keep a property for which a program has put on Object's prototype ${what}`, () => {
      const names = (value: unknown) => Object.entries(value as object);
      Object.defineProperty(Object.prototype, "should", { ...property, configurable: true });
      try {
        for (const value of [{ should: 5 }, { a: 1, should: "text", b: [2] }]) {
          deepStrictEqual(names(decode(encode(value))), names(value));
          deepStrictEqual(names((decode(encode([value])) as object[])[0]), names(value));
        }
      } finally {
        delete (Object.prototype as { should?: unknown }).should;
      }
    });
  }

  for (const [what, value, path] of [
    ["the first element of a list", () => [1], [0]],
    ["another element of it", () => [1, 2], [1]],
    ["an element of a long list", () => Array.from({ length: 1000 }, (_, i) => i), [999]],
    ["a property", () => ({ a: 1 }), ["a"]],
  ] as [string, () => object, (string | number)[]][]) {
    it(`are refused with the path if a getter throws: ${what}`, () => {
      const throwing = Object.defineProperty(value(), path[0]!, {
        enumerable: true,
        configurable: true,
        get(): never {
          throw new Error("not today");
        },
      });
      for (const each of [throwing, { inner: throwing }]) {
        const fault = faultIn(() => encode(each));
        expect([fault.code, fault.path]).to.deep.equal([
          "UNSERIALISABLE",
          each === throwing ? path : ["inner", ...path],
        ]);
      }
    });
  }

  it("are as deep and as long as they like", () => {
    let deep: unknown = "end";
    for (let i = 0; i < 200; i++) deep = i % 2 === 0 ? [deep] : { deep };
    const values = [
      deep,
      Array.from({ length: 500 }, (_, i) => ({ i })),
      Array.from({ length: 100_000 }, (_, i) => (i % 3 === 0 ? -i : i / 7)),
      [...Array.from({ length: 1000 }, (_, i) => i), "not a number", { a: [1] }],
      "x".repeat(16_384),
      { text: "\u05e9".repeat(8_190) },
      Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`name${i}`, i])),
    ];
    for (const value of values) deepStrictEqual(decode(encode(value)), value);
  });
});

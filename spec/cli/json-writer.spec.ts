import { expect } from "chai";
import fc from "fast-check";
import { toJson } from "../../src/cli/json-writer.js";
import { revoked } from "../support/revoked.js";

class Reading {
  readonly #secret = 1;
  value = 2;
  get twice(): number {
    return this.#secret + this.value;
  }
}

describe("outputs as JSON", () => {
  it("are what JSON.stringify writes of all that JSON holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(toJson(value))).to.deep.equal(value);
        if (!JSON.stringify(value).includes("-0") && !toJson(value).includes("-0")) {
          expect(toJson(value)).to.equal(JSON.stringify(value));
        }
      }),
    );
  });

  const held: [what: string, value: unknown, json: string][] = [
    ["-0", { a: -0 }, '{"a":-0}'],
    ["a bigint", [2n ** 70n], '["1180591620717411303424"]'],
    ["a Date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["a Map", new Map<unknown, unknown>([[{ k: 1 }, new Set([1, -0])]]), '[[{"k":1},[1,0]]]'],
    ["a Set", new Set(["a"]), '["a"]'],
    ["a typed array", Float64Array.of(1.5, -0), "[1.5,-0]"],
    ["a Buffer", Buffer.of(1, 2), "[1,2]"],
    ["a BigInt64Array", BigInt64Array.of(-1n), '["-1"]'],
    ["an error", [new RangeError("bad")], '[{"error":"bad"}]'],
    ["an undefined property", { a: undefined, b: 1 }, '{"b":1}'],
    ["undefined", undefined, "null"],
    ["toJSON()", { a: { toJSON: (key: string) => `${key}!` } }, '{"a":"a!"}'],
    ["a URL", new URL("http://a/"), '"http://a/"'],
    ["boxed values", [Object(1), Object("a"), Object(true), Object(1n)], '[1,"a",true,"1"]'],
    ["an instance", new Reading(), '{"value":2}'],
    ["no prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ["the same object twice", Array(2).fill({ a: 1 }), '[{"a":1},{"a":1}]'],
    ["a property named __proto__", JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ];
  for (const [what, value, json] of held) it(`have ${what}`, () => expect(toJson(value)).to.equal(json));

  const cycle: { a: unknown[] } = { a: [] };
  cycle.a.push(cycle);
  const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`) as unknown;
  let deeper: unknown = deep;
  for (let i = 0; i < 200_000; i++) deeper = [deeper];
  const lost: [value: unknown, says: string][] = [
    [Number.NaN, "it is NaN"],
    [Number.POSITIVE_INFINITY, "it is Infinity"],
    [Number.NEGATIVE_INFINITY, "it is -Infinity"],
    [new Date(Number.NaN), "it is an invalid Date"],
    [Object(Number.NaN), "it is NaN"],
    [{ toJSON: () => Number.NaN }, "it is NaN"],
    [() => 1, "it is a function"],
    [Reading, "it is the class Reading"],
    [Symbol("a"), "it is Symbol(a)"],
    [[undefined], "it is undefined"],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what it is about
    [[, 1], "it is undefined"],
    [{ [Symbol("a")]: 1 }, "it has a property whose name is a symbol, Symbol(a)"],
    [/a/, "it is a RegExp"],
    [new ArrayBuffer(1), "it is an ArrayBuffer"],
    [new SharedArrayBuffer(1), "it is an ArrayBuffer"],
    [new DataView(new ArrayBuffer(1)), "it is a DataView"],
    [Promise.resolve(), "it is a Promise"],
    [new WeakMap(), "it is a WeakMap"],
    [new WeakSet(), "it is a WeakSet"],
    [new WeakRef({}), "it is a WeakRef"],
    [[1].values(), "it is an iterator"],
    [new Map().entries(), "it is an iterator"],
    [cycle, "it refers to itself"],
    [deeper, "it is nested too deeply"],
    [Float64Array.of(Number.NaN), "it is NaN"],
    [new Intl.NumberFormat("en"), "it is [object Intl.NumberFormat], which has no properties"],
    [Object.assign(new Date(0), { toJSON: undefined }), "it is a Date without toJSON()"],
    [new Map([[Number.NaN, 1]]), "it is NaN"],
    [revoked(), "reading it threw TypeError"],
    [
      {
        get a() {
          throw new Error("bad");
        },
      },
      "reading it threw Error: bad",
    ],
  ];
  for (const [value, says] of lost) {
    it(`refuse a value of which they say: ${says}`, () => {
      const inside = { outputs: [{ "a b": value, ok: 1 }] };
      expect(() => toJson(inside)).to.throw(says);
      expect(() => toJson(inside)).to.throw(/^outputs\[0\]\["a b"\]/);
      expect(() => toJson([value], 7)).to.throw(/^\[7\]\[0\]/);
    });
  }
});

import { expect } from "chai";
import fc from "fast-check";
import { asDeclared, Misfit } from "../../src/cli/declared-type.js";
import { parseJson } from "../../src/util/json-text.js";

class CliPassage {}

/** The value, or what is wrong with it. */
function read(json: string, type: Function | undefined): unknown {
  try {
    return asDeclared(parseJson(json), type);
  } catch (error) {
    return error instanceof Misfit ? `${error.path}: ${error.problem}` : error;
  }
}

const NUMBER = "it takes a number, such as 3 or -2.5e3";
const INTEGER = "it takes an integer, such as 3 or -20";
const DATE = "it takes a date, such as 2024-12-31 or 2024-12-31T23:59:59Z";
const INEXACT = "is an integer that a number can't represent exactly: declare the input as bigint";
const EXACT = `${INEXACT}, or give the digits as a string`;

describe("a JSON value of a declared type", () => {
  const right: [json: string, type: Function | undefined, value: unknown][] = [
    ["-2.5e3", Number, -2500],
    ["9007199254740992", Number, 2 ** 53],
    ["5", BigInt, 5n],
    ["9007199254740993", BigInt, 9007199254740993n],
    ['"-9007199254740993"', BigInt, -9007199254740993n],
    ['"7n"', BigInt, 7n],
    ["1e3", BigInt, 1000n],
    ["1e21", BigInt, 10n ** 21n],
    ["1e23", BigInt, 10n ** 23n],
    ["1e999", BigInt, 10n ** 999n],
    ["-12.50e1", BigInt, -125n],
    ["9007199254740993.0", BigInt, 9007199254740993n],
    ["[9.223372036854775807e18]", BigInt64Array, BigInt64Array.of(2n ** 63n - 1n)],
    ["1e23", Number, 1e23],
    ["[6.02214076e23]", Array, [6.02214076e23]],
    ["0.99999999999999999999", Number, 1],
    ["1e-400", undefined, 0],
    ["true", Boolean, true],
    ['"007"', String, "007"],
    ['"2024-02-29"', Date, new Date("2024-02-29")],
    ['"2024-02-29T10:00:00.5+02:00"', Date, new Date("2024-02-29T08:00:00.500Z")],
    ["[1]", Array, [1]],
    ["[1,1]", Set, new Set([1])],
    ['[["a",1]]', Map, new Map([["a", 1]])],
    ['{"a":1}', Map, new Map([["a", 1]])],
    ["[1,2.5]", Float64Array, Float64Array.of(1, 2.5)],
    ["[16777216,0.1,3e38]", Float32Array, Float32Array.of(16777216, 0.1, 3e38)],
    ["[1,2]", Buffer, Buffer.of(1, 2)],
    ["[0,255]", Uint8Array, Uint8Array.of(0, 255)],
    ["[9223372036854775807]", BigInt64Array, BigInt64Array.of(2n ** 63n - 1n)],
    ['{"a":1}', CliPassage, { a: 1 }],
    ["null", undefined, null],
    ['{"a":[null]}', Object, { a: [null] }],
  ];
  for (const [json, type, value] of right) {
    it(`${json} is read for ${type?.name ?? "any type"}`, () => {
      expect(read(json, type)).to.deep.equal(value);
    });
  }

  const wrong: [json: string, type: Function | undefined, problem: string][] = [
    ['"two"', Number, `: ${NUMBER}, not "two"`],
    ['"5"', Number, `: ${NUMBER}, not "5"`],
    ["null", Number, `: ${NUMBER}, not null`],
    ["true", Number, `: ${NUMBER}, not true`],
    ["[1]", Number, `: ${NUMBER}, not [ 1 ]`],
    ["9007199254740993", Number, `: 9007199254740993 ${INEXACT}`],
    ["-123456789012345678901234567890", Number, `: -123456789012345678901234567890 ${INEXACT}`],
    ["1e999", Number, ": 1e999 is larger than any number"],
    ["1.5", BigInt, `: ${INTEGER}, not 1.5`],
    ["1e-400", BigInt, `: ${INTEGER}, not 1e-400`],
    ["0.99999999999999999999", BigInt, `: ${INTEGER}, not 0.99999999999999999999`],
    ["1e99999999999", BigInt, `: ${INTEGER}, not 1e99999999999`],
    ["9007199254740993.0", Number, `: 9007199254740993.0 ${INEXACT}`],
    ["9007199254740993e0", Number, `: 9007199254740993e0 ${INEXACT}`],
    ["[9.007199254740993E+15]", Array, `[0]: 9.007199254740993E+15 ${EXACT}`],
    ["[9007199254740993.0]", Float64Array, `[0]: 9007199254740993.0 ${EXACT}`],
    ['"two"', BigInt, `: ${INTEGER}, not "two"`],
    ["1", Boolean, ": it takes true or false, not 1"],
    ['"yes"', Boolean, ': it takes true or false, not "yes"'],
    ["7", String, ": it takes a string, not 7"],
    ["null", String, ": it takes a string, not null"],
    ['"2024-02-30"', Date, `: ${DATE}, not "2024-02-30"`],
    ['"2024-13-01"', Date, `: ${DATE}, not "2024-13-01"`],
    ['"5"', Date, `: ${DATE}, not "5"`],
    ...["2024-12-31T23:59:59", "2024-12-31 23:59", "2024-12-31T23:59:59.999"].map(
      (time): [string, Function, string] => [
        ...([JSON.stringify(time), Date] as const),
        `: "${time}" has no time zone, so it differs from machine to machine: add Z for UTC, or +02:00`,
      ],
    ),
    ["1700000000000", Date, `: ${DATE}, not 1700000000000`],
    ['{"0":1}', Array, ': it takes a JSON list, such as ["a","b"], not { \'0\': 1 }'],
    ["[1]", Map, ': it takes a JSON list of pairs, such as [["a",1]], or an object, not [ 1 ]'],
    ["[256]", Uint8Array, "[0]: it takes a JSON list of numbers that a Uint8Array holds, not 256"],
    ["[1.5]", Int32Array, "[0]: it takes a JSON list of numbers that a Int32Array holds, not 1.5"],
    [
      "[0,9223372036854775808]",
      BigInt64Array,
      "[1]: it takes a JSON list of numbers that a BigInt64Array holds, not 9223372036854775808n",
    ],
    ["[1e39]", Float32Array, "[0]: it takes a JSON list of numbers that a Float32Array holds, not 1e+39"],
    ["[16777217]", Float32Array, "[0]: it takes a JSON list of numbers that a Float32Array holds, not 16777217"],
    ["[1]", CliPassage, ": it takes a JSON object, for CliPassage, not [ 1 ]"],
    ["[]", CliPassage, ": it takes a JSON object, for CliPassage, not []"],
    ['"two"', CliPassage, ': it takes a JSON object, for CliPassage, not "two"'],
    ["null", CliPassage, ": it takes a JSON object, for CliPassage, not null"],
    ['"http://a"', URL, ': it takes a URL, which needs a @Transform() on the input, not "http://a"'],
    ['{"a":[1,{"b":9007199254740993}]}', Object, `.a[1].b: 9007199254740993 ${EXACT}`],
    ["[9007199254740993]", Array, `[0]: 9007199254740993 ${EXACT}`],
    ["[9007199254740993]", Set, `[0]: 9007199254740993 ${EXACT}`],
    [JSON.stringify("x".repeat(1e6)), Number, `: ${NUMBER}, not "${"x".repeat(59)}…`],
  ];
  for (const [json, type, problem] of wrong) {
    it(`${json.slice(0, 40)} is refused for ${type!.name}, with the value seen`, () => {
      expect(read(json, type))
        .to.be.a("string")
        .that.satisfies((text: string) => text.startsWith(problem), problem);
    });
  }

  it("is any integer that there is, for a bigint", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), (integer) => {
        expect(read(`${integer}`, BigInt)).to.equal(integer);
      }),
    );
  });

  it("is, for a number, an integer exactly when a number holds it", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }), (integer) => {
        const value = read(`${integer}`, Number);
        if (BigInt(Number(integer)) === integer) expect(value).to.equal(Number(integer));
        else expect(value).to.equal(`: ${integer} ${INEXACT}`);
      }),
    );
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { JsonTextError, NumberText, parseJson, withNumbers } from "../../src/util/json-text.js";

/** An integer, and a way to write it with a point or an exponent. */
const notatedInteger = fc
  .record({
    integer: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    zeros: fc.nat(12),
    point: fc.nat(40),
    hasExponent: fc.boolean(),
  })
  .map(({ integer: some, zeros, point, hasExponent }) => {
    const integer = some * 10n ** BigInt(zeros);
    const digits = String(integer).replace("-", "");
    const sign = integer < 0n ? "-" : "";
    if (!hasExponent) return { integer, text: `${sign}${digits}.${"0".repeat(1 + (point % 3))}` };
    const at = point % digits.length;
    const text = at === 0 ? `${digits}e0` : `${digits.slice(0, -at)}.${digits.slice(-at)}E+${at}`;
    return { integer, text: sign + text };
  });

/** A number in the digits in which it is written, and zeros. */
function shortest(number: number): string {
  const [digits = "", exponent = "0"] = String(number).split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  return whole + fraction.padEnd(Number(exponent), "0");
}

describe("JSON text", () => {
  it("gives what JSON.parse gives, wherever that is exact", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { value, inexact } = withNumbers(parseJson(text));
        if (inexact === undefined) expect(value).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it("refuses exactly what JSON.parse refuses, with a place in the text", () => {
    const piece = fc.constantFrom(...'[]{},:"\\ \n\t01-+.eEtrufalsn\u0001x', "true", "null", '"a"', "1", "\\u00e4");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        try {
          parseJson(text);
          expect(isJson).to.equal(true);
        } catch (error) {
          expect(error).to.be.an.instanceOf(JsonTextError);
          expect(isJson).to.equal(false);
          const { line, column } = error as JsonTextError;
          const lines = text.split("\n");
          expect(line).to.be.within(1, lines.length);
          expect(column).to.be.within(1, lines[line - 1]!.length + 1);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const errors: [text: string, says: string][] = [
    ["", "line 1, column 1: it is empty"],
    [" \n", "line 2, column 1: it is empty"],
    ["two", 'line 1, column 1: a value is expected, not "two"'],
    ['{"a": 1,\n  b: 2}', 'line 2, column 3: a name in double quotes is expected, not "b"'],
    ["[1, 2", 'line 1, column 6: it ends where "," or "]" is expected'],
    ["[1 2]", 'line 1, column 4: "," or "]" is expected, not "2"'],
    ["[1,]", 'line 1, column 4: a value is expected, not "]"'],
    ['{"a" 1}', 'line 1, column 6: ":" is expected, not "1"'],
    ["{'a': 1}", 'line 1, column 2: a name in double quotes, or "}" is expected, not "\'"'],
    ["1 2", 'line 1, column 3: the end is expected, not "2"'],
    ["[01]", 'line 1, column 2: a value or "]" is expected, not "01"'],
    ["NaN", 'line 1, column 1: a value is expected, not "NaN"'],
    ['["a\\x"]', 'line 1, column 4: "\\\\x" is not a valid JSON escape'],
    ['["a', "line 1, column 2: a string has no closing quote"],
    ['"a\tb"', 'line 1, column 3: a string holds the control character "\\t": escape it'],
  ];
  for (const [text, says] of errors) {
    it(`says of ${JSON.stringify(text)} where and why`, () => {
      expect(() => parseJson(text)).to.throw(says);
    });
  }

  it("keeps the digits of every integer that a number can't hold, and of nothing else", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (integer) => {
        const [value] = parseJson(`[${integer}]`) as [unknown];
        if (BigInt(Number(integer)) === integer) expect(value).to.equal(Number(integer));
        else expect(value).to.deep.equal(new NumberText(String(integer)));
      }),
    );
    const all = withNumbers(parseJson("[0.1, 1e23, 0.99999999999999999999, 1e-999, 1e999, 9007199254740993]"));
    expect(all.value).to.deep.equal([0.1, 1e23, 1, 0, new NumberText("1e999"), new NumberText("9007199254740993")]);
    expect(all.inexact?.path).to.equal("[4]");
    const quoted = '["9007199254740993", "\\"9007199254740993", "\\\\", 9007199254740992]';
    expect(parseJson(quoted)).to.deep.equal(JSON.parse(quoted));
  });

  it("takes an integer in any notation as the same integer, or as none that a number holds", () => {
    fc.assert(
      fc.property(notatedInteger, ({ text, integer }) => {
        const [kept] = parseJson(`[${text}]`) as [unknown];
        expect(kept instanceof NumberText ? kept.integer : BigInt(kept as number)).to.equal(integer);
        const { value, inexact } = withNumbers(kept);
        const isRefused = (() => {
          try {
            expect(parseJson(text, { refuse: true })).to.equal(Number(text));
            return false;
          } catch (error) {
            return (error as JsonTextError).isNumber;
          }
        })();
        expect(isRefused).to.equal(inexact !== undefined);
        const isExact = BigInt(Number(text)) === integer;
        if (isExact) expect(value).to.equal(Number(text));
        else if (inexact === undefined) expect(BigInt(shortest(value as number))).to.equal(integer);
        else expect(inexact.number.text).to.equal(text);
      }),
      { numRuns: 1_000 },
    );
    for (const text of ["9007199254740993.0", "9007199254740993e0", "9.007199254740993e15", "900719925474099.3e1"]) {
      expect(() => parseJson(text, { refuse: true }), text).to.throw(
        "is an integer that a number can't represent exactly",
      );
    }
    for (const text of ["0.5", "1.5e0", "99999999999999999.5", "1e-400", "0.99999999999999999999", "1e99999999999"]) {
      const value = parseJson(text);
      expect(value instanceof NumberText ? value.integer : Number.isInteger(value), text).to.be.oneOf([
        undefined,
        false,
      ]);
    }
  });

  it("finds the first of them, with the way to it", () => {
    const value = parseJson('{"a": [1, {"b": 9007199254740993}], "c": 9007199254740995}');
    expect(withNumbers(value).inexact).to.deep.equal({ path: ".a[1].b", number: new NumberText("9007199254740993") });
    expect(withNumbers({ a: [1] })).to.deep.equal({ value: { a: [1] } });
  });

  it("takes long strings, and deep nesting", () => {
    const text = `["${"x".repeat(20_000_000)}", 9007199254740993]`;
    expect((parseJson(text) as unknown[])[1]).to.be.an.instanceOf(NumberText);
    expect(() => parseJson("[".repeat(100_000))).to.throw("column 100001: it ends where");
  });
});

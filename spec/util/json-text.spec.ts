import { expect } from "chai";
import fc from "fast-check";
import { findNumberText, JsonTextError, NumberText, parseJson } from "../../src/util/json-text.js";

describe("JSON text", () => {
  it("gives what JSON.parse gives, wherever that is exact", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value = parseJson(text);
        if (findNumberText(value) === undefined) expect(value).to.deep.equal(JSON.parse(text));
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
    ['["a\\x"]', 'line 1, column 4: "\\\\x" is no escape of JSON'],
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
    expect(parseJson("[1e999, 0.1, 1e23, 9007199254740993]")).to.deep.equal([
      new NumberText("1e999"),
      0.1,
      1e23,
      new NumberText("9007199254740993"),
    ]);
    const quoted = '["9007199254740993", "\\"9007199254740993", "\\\\", 9007199254740992]';
    expect(parseJson(quoted)).to.deep.equal(JSON.parse(quoted));
  });

  it("finds the first of them, with the way to it", () => {
    const value = parseJson('{"a": [1, {"b": 9007199254740993}], "c": 9007199254740995}');
    expect(findNumberText(value)).to.deep.equal({ path: ".a[1].b", number: new NumberText("9007199254740993") });
    expect(findNumberText({ a: [1] })).to.equal(undefined);
  });

  it("takes long strings, and deep nesting", () => {
    const text = `["${"x".repeat(20_000_000)}", 9007199254740993]`;
    expect((parseJson(text) as unknown[])[1]).to.be.an.instanceOf(NumberText);
    expect(() => parseJson("[".repeat(100_000))).to.throw("column 100001: it ends where");
  });
});

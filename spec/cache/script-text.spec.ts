import { expect } from "chai";
import fc from "fast-check";
import { possibleSpecifiersIn, specifiersIn, variablesIn } from "../../src/cache/code/script-text.js";

const LENGTH = 200_000;

/** Texts in which each place may be the begin of something, and is not: a source map is one word of 100,000 letters. */
const PARTS = [
  ...[
    "A",
    "a",
    " ",
    "\n",
    "a=",
    "a:",
    "f(",
    "a, ",
    "f(a,",
    "a.",
    "'a',",
    "('a\",",
    "`a${",
    "/*",
    "require ",
    "require(",
  ],
  ...[
    "from ",
    "import/*",
    "function f(",
    "function f(a) {",
    "createRequire(",
    "env ",
    "process.env[",
    "= env",
    "import 'env",
    "({[",
    "\\",
    '"',
  ],
  ...[
    `,${" ".repeat(300)}`,
    `require${" ".repeat(300)}`,
    `=${" ".repeat(300)}`,
    `a${" ".repeat(3000)}`,
    `env${" ".repeat(3000)}`,
    `from${" ".repeat(3000)}`,
  ],
];

/** Code whose `require` has another name, whose `require` is handed on, and that hands on the environment. */
const BEGINS = [
  "var env;",
  'typeof require !== "undefined" && require.extensions; var env = process.env;',
  "typeof require; f(require, 1); var env = process.env; createRequire; tmpdir; cwd;",
];

describe("the text of a package's script is read in a time that is linear in its length", () => {
  for (const begin of BEGINS) {
    for (const part of PARTS) {
      it(`${JSON.stringify(part.slice(0, 20))} after ${begin.slice(0, 20)}`, () => {
        const text = begin + part.repeat(Math.ceil(LENGTH / part.length));
        // What takes the square of it takes more than the seconds that a spec has.
        for (const read of [possibleSpecifiersIn, specifiersIn, variablesIn]) read(text);
      });
    }
  }

  it("finds what it finds in short ones", () => {
    const text = `${"A".repeat(LENGTH)} = 1; const load = createRequire(url); load("a"); require.resolve("b"); process.env.SCALE;`;
    expect(possibleSpecifiersIn(text)).to.include("a");
    expect(specifiersIn(text)).to.include("b");
    expect([...variablesIn(text).names]).to.include("SCALE");
  });

  it("finds each name that one pattern finds, which takes 300 steps for each colon", () => {
    const pattern = /(?<![\w$])([\w$]+)\s*[=:](?=\s*[^;"'`]{0,300}?(?:\b|_)(?:createRequire|require)\b)/g;
    const parts = [
      "load",
      "$b",
      " ",
      "\n",
      "=",
      ":",
      ";",
      "'x'",
      "require",
      "_require",
      "createRequire",
      "(",
      ".",
      "x".repeat(150),
      " ".repeat(200),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 25 }), (words) => {
        const text = `${words.join("")}\n;`;
        const names = Array.from(text.matchAll(pattern), ([, name]) => name!);
        const calls = names.map((name, i) => `${name}("called-${i}")`).join(";");
        // Text that is handed on with require counts in any case.
        const found = possibleSpecifiersIn(`typeof require;${text}${calls}`);
        expect(found).to.include.members(names.map((_, i) => `called-${i}`));
      }),
      { numRuns: 2000 },
    );
  });
});

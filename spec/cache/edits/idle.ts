import { row } from "./row.js";

const HELPERS = {
  "text.ts": `// Joins.
export function join(words: string[]): string { return words.map((word) => trim(word)).join(" "); }
function trim(word: string): string { const short = word.trim(); return short; }
export function unused(): number { return 1; }
export const UNUSED = 1;
export class Tool {
  static LIMIT = 1;
  static OTHER = 1;
  used(x: number): number { return x + 1; }
  unused(x: number): number { return x + 2; }
}
`,
};
const JOINS = { head: `import { join, Tool } from "./text.js";`, y: `join([String(x)])`, files: HELPERS };
const RUNS_MODEL = (name: string, use: string) => ({
  files: {
    "pipeline.ts": `import { input, model, node, Pipeline } from "hypernodes";
@model() export class ${name} {
  constructor(readonly n = 1) {}
  used() { return this.n + 1; }
  unused() { return this.n + 2; }
}
export class P extends Pipeline {
  @input() x!: number;
  @node("x") made(x: number): any { return new ${name}(x); }
  @node("made") y(made: ${name}): any { return ${use}; }
  @node("x") other(x: number): any { return x; }
}
`,
  },
});

/** What a node beside others may begin to write: what these read is not that. */
const WRITERS = {
  "a variable of a module": "stopwords().size",
  "a member of its own object": "new Counter().inc()",
  "anything, by a method of any name": `run({}, "a")`,
  "a member of a list": "Object.assign([x], { m: 1 }).m",
};

/** Edits that change no value: nothing is computed after them. */
export const IDLE = [
  ...Object.entries(WRITERS).map(([what, code]) =>
    row(
      0,
      `a node beside it that writes ${what}`,
      {
        head: `import { Counter, run, stopwords } from "./words.js";\nimport { conf, f } from "./f.js";`,
        y: "f(x) + conf.n + conf.m.size",
        members: `@node("x") more(x: number): any { return x + 1; }`,
        files: {
          "words.ts": `let stop: Set<string> | undefined;
export const stopwords = () => (stop ??= new Set(["a"]));
export class Counter { n = 0; inc() { this.n += 1; return this.n; } }
export const run = (object: any, name: string) => object[name]?.();`,
          "f.ts": `export const conf = { n: 1, m: new Map([["a", 1]]) };\nexport const f = (x: number) => x + conf.n;`,
        },
      },
      ["pipeline.ts", "x + 1;", `x + ${code};`],
      "more",
    ),
  ),
  row(0, "a comment", JOINS, ["text.ts", "// Joins.", "/* joins again */"], ""),
  row(0, "formatting", JOINS, ["text.ts", "return words.map", "return   words\n\n    .map"], ""),
  row(0, "quotes and parentheses", JOINS, ["text.ts", `join(" ")`, `join((' '))`], ""),
  row(0, "a type", JOINS, ["text.ts", "join(words: string[])", "join(words: readonly string[])"], "", {
    except: ["swc", "esm", "cjs"],
  }),
  row(0, "a local's name", JOINS, ["text.ts", /short/g, "long"], ""),
  row(0, "a parameter's name", JOINS, ["text.ts", /words/g, "parts"], ""),
  row(0, "a helper's name", JOINS, ["text.ts", /\btrim\(w/g, "cut(w"], ""),
  row(
    0,
    "the name of a function that a list calls",
    { head: "const gone = (n: number) => n + 1;", y: "[x].map(gone)" },
    ["pipeline.ts", /gone/g, "come"],
    "",
  ),
  row(0, "an unused function", JOINS, ["text.ts", "return 1", "return 2"], ""),
  row(0, "an unused constant", JOINS, ["text.ts", "UNUSED = 1", "UNUSED = 2"], ""),
  row(0, "a new function", JOINS, ["text.ts", "// Joins.", "export const more = () => 1;"], ""),
  row(0, "a new import", JOINS, ["text.ts", "// Joins.", `import "node:path";`], ""),
  row(0, "the order of functions", JOINS, ["text.ts", /(export function join.*\n)(function trim.*\n)/, "$2$1"], ""),
  row(
    0,
    "a helper that moves to another file",
    JOINS,
    [
      ["text.ts", /function trim.*\n/, `import { trim } from "./trim.js";\n`],
      ["trim.ts", "export function trim(word: string): string { const short = word.trim(); return short; }"],
    ],
    "",
    // There its call has another form.
    { except: ["cjs"] },
  ),
  row(
    0,
    "an unused method of a class that is made: it may be called",
    { ...JOINS, y: "new Tool().used(x)" },
    ["text.ts", "x + 2", "x + 3"],
    "y",
  ),
  row(
    0,
    "another static than the node names",
    { ...JOINS, y: "Tool.LIMIT + x" },
    ["text.ts", "OTHER = 1", "OTHER = 2"],
    "",
  ),
  row(
    0,
    "another static of its own class than the node names",
    { y: "P.LIMIT + x", members: "static LIMIT = 1;\n  static OTHER = 1;" },
    ["pipeline.ts", "OTHER = 1", "OTHER = 2"],
    "",
  ),
  row(
    0,
    "another node, where one names a static of their class",
    { y: "P.LIMIT + x", members: `static LIMIT = 1;\n  @node("x") z(x: number): any { return x + 1; }` },
    ["pipeline.ts", "x + 1", "x + 2"],
    "z",
  ),
  row(
    0,
    "another node, where one hands this on",
    {
      head: "const use = (p: any, x: number) => p.k + x;",
      y: "use(this, x)",
      members: `k = 1;\n  @node("x") z(x: number): any { return x + 1; }`,
    },
    ["pipeline.ts", "return x + 1", "return x + 2"],
    "z",
  ),
  row(
    0,
    "another node, where one asks for its class's name",
    { y: "this.constructor.name + x", members: `@node("x") z(x: number): any { return x + 1; }` },
    ["pipeline.ts", "x + 1", "x + 2"],
    "z",
  ),
  row(
    0,
    "an unused method of a model: it may be called",
    RUNS_MODEL("R0A", "made.used()"),
    ["pipeline.ts", "this.n + 2", "this.n + 3"],
    "made y",
  ),
  row(
    0,
    "whitespace in JSON",
    {
      head: `import { createRequire } from "node:module";\nconst data = createRequire(import.meta.url)("./data.json");`,
      y: "[data, x]",
      files: { "data.json": `{ "k": 1 }` },
    },
    ["data.json", `"k": 1`, `"k":   1`],
    "",
    { except: ["cjs"] },
  ),
  row(
    0,
    "whitespace in JSON that is imported",
    {
      head: `import data from "./data.json" with { type: "json" };`,
      y: "[data, x]",
      files: { "data.json": `{ "k": 1 }` },
    },
    ["data.json", `"k": 1`, `"k":   1`],
    "",
    { except: ["cjs"] },
  ),
  row(
    0,
    "whitespace in JSON that is imported when a node runs",
    {
      y: `return import("./data.json", { with: { type: "json" } }).then((m) => m.default.k + x);`,
      files: { "data.json": `{ "k": 1 }` },
    },
    ["data.json", `"k": 1`, `"k":   1`],
    "",
    { except: ["cjs"] },
  ),
  row(
    0,
    "a comment in a module that is imported when a node runs",
    { y: `return import("./lazy.mjs").then((m) => m.k + x);`, files: { "lazy.mjs": "export const k = 1; // one" } },
    ["lazy.mjs", "// one", "// two"],
    "",
  ),
  row(
    0,
    "another key of JSON than the node reads",
    {
      head: `import { createRequire } from "node:module";\nconst data = createRequire(import.meta.url)("./data.json");`,
      y: "data.k + x",
      files: { "data.json": `{ "k": 1, "l": 1 }` },
    },
    ["data.json", `"l": 1`, `"l": 2`],
    "",
    { except: ["cjs"] },
  ),
  row(
    0,
    "a comment in a workspace's package",
    {
      head: `import { f } from "p";`,
      y: "f(x)",
      files: {
        "packages/p/package.json": `{ "name": "p", "type": "module", "main": "i.js" }`,
        "packages/p/i.js": "// one\nexport const f = (x) => x + 1;",
      },
    },
    ["packages/p/i.js", "// one", "// two"],
    "",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    0,
    "a workspace's package's version",
    {
      head: `import { f } from "p";`,
      y: "f(x)",
      files: {
        "packages/p/package.json": `{ "name": "p", "version": "1.0.0", "type": "module", "main": "i.js" }`,
        "packages/p/i.js": "export const f = (x) => x + 1;",
      },
    },
    ["packages/p/package.json", "1.0.0", "1.0.1"],
    "",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    0,
    "a comment in a workspace's package that is imported when a node runs",
    {
      y: `return import("p").then(({ f }) => f(x));`,
      files: {
        "packages/p/package.json": `{ "name": "p", "type": "module", "main": "i.js" }`,
        "packages/p/i.js": "// one\nexport const f = (x) => x + 1;",
      },
    },
    ["packages/p/i.js", "// one", "// two"],
    "",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    0,
    "another node",
    { members: `@node("x") z(x: number): any { return x + 1; }` },
    ["pipeline.ts", "x + 1", "x + 2"],
    "z",
  ),
  row(
    0,
    "a new node",
    {},
    ["pipeline.ts", `@node("x") other`, `@node("x") z(x: number): any { return x + 7; }\n  @node("x") other`],
    "z",
  ),
  row(0, "the order of nodes", {}, ["pipeline.ts", /( {2}@node.*\n)( {2}@node.*\n)/, "$2$1"], ""),
  row(0, "retries", {}, ["pipeline.ts", `@node("x") y`, `@node("x", { retries: 2 }) y`], ""),
  row(
    0,
    "a node that names what it makes",
    { head: "const log: string[] = [];", y: "log.push('y'); return x;" },
    ["pipeline.ts", "return x", "return  x"],
    "",
  ),
  row(
    0,
    "a name of an import",
    {
      head: `import { f as a } from "./f.js";`,
      y: "a(x)",
      files: { "f.ts": "export const f = (x: number) => x + 1;" },
    },
    ["pipeline.ts", /\ba\b(?=[( ])/g, "b"],
    "",
  ),
  row(
    0,
    "where the project's root is named",
    { head: `import path from "node:path";\nconst here = path.resolve("data");`, y: "here.length > 0 ? x : 0" },
    ["pipeline.ts", "? x : 0", "?  x : 0"],
    "",
  ),
  row(
    0,
    "a package that only a test in TypeScript of another package imports",
    {
      head: `import { f } from "tested";`,
      y: "f(x)",
      files: {
        "node_modules/tested/package.json": `{ "name": "tested", "version": "1.0.0", "type": "module", "main": "i.js" }`,
        "node_modules/tested/i.js": "export const f = (x) => x + 1;",
        "node_modules/tested/src/i.test.ts": `import { run } from "tester"; run(process.cwd());`,
        "node_modules/tester/package.json": `{ "name": "tester", "version": "1.0.0", "type": "module", "main": "i.js" }`,
        "node_modules/tester/i.js": "export const run = () => 1;",
      },
    },
    ["node_modules/tester/i.js", "1", "2"],
    "",
    { only: ["swc", "tsx"] },
  ),
];

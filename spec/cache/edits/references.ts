import { row } from "./row.js";

const TWO = {
  "a.ts": `export default (x: number) => x + 1;\nexport const f = (x: number) => x + 1;\nexport const K = 1;\n`,
  "b.ts": `export default (x: number) => x * 2;\nexport const f = (x: number) => x * 2;\nexport const K = 2;\n`,
};
const FA = `import { f as fa, K as KA } from "./a.js";\nimport { f as fb, K as KB } from "./b.js";`;

const EQUAL = "const A: any = { v: 1, n: { k: 1 } };\nconst C: any = { v: 1, n: { k: 1 } };";
/** A node that writes something, reads something and leaves all as it was: which is which of those that are equal. */
const WRITTEN: readonly (readonly [what: string, head: string, from: string | RegExp, to: string])[] = [
  [
    "object is written",
    `${EQUAL}\nconst read = () => A.v;\nconst write = () => { A.v = 8; };\nconst restore = () => { A.v = 1; };`,
    /A\.v = /g,
    "C.v = ",
  ],
  [
    "object is read",
    `${EQUAL}\nconst read = () => A.v;\nconst write = () => { A.v = 8; };\nconst restore = () => { A.v = 1; };`,
    "=> A.v",
    "=> C.v",
  ],
  [
    "objects is another name of the other one",
    `${EQUAL}\nconst read = () => A.v;\nconst write = () => { C.v = 8; };\nconst restore = () => { C.v = 1; };`,
    "const C: any = { v: 1, n: { k: 1 } }",
    "const C: any = A",
  ],
  [
    "objects has the other one's member",
    `${EQUAL}\nconst read = () => A.n.k;\nconst write = () => { C.n.k = 8; };\nconst restore = () => { C.n.k = 1; };`,
    "const C: any = { v: 1, n: { k: 1 } }",
    "const C: any = { v: 1, n: A.n }",
  ],
  [
    "objects has a local name where it is written",
    `${EQUAL}\nconst read = () => A.v;\nconst put = (v: number) => { const to = C; to.v = v; };
const write = () => put(8);\nconst restore = () => put(1);`,
    "to = C",
    "to = A",
  ],
  [
    "variable is read",
    "let a = 1, c = 1;\nconst read = () => a;\nconst write = () => { a = 8; };\nconst restore = () => { a = 1; };",
    "=> a;",
    "=> c;",
  ],
  [
    "list is read",
    `const A: any = [];\nconst C: any = [];\nconst read = () => A.length;
const write = () => { A.push(1); };\nconst restore = () => { A.pop(); };`,
    "=> A.length",
    "=> C.length",
  ],
  [
    "class is read",
    `class A { static v = 1; }\nclass C { static v = 1; }\nconst read = () => A.v;
const write = () => { A.v = 8; };\nconst restore = () => { A.v = 1; };`,
    "=> A.v",
    "=> C.v",
  ],
  [
    "imported variable is read",
    `import { a, restore, write } from "./vars.js";\nconst read = () => a;`,
    "import { a,",
    "import { c as a,",
  ],
];

/** Kind 1: which of several things of one form is meant. */
export const REFERENCES = [
  ...WRITTEN.map(([what, head, from, to]) =>
    row(
      1,
      `which of two equal ones, where one is written: another ${what}`,
      {
        head,
        y: "write(); const found = read(); restore(); return found + x;",
        files: {
          "vars.ts": `export let a = 1, c = 1;
export const write = () => { a = 8; };\nexport const restore = () => { a = 1; };\n`,
        },
      },
      ["pipeline.ts", from, to],
      "y",
    ),
  ),
  row(
    1,
    "other names for two equal objects of which one is written",
    {
      head: `${EQUAL}\nconst read = () => A.v;\nconst write = () => { C.v = 8; };`,
      y: "write(); return read() + x;",
    },
    ["pipeline.ts", /\bC\b/g, "D"],
    "",
  ),
  row(
    1,
    "another of two default imports",
    { head: `import a from "./a.js";\nimport b from "./b.js";`, y: "a(b(a(x)))", files: TWO },
    ["pipeline.ts", "a(b(a(x)))", "a(b(b(x)))"],
    "y",
  ),
  row(
    1,
    "the same of two namespaces",
    { head: `import * as a from "./a.js";\nimport * as b from "./b.js";`, y: "[a.f(x), b.f(x), a.f(x)]", files: TWO },
    ["pipeline.ts", "b.f(x), a.f(x)", "b.f(x), b.f(x)"],
    "y",
  ),
  row(
    1,
    "another of two aliases",
    { head: FA, y: "fa(x) - fb(x)", files: TWO },
    ["pipeline.ts", "fa(x) - fb(x)", "fb(x) - fa(x)"],
    "y",
  ),
  row(
    1,
    "an import's path",
    { head: `import { f } from "./a.js";`, y: "f(x)", files: TWO },
    ["pipeline.ts", "./a.js", "./b.js"],
    "y",
  ),
  row(
    1,
    "functions in each other's place",
    { head: FA, y: "fa(fb(x))", files: TWO },
    ["pipeline.ts", "fa(fb(x))", "fb(fa(x))"],
    "y",
  ),
  row(
    1,
    "default imports of two packages",
    {
      head: `import a from "p1";\nimport b from "p2";`,
      y: "[a(x), b(x), a(x)]",
      files: {
        "node_modules/p1/package.json": `{ "name": "p1", "version": "1.0.0", "type": "module", "main": "i.js" }`,
        "node_modules/p1/i.js": "export default (x) => x + 1;",
        "node_modules/p2/package.json": `{ "name": "p2", "version": "1.0.0", "type": "module", "main": "i.js" }`,
        "node_modules/p2/i.js": "export default (x) => x * 2;",
      },
    },
    ["pipeline.ts", "b(x), a(x)", "b(x), b(x)"],
    "y",
  ),
  row(
    1,
    "two constants in each other's place",
    { head: FA, y: "[KA, KB]", files: TWO },
    ["pipeline.ts", "[KA, KB]", "[KB, KA]"],
    "y",
  ),
  row(
    1,
    "functions in an object in each other's place",
    { head: FA, y: `({ a: fa, b: fb })["a" as "a" | "b"](x)`, files: TWO },
    ["pipeline.ts", "a: fa, b: fb", "a: fb, b: fa"],
    "y",
  ),
  row(
    1,
    "functions in each other's place, two files away",
    {
      head: `import { both } from "./both.js";`,
      y: "both(x)",
      files: { ...TWO, "both.ts": `${FA}\nexport const both = (x: number) => fa(x) - fb(x);` },
    },
    ["both.ts", "fa(x) - fb(x)", "fb(x) - fa(x)"],
    "y",
  ),
  row(
    1,
    "the class that is made",
    {
      head: `class A { go(x: number) { return x + 1; } }\nclass B { go(x: number) { return x * 2; } }`,
      y: "new A().go(x) + new B().go(x)",
    },
    ["pipeline.ts", "new A().go(x) + new B()", "new A().go(x) + new A()"],
    "y",
  ),
  row(
    1,
    "the object whose method is called",
    {
      head: "const a = { k: 1, go(x: number) { return x + this.k; } };\nconst b = { k: 2, go(x: number) { return x + this.k; } };",
      y: "a.go(x) - b.go(x) * 3",
    },
    ["pipeline.ts", "a.go(x) - b.go(x)", "b.go(x) - a.go(x)"],
    "y",
  ),
  row(
    1,
    "a template's tag",
    { head: "const t = (s: any) => s[0] + 1;\nconst u = (s: any) => s[0] + 2;", y: "t`a` + u`b`" },
    ["pipeline.ts", "t`a` + u`b`", "t`a` + t`b`"],
    "y",
  ),
  row(
    1,
    "what is asked by instanceof",
    { head: "class A {}\nclass B {}\nconst made = new A();", y: "made instanceof A" },
    ["pipeline.ts", "made instanceof A", "made instanceof B"],
    "y",
  ),
  row(
    1,
    "a default export that is another function",
    {
      head: `import f from "./c.js";`,
      y: "f(x)",
      files: {
        "c.ts": "const a = (x: number) => x + 1;\nconst b = (x: number) => x * 2;\nexport default a;\nexport { b };\n",
      },
    },
    ["c.ts", "export default a", "export default b"],
    "y",
  ),
  row(
    1,
    "a function that shadows an import",
    { head: `import { f } from "./a.js";`, y: "return f(x);", files: TWO },
    ["pipeline.ts", "return f(x)", "const f = (v: number) => v - 1; return f(x)"],
    "y",
  ),
  row(
    1,
    "which of two imports an inner function calls",
    { head: FA, y: "[1, 2].map((i) => (i > 1 ? fa(x) : fb(x)))", files: TWO },
    ["pipeline.ts", "fa(x) : fb(x)", "fb(x) : fa(x)"],
    "y",
  ),
  row(
    1,
    "two members of one object in each other's place",
    { head: "const o = { a: (x: number) => x + 1, b: (x: number) => x * 2 };", y: "o.a(x) - o.b(x)" },
    ["pipeline.ts", "o.a(x) - o.b(x)", "o.b(x) - o.a(x)"],
    "y",
  ),
  row(
    1,
    "which function recursion goes through",
    {
      head: "function even(n: number): any { return n === 0 ? 'even' : odd(n - 1); }\nfunction odd(n: number): any { return n === 0 ? 'odd' : even(n - 1); }",
      y: "even(x)",
    },
    ["pipeline.ts", "return even(x)", "return odd(x)"],
    "y",
  ),
  row(
    1,
    "two objects that become one",
    { head: "export const a = { n: 1 };\nexport const b = { n: 1 };", y: "a === (b as unknown)" },
    ["pipeline.ts", "export const b = { n: 1 };", "export const b = a;"],
    "y",
  ),
  row(
    1,
    "two symbols that become one",
    { head: "export const a = Symbol('s');\nexport const b = Symbol('s');", y: "a === (b as unknown)" },
    ["pipeline.ts", "export const b = Symbol('s');", "export const b = a;"],
    "y",
  ),
  // 2: what comes through other modules.
  row(
    2,
    "a helper behind a barrel",
    {
      head: `import { stem } from "./lib/index.js";`,
      y: "stem(String(x))",
      files: {
        "lib/index.ts": `export { clean } from "./clean.js";\nexport { stem } from "./stem.js";\nexport type { T } from "./types.js";`,
        "lib/stem.ts": `import { clean } from "./index.js";\nexport const stem = (s: string) => clean(s) + "s";`,
        "lib/clean.ts": "export const clean = (s: string) => s.trim();",
        "lib/types.ts": "export interface T { a: number }",
      },
    },
    ["lib/clean.ts", "s.trim()", `s.trim() + "c"`],
    "y",
  ),
  row(
    2,
    "a helper behind export *",
    {
      head: `import { f } from "./all.js";`,
      y: "f(x)",
      files: { "all.ts": `export * from "./more.js";`, "more.ts": `export * from "./a.js";`, ...TWO },
    },
    ["a.ts", "f = (x: number) => x + 1", "f = (x: number) => x + 3"],
    "y",
  ),
  row(
    2,
    "what a barrel exports under a name",
    {
      head: `import { g } from "./all.js";`,
      y: "g(x)",
      files: { ...TWO, "all.ts": `export { f as g } from "./a.js";` },
    },
    ["all.ts", "./a.js", "./b.js"],
    "y",
  ),
  row(
    2,
    "a namespace that a barrel exports",
    {
      head: `import { ops } from "./all.js";`,
      y: "ops.f(x)",
      files: { ...TWO, "all.ts": `export * as ops from "./a.js";` },
    },
    ["a.ts", "f = (x: number) => x + 1", "f = (x: number) => x + 3"],
    "y",
  ),
  row(
    2,
    "a default that a barrel exports by a name",
    {
      head: `import { one } from "./all.js";`,
      y: "one(x)",
      files: { ...TWO, "all.ts": `export { default as one } from "./a.js";` },
    },
    ["a.ts", "default (x: number) => x + 1", "default (x: number) => x + 3"],
    "y",
  ),
  row(
    2,
    "a computed member of a namespace over a barrel",
    {
      head: `import * as ops from "./ops.js";`,
      y: "const pick = (n: string) => (ops as any)[n](x); return [pick('dbl'), pick('hlf')];",
      files: {
        "ops.ts": `export * from "./dbl.js";\nexport { hlf } from "./hlf.js";`,
        "dbl.ts": "export const dbl = (x: number) => x * 2;",
        "hlf.ts": "export const hlf = (x: number) => x / 2;",
      },
    },
    ["dbl.ts", "x * 2", "x * 3"],
    "y",
  ),
  row(
    2,
    "what was imported and exported again",
    {
      head: `import { f } from "./all.js";`,
      y: "f(x)",
      files: { ...TWO, "all.ts": `import { f } from "./a.js";\nexport { f };` },
    },
    ["a.ts", "f = (x: number) => x + 1", "f = (x: number) => x + 3"],
    "y",
  ),
  row(
    2,
    "a live binding that is set later",
    {
      head: `import { current } from "./live.js";\nimport "./set.js";`,
      y: "current(x)",
      files: {
        "live.ts":
          "export let current = (x: number): number => x;\nexport function use(f: (x: number) => number): void { current = f; }",
        "set.ts": `import { use } from "./live.js";\nuse((x) => x + 1);`,
      },
    },
    ["set.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    2,
    "another name in a barrel that the node does not take",
    {
      head: `import { f } from "./all.js";`,
      y: "f(x)",
      files: { ...TWO, "all.ts": `export { f } from "./a.js";\nexport { f as g } from "./b.js";` },
    },
    ["b.ts", "f = (x: number) => x * 2", "f = (x: number) => x * 3"],
    "",
  ),
  row(
    2,
    "a cycle of modules",
    {
      head: `import { first } from "./one.js";`,
      y: "first(x)",
      files: {
        "one.ts": `import { second } from "./two.js";\nexport function first(n: number): number { return n < 1 ? 0 : second(n - 1); }`,
        "two.ts": `import { first } from "./one.js";\nexport function second(n: number): number { return first(n) + 1; }`,
      },
    },
    ["two.ts", "+ 1", "+ 2"],
    "y",
  ),
  ...[
    ["undefined", "a?.b.c", "a.b?.c"],
    ["{ b: undefined }", "a?.b(x)", "a.b?.(x)"],
    ["{ b: undefined }", "a.b?.c(x)", "a.b.c?.(x)"],
    ["undefined", "a?.b().c", "a.b?.().c"],
  ].map(([a, before, after]) =>
    row(
      1,
      `which member may be missing: ${before}, ${after}`,
      { head: `const a: any = ${a};`, y: `try { return ${before}; } catch { return x; }` },
      ["pipeline.ts", before!, after!],
      "y",
    ),
  ),
];

import { COMPILED, row } from "./row.js";

const FACTORY = (captured: string, use: string) => ({
  "pipeline.ts": `import { input, node, Pipeline } from "hypernodes";
const make = (k: any) => {
  class P extends Pipeline {
    @input() x!: number;
    @node("x") y(x: number): any { return ${use}; }
    @node("x") other(x: number): any { return x; }
  }
  return P;
};
export const P = make(${captured});
`,
});
const timesFile = {
  "deco.ts": `export const times = (k: number) => (_: any, __: string, d: PropertyDescriptor) => {
  const f = d.value;
  d.value = function (this: any, ...a: any[]) { return f.apply(this, a) * k; };
};
export const mapped = (g: any) => (_: any, __: string, d: PropertyDescriptor) => {
  const f = d.value;
  d.value = function (this: any, ...a: any[]) { return g(f.apply(this, a)); };
};`,
};
const decorated = (decorators: string, more = "") => ({
  head: `import { mapped, times } from "./deco.js";\n${more}`,
  y: "x",
  members: `${decorators} @node("x") z(x: number): any { return x + 1; }`,
  files: timesFile,
});

/** Methods that are named as those which only call what they are given. */
const KEEPS = `class Keeps {
  f: any;
  map(f: any) { this.f = f; return this; }
  then(f: any) { this.f = f; return { f }; }
}
`;

/** Factories of two functions that name one variable, which has a default. */
const DEFAULTED = [
  "function make(k = 1, by = k) { return { up: (x) => x + by, down: (x) => x - by }; }",
  "const make = ({ k: by = 1 } = {}) => ({ up: (x) => x + by, down: (x) => x - by });",
  "const make = ([by = 1] = []) => ({ up: (x) => x + by, down: (x) => x - by });",
  "function make() { try { throw {}; } catch ({ by = 1 }) { return { up: (x) => x + by, down: (x) => x - by }; } }",
  "class Two { constructor(by = 1) { this.up = (x) => x + by; this.down = (x) => x - by; } }\nconst make = () => new Two();",
];

/** More members than are pieces of their own: what stands before the class, what a node reads, and an edit of one of them. */
const MANY: readonly (readonly [what: string, head: string, y: string, from: string, to: string])[] = [
  ["an element of a list", "const many = words(2000);\nmany[1500] = 'x';", "many.indexOf('x')", "'x'", "'X'"],
  ["a number that was a text", "const many: any[] = words(2000);\nmany[9] = '1';", "typeof many[9]", "'1'", "1"],
  ["-0 in a list", "const many: any[] = words(2000);\nmany[9] = 0;", "Object.is(many[9], -0)", "= 0", "= -0"],
  [
    "a hole in a list",
    "const many: any[] = words(2000);\nmany[9] = undefined;",
    "9 in many",
    "many[9] = undefined",
    "delete many[9]",
  ],
  ["the order of a list", "const many = words(2000);\nmany.slice();", "many[0]", "many.slice", "many.reverse"],
  ["an object in a list", "const many: any[] = [...words(2000), { n: 1 }];", "many[2000].n", "n: 1", "n: 2"],
  ["a value of a Map", "const many = new Map(words(2000).entries());\nmany.set(9, 'x');", "many.get(9)", "'x'", "'X'"],
  [
    "the key of a value",
    "const many = new Map(words(2000).entries());\nmany.set(-1, 'x');",
    "many.has(-1)",
    "-1",
    "-2",
  ],
  [
    "an element of a Set",
    "const many = new Set(words(2000));\nmany.add('x');",
    "many.has('x')",
    "add('x')",
    "add('X')",
  ],
  [
    "a member of an object",
    "const many: any = Object.fromEntries(words(2000).entries());\nmany.a = 'x';",
    "Object.values(many).at(-1)",
    "'x'",
    "'X'",
  ],
  [
    "a member's name",
    "const many: any = Object.fromEntries(words(2000).entries());\nmany.a = 'x';",
    "Object.keys(many).at(-1)",
    "many.a",
    "many.b",
  ],
];

/** Kind 4: values that are captured. */
export const CAPTURED = [
  ...MANY.map(([what, head, y, from, to]) =>
    row(
      4,
      `one of many: ${what}`,
      { head: `const words = (n: number): any[] => Array.from({ length: n }, (_, i) => "w" + i);\n${head}`, y },
      ["pipeline.ts", from, to],
      "y",
      { only: COMPILED },
    ),
  ),
  row(
    0,
    "a memo that comes to have many",
    {
      head: `// A memo.
const memo: any = {}, sums = new Map(), list: number[] = [];
const fill = (x: number) => { for (let i = 0; i < 2000; i++) { memo[i] ??= i * x; sums.set(i, i); list.push(i); } return memo[9]; };`,
      y: "fill(x)",
    },
    ["pipeline.ts", "// A memo.", "/* A memo. */"],
    "",
  ),
  ...DEFAULTED.map((make) =>
    row(
      4,
      `two functions that name a variable with a default: ${make}`,
      {
        head: `import { make } from "./make.js";\nconst { up, down } = make();`,
        y: "up(x) * 2",
        members: `@node("x") z(x: number): any { return up(down(x)); }`,
        files: { "make.ts": `// @ts-nocheck\n${make}\nexport { make };` },
      },
      ["make.ts", "= 1", "= 2"],
      "y z",
    ),
  ),
  row(
    4,
    "a parameter with a default that two functions assign and read",
    {
      head: `import { make } from "./make.js";\nconst a = make();\nconst b = make();\na.set(5);`,
      y: "a.get() + x",
      files: {
        "make.ts": `export const make = (by = 1) => ({ set: (x: number) => { by = x; }, get: () => by });`,
      },
    },
    ["pipeline.ts", "a.get", "b.get"],
    "y",
  ),
  row(4, "a number that a factory gives", { files: FACTORY("1", "x * k") }, ["pipeline.ts", "make(1)", "make(2)"], "y"),
  row(
    4,
    "an object that a factory gives",
    { files: FACTORY("{ a: { k: 1 } }", "x * k.a.k") },
    ["pipeline.ts", "k: 1", "k: 2"],
    "y",
  ),
  row(
    4,
    "a member that is not read of what a factory gives",
    { files: FACTORY("{ k: 1, l: 1 }", "x * k.k") },
    ["pipeline.ts", "l: 1", "l: 2"],
    "",
  ),
  row(
    4,
    "a function that a factory gives",
    { files: FACTORY("(n: number) => n + 1", "k(x)") },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "a Map that a factory gives",
    { files: FACTORY("new Map([[1, 2]])", "[...k.values(), x]") },
    ["pipeline.ts", "[1, 2]", "[1, 3]"],
    "y",
  ),
  row(
    4,
    "a class that a factory gives",
    { files: FACTORY("class { go(n: number) { return n + 1; } }", "new k().go(x)") },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "two classes of one factory in one run",
    {
      files: {
        "pipeline.ts": FACTORY("1", "x * k")["pipeline.ts"].replace(
          "export const P",
          `export const runs = () => [[make(1), { x: 5 }], [make(2), { x: 5 }]];\nexport const P`,
        ),
      },
    },
    ["pipeline.ts", "[make(2)", "[make(3)"],
    "y",
  ),
  row(
    4,
    "a function that was given to a factory of functions",
    { head: "const twice = (f: any) => (x: number) => f(f(x));\nconst g = twice((n: number) => n + 1);", y: "g(x)" },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "a callback that a method of the program's own keeps",
    { head: `${KEEPS}const kept = new Keeps().map((n: number) => n + 1);`, y: "kept.f(x)" },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "a comment in a callback that a method of the program's own keeps",
    { head: `${KEEPS}const kept = new Keeps().map((n: number) => /* one */ n + 1);`, y: "kept.f(x)" },
    ["pipeline.ts", "one", "more"],
    "",
  ),
  row(
    4,
    "a callback that a method keeps, and what it captures",
    {
      head: `${KEEPS}const keep = (k: number) => new Keeps().then(function (n: number) { return n + k; });
const kept = keep(1);`,
      y: "kept.f(x)",
    },
    ["pipeline.ts", "keep(1)", "keep(2)"],
    "y",
  ),
  row(
    4,
    "functions that callbacks of a list have made",
    { head: "const makes = [1, 2].map((k) => (n: number) => n * k + 1);", y: "makes[1]!(x)" },
    ["pipeline.ts", "n * k + 1", "n * k + 2"],
    "y",
  ),
  row(
    4,
    "composed functions, in another order",
    {
      head: "const compose = (...fs: any[]) => (x: number) => fs.reduce((v, f) => f(v), x);\nconst a = (n: number) => n + 1;\nconst b = (n: number) => n * 2;\nconst g = compose(a, b);",
      y: "g(x)",
    },
    ["pipeline.ts", "compose(a, b)", "compose(b, a)"],
    "y",
  ),
  row(
    4,
    "a bound argument",
    { head: "function add(k: number, x: number) { return k + x; }\nconst g = add.bind(null, 1);", y: "g(x)" },
    ["pipeline.ts", "bind(null, 1)", "bind(null, 2)"],
    "y",
  ),
  row(
    4,
    "a bound this",
    { head: "function add(this: any, x: number) { return this.k + x; }\nconst g = add.bind({ k: 1 });", y: "g(x)" },
    ["pipeline.ts", "k: 1", "k: 2"],
    "y",
  ),
  row(
    4,
    "what is bound again",
    {
      head: "function add(a: number, b: number, x: number) { return a - b + x; }\nconst g = add.bind(null, 1).bind(null, 2);",
      y: "g(x)",
    },
    ["pipeline.ts", "bind(null, 2)", "bind(null, 3)"],
    "y",
  ),
  row(4, "a decorator's number", decorated("@times(2)"), ["pipeline.ts", "@times(2)", "@times(3)"], "z"),
  row(4, "a decorator's function", decorated("@mapped((v: number) => v + 1)"), ["pipeline.ts", "v + 1", "v + 2"], "z"),
  row(
    4,
    "one of two decorators",
    decorated("@mapped((v: number) => v + 1) @times(2)"),
    ["pipeline.ts", "@times(2)", "@times(3)"],
    "z",
  ),
  row(
    4,
    "decorators in another order",
    decorated("@mapped((v: number) => v + 1) @times(2)"),
    ["pipeline.ts", "@mapped((v: number) => v + 1) @times(2)", "@times(2) @mapped((v: number) => v + 1)"],
    "z",
  ),
  row(
    4,
    "a constant that goes to a decorator",
    decorated("@times(K)", "const K = 2;"),
    ["pipeline.ts", "K = 2", "K = 3"],
    "z",
  ),
  row(
    4,
    "a class decorator's argument",
    {
      head: `const doubled = (by: number) => (type: any): void => { const was = type.prototype.helper; type.prototype.helper = function (x: number) { return was.call(this, x) * by; }; };\n@doubled(2)`,
      y: "this.helper(x)",
      members: "helper(x: number): number { return x + 1; }",
    },
    ["pipeline.ts", "@doubled(2)", "@doubled(3)"],
    "y",
  ),
  row(
    4,
    "a mixin's number",
    {
      files: {
        "mix.ts":
          "export const Scaled = (B: any, k: number): any => class S extends B { scale(x: number): number { return x * k; } };",
        "pipeline.ts": `import { input, node, Pipeline } from "hypernodes";
import { Scaled } from "./mix.js";
export class P extends Scaled(Pipeline, 2) {
  @input() x!: number;
  @node("x") y(x: number): any { return (this as any).scale(x); }
  @node("x") other(x: number): any { return x; }
}
`,
      },
    },
    ["pipeline.ts", "Pipeline, 2", "Pipeline, 3"],
    "y",
  ),
  row(
    4,
    "a variable of a loop",
    {
      head: "const all: any[] = [];\nfor (const k of [1, 2]) all.push((x: number) => x * k);",
      y: "all.map((f) => f(x))",
    },
    ["pipeline.ts", "[1, 2]", "[1, 3]"],
    "y",
  ),
  row(
    4,
    "a variable that closures share",
    {
      head: "function counter(n: number) { const get = () => n; return { get }; }\nconst c = counter(1);",
      y: "c.get() + x",
    },
    ["pipeline.ts", "counter(1)", "counter(2)"],
    "y",
  ),
  row(4, "a field of the pipeline", { y: "x * this.k", members: "k = 1;" }, ["pipeline.ts", "k = 1", "k = 2"], "y"),
  row(
    4,
    "a field that another field reads",
    { y: "x * this.l", members: "k = 1;\n  l = this.k + 1;" },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
  ),
  row(
    4,
    "a field that is a function",
    { y: "this.f(x)", members: "f = (n: number) => n + 1;" },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "a field that is an arrow with the object's this",
    { y: "this.f(x)", members: "k = 1;\n  f = (n: number) => n + this.k;" },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
    { unkept: /"this" of what is around it/ },
  ),
  row(4, "a private field", { y: "x * this.#k", members: "#k = 1;" }, ["pipeline.ts", "#k = 1", "#k = 2"], "y"),
  row(
    4,
    "a private method",
    { y: "this.#f(x)", members: "#f(n: number) { return n + 1; }" },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    4,
    "what a field of an object of one's own is made from",
    {
      head: "class Tool { constructor(readonly k: number) {}\n go(x: number) { return x * this.k; } }",
      y: "this.tool.go(x)",
      members: "tool = new Tool(2);",
    },
    ["pipeline.ts", "new Tool(2)", "new Tool(3)"],
    "y",
  ),
  row(
    4,
    "a private field of an object",
    {
      head: "class Tool { #k: number; constructor(k: number) { this.#k = k; }\n go(x: number) { return x * this.#k; } }\nconst tool = new Tool(2);",
      y: "tool.go(x)",
    },
    ["pipeline.ts", "new Tool(2)", "new Tool(3)"],
    "y",
  ),
  row(
    4,
    "a private field of an object that is handed on",
    {
      head: "class Tool { #k: number; constructor(k: number) { this.#k = k; }\n go(x: number) { return x * this.#k; } }\nconst tool = new Tool(2);\nconst use = (t: any, x: number) => t.go(x);",
      y: "use(tool, x)",
    },
    ["pipeline.ts", "new Tool(2)", "new Tool(3)"],
    "y",
  ),
  row(
    4,
    "a method that is taken from its object",
    { head: "class Tool { go(x: number) { return x + 1; } }\nconst { go } = new Tool();", y: "go(x)" },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    4,
    "a member of an array of functions",
    { head: "const steps = [(n: number) => n + 1, (n: number) => n * 2];", y: "steps[1]!(x)" },
    ["pipeline.ts", "n * 2", "n * 3"],
    "y",
  ),
  row(
    4,
    "what is in a curried function",
    { head: "const add = (a: number) => (b: number) => (c: number) => a - b + c;\nconst g = add(1)(2);", y: "g(x)" },
    ["pipeline.ts", "add(1)(2)", "add(2)(1)"],
    "y",
  ),
  row(
    4,
    "a memo that is filled at import",
    {
      head: "const memo = new Map<number, number>();\nconst f = (n: number) => { if (!memo.has(n)) memo.set(n, n + 1); return memo.get(n)!; };\nmemo.set(5, 7);",
      y: "f(x)",
    },
    ["pipeline.ts", "set(5, 7)", "set(5, 8)"],
    "y",
  ),
  row(
    4,
    "an arrow that captures this",
    {
      head: "class Tool { k = 1; make() { return (x: number) => x * this.k; } }\nconst g = new Tool().make();",
      y: "g(x)",
    },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
    { unkept: /"this" of what is around it/ },
  ),
  row(
    4,
    "new.target that an arrow captures",
    {
      head: "function Make(this: any) { this.f = () => new.target?.name; }\nconst made: any = new (Make as any)();",
      y: "made.f() + x",
    },
    ["pipeline.ts", "new.target?.name", "new.target?.length"],
    "y",
    { unkept: /"this" of what is around it/ },
  ),
  row(
    4,
    "arguments that an arrow captures",
    {
      head: "function make(..._: number[]) { return () => arguments[0] as number; }\nconst g = make(1);",
      y: "g() + x",
    },
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    4,
    "super in an object",
    {
      head: "const base = { k() { return 1; } };\nconst o: any = { __proto__: base, k() { return super.k() + 1; } };",
      y: "o.k() + x",
    },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
    { unkept: /super/ },
  ),
  row(
    4,
    "a method with super that was moved to another object",
    {
      head: "class A { k() { return 1; } }\nclass B extends A { k() { return super.k() + 1; } }\nconst o: any = { k: B.prototype.k };",
      y: "o.k() + x",
    },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
    { unkept: /super/ },
  ),
  row(
    4,
    "a function in bound inputs",
    {
      files: {
        "pipeline.ts": `import { input, nested, node, Pipeline } from "hypernodes";
class Inner extends Pipeline {
  @input() x!: number;
  @input() f!: any;
  @node("x", "f") z(x: number, f: any): any { return f(x); }
}
export class P extends Pipeline {
  @input() x!: number;
  @nested(new Inner().bind({ f: (n: number) => n + 1 }), { x: "x" }, "z") y!: any;
  @node("x") other(x: number): any { return x; }
}
`,
      },
    },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y y.z",
    { unkept: /Functions can't be serialized/ },
  ),
  row(
    4,
    "a bound function of captured this in bound inputs",
    {
      files: {
        "pipeline.ts": `import { input, nested, node, Pipeline } from "hypernodes";
class Inner extends Pipeline {
  @input() x!: number;
  @input() f!: any;
  @node("x", "f") z(x: number, f: any): any { return f(x); }
}
class Tool { k = 1; make() { return (x: number) => x * this.k; } }
export class P extends Pipeline {
  @input() x!: number;
  @nested(new Inner().bind({ f: new Tool().make() }), { x: "x" }, "z") y!: any;
  @node("x") other(x: number): any { return x; }
}
`,
      },
    },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y y.z",
    { unkept: /"this" of what is around it/ },
  ),
  row(
    4,
    "a URL",
    { head: "const u = new URL('http://a/b');", y: "u.pathname + x" },
    ["pipeline.ts", "a/b", "a/c"],
    "y",
  ),
  row(
    4,
    "a URL that is handed on",
    { head: "const u = new URLSearchParams('a=1');\nconst use = (p: any) => p.get('a');", y: "use(u) + x" },
    ["pipeline.ts", "a=1", "a=2"],
    "y",
  ),
  row(
    4,
    "how Intl formats",
    { head: "const f = new Intl.NumberFormat('en', { minimumFractionDigits: 1 });", y: "f.format(x)" },
    ["pipeline.ts", "Digits: 1", "Digits: 2"],
    "y",
  ),
  row(
    4,
    "an iterator that import went on with",
    { head: "const i = [1, 2, 3].values();\ni.next();", y: "[i, x].length" },
    ["pipeline.ts", "i.next();", "i.next(); i.next();"],
    "y",
    { unkept: /iterator/ },
  ),
  row(
    4,
    "a symbol as a key",
    { head: "const K = Symbol('k');\nconst L = Symbol('k');\nconst o: any = { [K]: 1 };", y: "o[L] ?? x" },
    ["pipeline.ts", "{ [K]: 1 }", "{ [L]: 1 }"],
    "y",
  ),
  row(
    4,
    "a private accessor",
    {
      head: "class Tool { #k = 1; get #twice() { return this.#k * 2; } set #twice(v) { this.#k = v; } go(x: number) { return x * this.#twice; } }\nconst tool = new Tool();",
      y: "tool.go(x)",
    },
    ["pipeline.ts", "this.#k * 2", "this.#k * 3"],
    "y",
  ),
  row(
    4,
    "a private static that a method sets",
    {
      head: "class T { static #k: number; static set(k: number) { T.#k = k; } static go(x: number) { return x * T.#k; } }\nT.set(2);",
      y: "T.go(x)",
    },
    ["pipeline.ts", "T.set(2)", "T.set(3)"],
    "y",
  ),
  row(
    4,
    "a default of a parameter",
    { head: "const K = 1;\nconst f = (x: number, k = K) => x * k;", y: "f(x)" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    4,
    "a bound function with fetch's this",
    { head: "const f = structuredClone.bind(globalThis);\nconst k = 1;", y: "f({ k }).k + x" },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
  ),
  row(
    6,
    "an object that has a stream of the process",
    {
      head: 'class Log { constructor(readonly to: any = process.stderr) {}\n  line(text: string) { return [this.to.fd, "log: " + text]; } }\nconst log = new Log();',
      y: "log.line('made')",
    },
    ["pipeline.ts", "log: ", "log, "],
    "y",
  ),
  row(
    6,
    "a function that the program puts on a stream of the process",
    { head: "const out: any = process.stdout;\nout.lines = () => 1;", y: "out.lines()" },
    ["pipeline.ts", "=> 1", "=> 2"],
    "y",
  ),
];

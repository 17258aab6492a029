import { type Row, row } from "./row.js";

/** What a node computes, with what stands before it, and an edit of that which hardly shows: one text becomes another one. */
type Sketch = readonly [what: string, head: string, y: string, from: string | RegExp, to: string];

/** Changes of which it is not known that they are the node's own: it is computed again. */
const UNKNOWN = /as a callback|__defineGetter__/;

const sketched =
  (kind: number) =>
  ([what, head, y, from, to]: Sketch): Row => {
    const filled = UNKNOWN.test(what) ? { isFilled: true, unkept: /was changed while it ran/ } : {};
    return row(kind, what, { head, y }, ["pipeline.ts", from, to], "y", { only: ["esm"], ...filled });
  };

const attempt = (work: string): string => `try { return ${work}; } catch { return "none"; }`;

/** A path that ends before its last member has another value at its end. */
const PATHS: readonly Sketch[] = [
  ["a number in the middle of a path", "const a: any = { b: 5 };", "a.b.c", "b: 5", "b: { c: 5 }"],
  ["a text in the middle of a path", `const a: any = { b: "xyz" };`, "a.b.length", `"xyz"`, `{ length: "xyz" }`],
  ["a number at the beginning of a path", "const a: any = 5;", "a.c", "= 5", "= { c: 5 }"],
  [
    "undefined in the middle of a path",
    "const a: any = { b: undefined };",
    attempt("a.b.c"),
    "b: undefined",
    "b: { c: undefined }",
  ],
  ["which of two members is missing", "const a: any = {};", attempt("a.c.c"), "= {}", "= { c: {} }"],
  ["an empty pattern", "const a: any = null;", "try { const {} = a; return x; } catch { return 0; }", "= null", "= {}"],
  [
    "an optional member before a computed one",
    "const C: any = {};\nconst K = 'k';",
    attempt("C?.b[K]"),
    "C?.b[",
    "C.b?.[",
  ],
  ["an optional call with this", "const a: any = { b: undefined };", attempt("a.b?.call(this, x)"), "a.b?.", "a?.b."],
];

const TWO = `const A: any = [1], B: any = [1];
const add = (list: any) => list.push(1);
const undo = (list: any) => { while (list.length > 1) list.pop(); };`;
const FILLED = "add(A); const n = A.length; undo(A); undo(B); return n;";
const EQUAL = "const A: any = { v: 1 }, B: any = { v: 1 };";
const BYTES = "const bytes = new ArrayBuffer(2);\nconst A = new Uint8Array(bytes), B = new Uint8Array(bytes);";
const MAKE = "const make = () => (n: number) => n;\nconst A: any = make(), B: any = make();";
const PRIVATE = `class L {
  #l: any = [];
  add() { this.#l.push(1); }
  undo() { while (this.#l.length > 0) this.#l.pop(); }
  get n() { return this.#l.length; }
}
const A = new L(), B = new L();`;
const INHERITED = `${EQUAL}\nconst C = Object.create(A);\nconst set = (o: any, v: any) => { o.v = v; };`;
const PROTO = `${EQUAL}\nconst set = (o: any, p: any) => { o.__proto__ = p; };`;

/** Ways to change the length of a list, and to change it back. */
const FILLS: readonly (readonly [what: string, head: string, change: string, undo: string])[] = [
  ["a method by call", "", "[].push.call(A as never, 1 as never)", "[].splice.call(A as never, 1)"],
  ["a method by apply", "", "[].push.apply(A as never, [1] as never)", "[].splice.apply(A as never, [1] as never)"],
  ["a method of another name", "const { push, splice } = Array.prototype;", "push.call(A, 1)", "splice.call(A, 1)"],
  ["a bound method", "const more = A.push.bind(A), less = A.splice.bind(A);", "more(1)", "less(1)"],
  ["Reflect.apply", "", "Reflect.apply(Array.prototype.push, A, [1])", "Reflect.apply(Array.prototype.splice, A, [1])"],
];

/** Ways to assign a member of A. */
const SETS: readonly (readonly [what: string, head: string, set: string])[] = [
  ["assign of another name", "const { assign } = Object;", "assign(A, { v: 2 })"],
  ["Object of another name", "const O = Object;", "O.assign(A, { v: 2 })"],
  ["a member of globalThis", "", "globalThis.Object.assign(A, { v: 2 })"],
  ["assign by call", "", "Object.assign.call(null, A, { v: 2 })"],
  ["assign as a callback", "", "[A, { v: 2 }].reduce(Object.assign as any)"],
  ["Reflect.set of another name", "const set = Reflect.set;", `set(A, "v", 2)`],
  ["__defineGetter__", `const define = (o: any, v: any) => o.__defineGetter__("v", () => v);`, "define(A, 2)"],
];

/** Code changes one of two equal things, and reads one. */
const EQUALS: readonly Sketch[] = [
  ["a list that another function fills", TWO, FILLED, "add(A)", "add(B)"],
  ["the length of a list that another function fills", TWO, FILLED, "A.length", "B.length"],
  ...FILLS.map(
    ([what, head, change, undo]): Sketch => [
      `the length of a list that ${what} changes`,
      `const A: any = [1], B: any = [1];\n${head}`,
      `${change}; const n = A.length; ${undo}; return n;`,
      "A.length",
      "B.length",
    ],
  ),
  ...SETS.map(
    ([what, head, set]): Sketch => [
      `an object that ${what} changes`,
      `${EQUAL}\n${head}`,
      `${set}; const n = A.v; ${set.replace("2", "1")}; return n;`,
      "n = A.v",
      "n = B.v",
    ],
  ),
  [
    "a prototype that is assigned",
    PROTO,
    "set(A, { w: 2 }); const n = A.w; set(A, Object.prototype); set(B, Object.prototype); return n;",
    "set(A, {",
    "set(B, {",
  ],
  [
    "the state of a regular expression",
    "const A = /a/y, B = /a/y;",
    `"aaa".match(A); const n = A.lastIndex; "b".match(A); return n;`,
    "n = A",
    "n = B",
  ],
  [
    "bytes that views share",
    BYTES,
    "A[0] = x; const n = B[0]; A[0] = 0; return n;",
    "B = new Uint8Array(bytes)",
    "B = new Uint8Array(2)",
  ],
  [
    "a private list of one of two objects",
    PRIVATE,
    "A.add(); const n = A.n; A.undo(); B.undo(); return n;",
    "A.add()",
    "B.add()",
  ],
  [
    "a member of one of two prototypes",
    INHERITED,
    "set(A, 2); const n = C.v; set(A, 1); set(B, 1); return n;",
    "set(A, 2)",
    "set(B, 2)",
  ],
  ["which of two functions of one text it is", `${MAKE}\nconst S = { a: A, b: A };`, "S.a === S.b", "b: A", "b: B"],
  ["which of two functions is a key", `${MAKE}\nconst S = new Map([[A, 1]]);`, "S.get(A)", "[[A,", "[[B,"],
  [
    "which of two classes of a factory it is",
    "const make = () => class {};\nconst A = make(), B = make();\nconst a = new A();",
    "a instanceof A",
    "instanceof A",
    "instanceof B",
  ],
];

const L =
  "class L { a() { return 1; } b() { return 2; } get c() { return 3; } set c(v) {} inner() { return function a() { return 4; }; } }\nconst Proto: any = L.prototype;\n";

/** Members of a class that others of the same class stand in for. */
const MEMBERS: readonly Sketch[] = [
  [
    "a method in the place of another one",
    `${L}Proto.b = Proto.b;`,
    "new L().a()",
    "Proto.b = Proto.b",
    "Proto.a = Proto.b",
  ],
  [
    "a function within a method in the place of another one",
    `${L}Proto.b = Proto.b;`,
    "new L().a()",
    "Proto.b = Proto.b",
    "Proto.a = Proto.inner()",
  ],
  [
    "an accessor without its getter",
    `${L}`,
    "new L().c",
    "const Proto: any",
    `Object.defineProperty(L.prototype, "c", { get: undefined });\nconst Proto: any`,
  ],
  [
    "another constructor",
    `class M {}\n${L}`,
    "new L().constructor === L",
    "const Proto: any = L.prototype;",
    "const Proto: any = L.prototype;\nProto.constructor = M;",
  ],
  [
    "another prototype of a prototype",
    `class K { k() { return 1; } }\n${L.replace("class L", "class L extends K")}`,
    "new L().k()",
    "const Proto: any = L.prototype;",
    "const Proto: any = L.prototype;\nObject.setPrototypeOf(Proto, { k: () => 2 });",
  ],
];

/** Names and texts of functions, which code may ask for. */
const NAMES: readonly Sketch[] = [
  ["a local variable that names a function", "", "let foo: any; foo = () => 1; return foo.name;", /foo/g, "bar"],
  ["a name in brackets", "", "let foo: any; foo = () => 1; return foo.name;", "foo = ()", "(foo) = ()"],
  [
    "a name in brackets in a pattern",
    "",
    "let foo: any; [foo = () => 1] = []; return foo.name;",
    "[foo = ()",
    "[(foo) = ()",
  ],
  [
    "a parameter that names a function",
    "",
    "const f = (n: number, foo = () => n) => foo.name; return f(x);",
    /foo/g,
    "bar",
  ],
  [
    "a part of a pattern that names a function",
    "",
    "const { k: foo = () => 1 }: any = {}; return foo.name;",
    /foo/g,
    "bar",
  ],
  [
    "a local variable that names a class",
    "",
    "let Foo: any; Foo = class {}; return new Foo().constructor.name;",
    /Foo/g,
    "Bar",
  ],
  [
    "the text of a local function",
    "",
    "const g = (a: any) => a + 1; return String(g);",
    "(a: any) => a + 1",
    "(b: any) => b + 1",
  ],
  ["the text of a function", "", "(((a: any) => a) as any) + ''", "(a: any) => a", "(b: any) => b"],
  [
    "the text of a function under a local name",
    "const g = (a: any) => a;",
    "const s = g; return String(s);",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function that a pattern takes",
    "const o = { g: (a: any) => a };",
    "const { g } = o; return g + '';",
    "(a: any) => a",
    "(b: any) => b",
  ],
  ["the text of a function in a list", "const l = [(a: any) => a];", "String(l[0])", "(a: any) => a", "(b: any) => b"],
  [
    "the text of a function that is compared",
    "const g: any = (a: any) => a;",
    `g == "(a) => a"`,
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by Reflect.apply",
    "const g = (a: any) => a;",
    "Reflect.apply(Function.prototype.toString, g, [])",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by a local toString",
    "const g = (a: any) => a;",
    "const { toString } = Function.prototype; return toString.call(g);",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by toString under another name",
    "const g = (a: any) => a;\nconst write = Function.prototype.toString;",
    "write.call(g)",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by an applied toString",
    "const g = (a: any) => a;\nconst write = Function.prototype.toString;",
    "write.apply(g, [])",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by a bound toString",
    "const g = (a: any) => a;",
    "Function.prototype.toString.bind(g)()",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function by a method of texts",
    "const g = (a: any) => a;",
    "String.prototype.slice.call(g, 0)",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function as an object",
    "const g: any = (a: any) => a;",
    "new String(g) + ''",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function in an error",
    "const g: any = (a: any) => a;",
    "new Error(g).message",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "the text of a function as a symbol",
    "const g: any = (a: any) => a;",
    "Symbol(g).description",
    "(a: any) => a",
    "(b: any) => b",
  ],
  [
    "a callback whose name a method of its own reads",
    "const k = { map: (f: any) => f.name };\nconst q1 = () => 1;",
    "k.map(q1)",
    /q1/g,
    "q2",
  ],
];

/** Corners of the language. */
const CORNERS: readonly Sketch[] = [
  [
    "a variable that is declared where an error has its name",
    "",
    "try { throw x; } catch (a) { var b = a; } return String(b);",
    "catch (a) { var b = a; }",
    "catch (b) { var b = b; }",
  ],
  [
    "a member __proto__, and the prototype",
    "",
    "const __proto__ = { a: 1 }; return Object.keys({ __proto__ }).length;",
    "{ __proto__ }",
    "{ __proto__: __proto__ }",
  ],
  ["a function __name of its own", "const __name = (a: number, b: any) => a + b;", "__name(x, 2)", "x, 2", "x, 3"],
];
/** The same in CommonJS that no compiler has made strict: the text of h.cjs, and its edit. */
const SLOPPY: readonly (readonly [what: string, text: string, from: RegExp | string, to: string])[] = [
  [
    "a local variable that is called arguments",
    "exports.f = function (n) { var y; return typeof y; };",
    /\by\b/g,
    "arguments",
  ],
  [
    "a function in a block, and a variable of its name",
    "exports.f = () => { var h = 1; { function g() {} } return typeof h; };",
    /\bh\b/g,
    "g",
  ],
  ["its own text", "exports.f = function () { /* one */ return arguments.callee.toString(); };", "one", "two"],
  [
    "its own text under a local name, in an arrow",
    "exports.f = function () { const own = () => { const self = arguments.callee; return self + ''; }; /* one */ return own(); };",
    "one",
    "two",
  ],
  [
    "a function of a class, which is strict",
    "exports.f = (class { static f = function () { return typeof this; } }).f;",
    "(class { static f = function",
    "({ f: function",
  ],
];

/** Kinds 1 to 5: edits after which texts and values look as they did. */
export const LOOK_ALIKES = [
  ...PATHS.map(sketched(1)),
  ...EQUALS.map(sketched(4)),
  ...MEMBERS.map(sketched(5)),
  ...NAMES.map(sketched(1)),
  ...CORNERS.map(sketched(1)),
  ...SLOPPY.map(([what, text, from, to]) =>
    row(
      1,
      what,
      { head: `declare const require: any;\nconst { f } = require("./h.cjs");`, y: "f(x)", files: { "h.cjs": text } },
      ["h.cjs", from, to],
      "y",
      { only: ["cjs"] },
    ),
  ),
  row(
    3,
    "which of two exported variables a function of their module assigns",
    {
      head: `import { inc, n, reset } from "./counts.js";`,
      y: "inc(); const r = n; reset(); return r;",
      files: {
        "counts.ts":
          "export let n = 1, m = 1;\nexport const reset = () => { n = m = 1; };\nexport const inc = () => { n++; };\nexport const incm = () => { m++; };",
      },
    },
    [
      ["counts.ts", "inc = () => { n++", "inc = () => { m++"],
      ["counts.ts", "incm = () => { m++", "incm = () => { n++"],
    ],
    "y",
    { only: ["esm"] },
  ),
  row(
    3,
    "the names by which two variables are exported",
    {
      head: `import { a, inc, reset } from "./counts.js";`,
      y: "inc(); const r = a; reset(); return r;",
      files: {
        "counts.ts":
          "let n = 1, m = 1;\nexport const reset = () => { n = m = 1; };\nexport const inc = () => { n++; };\nexport const incm = () => { m++; };\nexport { n as a, m as b };",
      },
    },
    ["counts.ts", "n as a, m as b", "m as a, n as b"],
    "y",
    { only: ["esm"] },
  ),
];

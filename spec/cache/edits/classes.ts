import { COMPILED, type Content, row } from "./row.js";

const NAMED = (head: string, more = "") => `import { input, node, Pipeline } from "hypernodes";
${head}
abstract class B extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): any { return this.constructor.name + x; }
  @node("x") other(x: number): any { return x; }
}
${more}
`;
const VERSIONED = (captured: string) => `import { input, node, Pipeline } from "hypernodes";
const make = (k: any) => {
  class P extends Pipeline {
    @input() x!: number;
    @node("x", { version: 1 }) y(x: number): any { return k(x); }
    @node("x") other(x: number): any { return x; }
  }
  return P;
};
export const P = make(${captured});
`;

/** A class that a factory makes, with a version: what it is given counts, and the code that is written in it does not. */
const GIVEN = (
  before: string,
  made: string,
  { head = "", base = "Pipeline", y = "k(x)", more = "", after = "" } = {},
) => ({
  files: {
    "pipeline.ts": `import { input, node, Pipeline } from "hypernodes";
${head}
const make = (k: any) => {
  ${before}
  class P extends ${base} {
    @input() x!: number;
    @node("x", { version: 1 }) y(x: number): any { return ${y}; }
    @node("x") other(x: number): any { return x; }
    ${more}
  }
  ${after}
  return P as any;
};
export const P = make(${made});
`,
  },
});
const BASES = "class B1 extends Pipeline { k() { return 1; } }\nclass B2 extends Pipeline { k() { return 2; } }";

/** A class with `#by` and `#isOn`, as compilers write it for an older language. */
const LOWERED = `var _by = new WeakMap<object, number>(), _isOn = new WeakSet();
const privateGet = (object: any, members: any) => members.get(object);
const privateMethod = (object: any, members: any, method: any) => {
  if (!members.has(object)) throw new TypeError("no member");
  return method;
};
const scaled = function (this: any, x: number) { return x * privateGet(this, _by); };
class Scaler {
  constructor(by: number) { _isOn.add(this); _by.set(this, by); }
  scale(x: number) { return privateMethod(this, _isOn, scaled).call(this, x); }
}
const one = new Scaler(2), two = new Scaler(5);
const holder = { scaler: one };
`;

/** What is edited, and whether y is computed then. */
const LOWERED_EDITS: readonly (readonly [what: string, y: string, from: string, to: string, computes: string])[] = [
  ["is given", "one.scale(x)", "Scaler(2)", "Scaler(3)", "y"],
  ["of an object that is a member", "holder.scaler.scale(x)", "Scaler(2)", "Scaler(3)", "y"],
  ["of an object that is another one", "holder.scaler.scale(x)", "scaler: one", "scaler: two", "y"],
  ["of an object that is not read", "one.scale(x)", "Scaler(5)", "Scaler(6)", ""],
  ["is made by", "one.scale(x)", "_by.set(this, by)", "_by.set(this, by + 1)", "y"],
  ["read by", "one.scale(x)", "x * privateGet", "x + privateGet", "y"],
  ["which the object no longer has, in", "_isOn.has(one) ? 1 : 2", "_isOn.add(this); ", "", "y"],
];

const ASKED: readonly (readonly [what: string, head: string, y: string])[] = [
  ["one that takes it", "function gone() { return 1; }\nconst use = (f: any) => f.name;", "use(gone) + x"],
  ["one that takes an arrow", "const gone = () => 1;\nconst use = (f: any) => f.name;", "use(gone) + x"],
  [
    "one that takes it in a list",
    "function gone() {}\nconst all = [gone];\nconst use = (fs: any[]) => fs[0].name;",
    "use(all) + x",
  ],
  [
    "one that takes it in a Map",
    "function gone() {}\nconst all = new Map([[1, gone]]);\nconst use = (m: any) => m.get(1).name;",
    "use(all) + x",
  ],
  [
    "one that takes what was made",
    "const make = (n: string) => ({ [n]: () => 1 })[n]!;\nconst f = make('gone');\nconst use = (g: any) => g.name;",
    "use(f) + x",
  ],
];
const STATE = "const s = { j: 0 };";
const SETTER = "set k(v: number) { s.j = v * 2; }";
const T = `${STATE}\nconst t = new (class { get k() { return 1; } ${SETTER} })();`;
const SET: readonly (readonly [what: string, content: Content])[] = [
  ["a captured object's member is assigned", { head: T, y: "(t.k = x, s.j)" }],
  ["it is increased", { head: T, y: "(t.k++, s.j)" }],
  ["a pattern assigns it", { head: T, y: "([t.k] = [x], s.j)" }],
  ["a loop assigns it", { head: T, y: "for (t.k of [x]); return s.j;" }],
  ["a static member is assigned", { head: `${STATE}\nclass T { static ${SETTER} }`, y: "(T.k = x, s.j)" }],
  ["a member of this is assigned", { head: STATE, members: SETTER, y: "(this.k = x, s.j)" }],
  ["a pattern assigns a member of this", { head: STATE, members: SETTER, y: "([this.k] = [x], s.j)" }],
  ["a private member is assigned", { head: STATE, members: SETTER.replace("k", "#k"), y: "(this.#k = x, s.j)" }],
  ["a member of a member of this is assigned", { head: T, members: "t = t;", y: "(this.t.k = x, s.j)" }],
  [
    "a member of super is assigned",
    {
      head: `${STATE}\nclass A { ${SETTER} }\nclass B extends A { set(x: number) { super.k = x; } }\nconst b = new B();`,
      y: "(b.set(x), s.j)",
    },
  ],
  [
    "a global is assigned",
    {
      head: `${STATE}\nObject.defineProperty(globalThis, "r_k", { set(v) { s.j = v * 2; } });`,
      y: "((globalThis as any).r_k = x, s.j)",
    },
  ],
];

/** Kind 5: classes, by their names, statics and prototypes. Kind 10: versions and batches. */
export const CLASSES = [
  row(
    5,
    "two classes of one base that say their names",
    {
      files: {
        "pipeline.ts": NAMED(
          "",
          "class One extends B {}\nclass Two extends B {}\nexport const runs = () => [[One, { x: 5 }], [Two, { x: 5 }]];",
        ),
      },
    },
    ["pipeline.ts", /Two/g, "Three"],
    "Three.y",
  ),
  row(
    5,
    "a static by way of the constructor",
    { y: "x * (this.constructor as any).K", tail: "(P as any).K = 1;" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    5,
    "a static by the class's name",
    { y: "x * P.K", members: "static K = 1;" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    5,
    "a static method",
    { y: "P.scale(x)", members: "static scale(x: number) { return x * 2; }" },
    ["pipeline.ts", "x * 2", "x * 3"],
    "y",
  ),
  row(
    5,
    "what a static method reads of its class",
    { y: "P.scale(x)", members: "static K = 2;\n  static scale(x: number) { return x * this.K; }" },
    ["pipeline.ts", "K = 2", "K = 3"],
    "y",
  ),
  row(
    5,
    "a static of another class",
    { head: "class T { static K = 1; static L = 1; }", y: "x * T.K" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    5,
    "a static block",
    { head: "class T { static K: number; static { this.K = 1; } }", y: "x * T.K" },
    ["pipeline.ts", "this.K = 1", "this.K = 2"],
    "y",
  ),
  row(
    5,
    "a private static",
    { head: "class T { static #k = 1; static go(x: number) { return x * T.#k; } }", y: "T.go(x)" },
    ["pipeline.ts", "#k = 1", "#k = 2"],
    "y",
  ),
  row(
    5,
    "a static that a base has",
    { head: "class A { static K = 1; }\nclass T extends A {}", y: "x * T.K" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    5,
    "a member that is put on the prototype",
    { y: "(this as any).k(x)", tail: "(P.prototype as any).k = (x: number) => x + 1;" },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    5,
    "a getter that is put on the prototype",
    { y: "(this as any).k + x", tail: "Object.defineProperty(P.prototype, 'k', { get() { return 1; } });" },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
  ),
  row(
    5,
    "a getter of the class",
    { y: "this.k + x", members: "get k() { return this.l; }\n  l = 1;" },
    ["pipeline.ts", "l = 1", "l = 2"],
    "y",
  ),
  row(
    5,
    "a base's method",
    { head: "class A { go(x: number) { return x + 1; } }\nclass T extends A {}\nconst t = new T();", y: "t.go(x)" },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    5,
    "an override",
    {
      head: "class A { go(x: number) { return this.k(x); }\n k(x: number) { return x; } }\nclass T extends A { override k(x: number) { return x + 1; } }\nconst t = new T();",
      y: "t.go(x)",
    },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    5,
    "what super calls",
    {
      head: "class A { go(x: number) { return x + 1; } }\nclass T extends A { override go(x: number) { return super.go(x) * 2; } }\nconst t = new T();",
      y: "t.go(x)",
    },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    5,
    "what a method reads that super calls",
    {
      head: "class A { k = 1; go(x: number) { return x + this.k; } }\nclass T extends A { override go(x: number) { return super.go(x) * 2; } }\nconst t = new T();",
      y: "t.go(x)",
    },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
  ),
  row(
    5,
    "another base",
    {
      head: "class A { go(x: number) { return x + 1; } }\nclass B { go(x: number) { return x + 2; } }\nclass T extends A {}\nconst t = new T();",
      y: "t.go(x)",
    },
    ["pipeline.ts", "T extends A", "T extends B"],
    "y",
  ),
  row(
    5,
    "a constructor",
    { head: "class T { k; constructor(k: number) { this.k = k + 1; } }", y: "new T(x).k" },
    ["pipeline.ts", "k + 1", "k + 2"],
    "y",
  ),
  row(
    5,
    "a field's initialiser",
    { head: "class T { k = 1; }", y: "new T().k + x" },
    ["pipeline.ts", "k = 1", "k = 2"],
    "y",
  ),
  row(
    5,
    "a computed member",
    {
      head: "const NAME = 'a';\nclass T { [NAME]() { return 1; }\n b() { return 2; } }",
      y: "(new T() as any).a?.() ?? x",
    },
    ["pipeline.ts", "NAME = 'a'", "NAME = 'c'"],
    "y",
  ),
  row(
    5,
    "Symbol.toPrimitive",
    { head: "const o: any = { [Symbol.toPrimitive]() { return 1; } };", y: "o + x" },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
  ),
  row(
    5,
    "an iterator",
    { head: "class T { *[Symbol.iterator]() { yield 1; } }\nconst t = new T();", y: "[...t, x]" },
    ["pipeline.ts", "yield 1", "yield 2"],
    "y",
  ),
  row(
    5,
    "valueOf of a class",
    { head: "class T { valueOf() { return 1; } }\nconst t: any = new T();", y: "t + x" },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
  ),
  row(
    5,
    "toJSON of what is in an array",
    { head: "class T { toJSON() { return 1; } }\nconst all = [new T()];", y: "JSON.stringify(all) + x" },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
  ),
  row(5, "a class's name", { head: "class T {}", y: "T.name + x" }, ["pipeline.ts", /\bT\b/g, "U"], "y"),
  row(
    5,
    "the name of a function",
    { head: "function go() { return 1; }", y: "go.name + x" },
    ["pipeline.ts", /\bgo\b/g, "went"],
    "y",
  ),
  row(
    5,
    "the length of a function",
    { head: "function go(_a: number) { return 1; }", y: "go.length + x" },
    ["pipeline.ts", "_a: number", "_a: number, _b: number"],
    "y",
  ),
  row(
    5,
    "a property of a function",
    { head: "function go(x: number) { return x * go.k; }\ngo.k = 1;", y: "go(x)" },
    ["pipeline.ts", "go.k = 1", "go.k = 2"],
    "y",
  ),
  row(
    5,
    "a resource's class",
    {
      files: {
        "pipeline.ts": `import { input, node, Pipeline, resource } from "hypernodes";
class Tool { go(x: number) { return x + 1; } }
export class P extends Pipeline {
  @input() x!: number;
  @resource() tool(): Tool { return new Tool(); }
  @node("x", "tool") y(x: number, tool: Tool): any { return tool.go(x); }
  @node("x") other(x: number): any { return x; }
}
`,
      },
    },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    10,
    "a number that a factory gives, with a version",
    { files: { "pipeline.ts": VERSIONED("1").replace("k(x)", "x + k") } },
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "a number that a callback is given, with a version",
    {
      files: {
        "pipeline.ts": VERSIONED("1")
          .replace("k(x)", "x + k")
          .replace("const make = (", "const [P] = [1].map((")
          .replace(/\};\nexport const P = make\(1\);/, "});\nexport { P };"),
      },
    },
    ["pipeline.ts", "[1].map", "[2].map"],
    "y",
  ),
  row(
    10,
    "two classes of one name and version",
    {
      files: {
        "a.ts": VERSIONED("1").replace("k(x)", "x + k"),
        "b.ts": VERSIONED("1").replace("k(x)", "x - k"),
        "pipeline.ts": `import { P as A } from "./a.js";\nimport { P as B } from "./b.js";\nexport const runs = () => [[A, { x: 5 }], [B, { x: 5 }]];`,
      },
    },
    ["a.ts", "version: 1", "version: 2"],
    "y",
  ),
  row(
    10,
    "another version",
    { files: { "pipeline.ts": VERSIONED("1").replace("k(x)", "x + k") } },
    ["pipeline.ts", "version: 1", "version: 2"],
    "y",
  ),
  row(
    10,
    "the code with the same version",
    { files: { "pipeline.ts": VERSIONED("1").replace("k(x)", "x + k") } },
    ["pipeline.ts", "x + k", "k + x"],
    "",
  ),
  row(
    10,
    "a function that a factory gives, with a version",
    GIVEN("", "(n: number) => n + 1"),
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    10,
    "a function in an object that a factory gives, with a version",
    GIVEN("", "{ f: (n: number) => n + 1 }", { y: "k.f(x)" }),
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    10,
    "a class that a factory gives, with a version",
    GIVEN("", "class { go(n: number) { return n + 1; } }", { y: "new k().go(x)" }),
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    10,
    "a base that a factory gives, with a version",
    GIVEN("", "B1", { head: BASES, base: "k", y: "x + (this as any).k()" }),
    ["pipeline.ts", "make(B1)", "make(B2)"],
    "y",
  ),
  row(
    10,
    "what another factory gives the base, with a version",
    GIVEN("", "1", {
      head: "const scaled = (B: any, k: number): any => class extends B { k() { return k; } };",
      base: "scaled(Pipeline, k)",
      y: "x * (this as any).k()",
    }),
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "what a factory gives a helper, with a version",
    GIVEN("const h = (n: number) => n * k;", "1", { y: "h(x)" }),
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "the code of a factory's helper, with the same version",
    GIVEN("const h = (n: number) => n * k;", "1", { y: "h(x)" }),
    ["pipeline.ts", "n * k", "k * n"],
    "",
  ),
  row(
    10,
    "what a factory gives another method, with a version",
    GIVEN("", "1", { y: "this.more(x)", more: "more(n: number) { return n * k; }" }),
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "a static member that is set behind the class, with a version",
    GIVEN("", "1", { y: "x * P.scale", more: "static scale = 0;", after: "P.scale = k;" }),
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "a field that a factory gives, with a version",
    GIVEN("", "1", { y: "x * this.scale", more: "scale = k;" }),
    ["pipeline.ts", "make(1)", "make(2)"],
    "y",
  ),
  row(
    10,
    "two classes of one name in a file, with a version",
    {
      files: {
        "pipeline.ts": `${VERSIONED("1").replace("k(x)", "x + k")}
const Other = (() => {
  class P extends Pipeline {
    @input() x!: number;
    @node("x", { version: 1 }) y(x: number): any { return x - 1; }
    @node("x") other(x: number): any { return x; }
  }
  return P;
})();
export const runs = () => [[P, { x: 5 }], [Other, { x: 5 }]];
`,
      },
    },
    ["pipeline.ts", "x - 1", "x - 2"],
    "y",
    { unkept: /another class named P/ },
  ),
  row(
    10,
    "the code of a decorated method, with the same version",
    {
      head: "const times = (k: number) => (_: any, __: string, d: PropertyDescriptor) => { const f = d.value; d.value = function (this: any, ...a: any[]) { return f.apply(this, a) * k; }; };",
      members: `@times(2) @node("x", { version: 1 }) z(x: number): any { return x + 1; }`,
    },
    ["pipeline.ts", "x + 1", "1 + x"],
    "",
  ),
  row(
    10,
    "a decorator's number, with the same version",
    {
      head: "const times = (k: number) => (_: any, __: string, d: PropertyDescriptor) => { const f = d.value; d.value = function (this: any, ...a: any[]) { return f.apply(this, a) * k; }; };",
      members: `@times(2) @node("x", { version: 1 }) z(x: number): any { return x + 1; }`,
    },
    ["pipeline.ts", "@times(2)", "@times(3)"],
    "z",
  ),
  row(
    10,
    "a method that is called with a batch",
    {
      files: {
        "pipeline.ts": `import { input, mapOver, node, Pipeline } from "hypernodes";
export class P extends Pipeline {
  @input() x!: any;
  @mapOver("x") y(x: any): any { return Array.isArray(x) ? x.map((n) => n + 1) : x + 2; }
  @node("x") other(x: any): any { return x; }
}
export const inputs = { x: [1, 2] };
`,
      },
    },
    ["pipeline.ts", `@mapOver("x")`, `@mapOver("x", { batch: 2 })`],
    "y",
  ),
  row(
    10,
    "a method of a model",
    {
      files: {
        "pipeline.ts": `import { input, model, node, Pipeline } from "hypernodes";
@model() export class R35 { constructor(readonly n = 1) {}\n size() { return this.n + 1; } }
export class P extends Pipeline {
  @input() x!: number;
  @node("x") made(x: number): R35 { return new R35(x); }
  @node("made") y(made: R35): any { return made.size(); }
  @node("x") other(x: number): any { return x; }
}
`,
      },
    },
    ["pipeline.ts", "this.n + 1", "this.n + 2"],
    "made y",
  ),
  ...SET.map(([what, content]) =>
    row(5, `what runs when ${what}`, content, ["pipeline.ts", "v * 2", "v * 3"], "y", {
      only: COMPILED,
      // The other setters are known to be run by the node.
      isFilled: what === "a private member is assigned",
    }),
  ),
  ...LOWERED_EDITS.map(([what, y, from, to, computes]) =>
    row(
      7,
      `a private member in a WeakMap that ${what}: ${from}`,
      { head: LOWERED, y },
      ["pipeline.ts", from, to],
      computes,
      {
        only: COMPILED,
      },
    ),
  ),
  ...(["#by = 3;", "#scaled(x: number) { return x * this.#by; }"] as const).map((edited) =>
    row(
      7,
      `a private member of the pipeline, which tsx keeps in a WeakMap: ${edited}`,
      {
        members: "#by = 3;\n  #scaled(x: number) { return x * this.#by; }",
        y: "this.#scaled(x)",
      },
      ["pipeline.ts", edited, edited.replace("3", "4").replace("*", "+")],
      "y",
    ),
  ),
  row(
    7,
    "a WeakMap that is a static member of the class of its objects",
    {
      head: `class Box {
  static by = new WeakMap<object, number>();
  constructor(by: number) { Box.by.set(this, by); }
  scaled(x: number) { return Box.by.get(this)! * x; }
}
const box = new Box(2), other = new Box(7);`,
      y: "box.scaled(x)",
    },
    ["pipeline.ts", "new Box(2)", "new Box(3)"],
    "y",
  ),
  row(
    7,
    "a WeakMap about objects of a class that does not name it",
    {
      head: "const labels = new WeakMap<object, number>();\nclass Doc {}\nconst doc = new Doc();\nlabels.set(doc, 2);",
      y: "labels.get(doc)! * x",
    },
    ["pipeline.ts", "(doc, 2)", "(doc, 3)"],
    "y",
    { unkept: /a WeakMap or WeakSet with something in it \(labels\)/ },
  ),
  ...ASKED.map(([what, head, y]) =>
    row(5, `the name of a function, asked by ${what}`, { head, y }, ["pipeline.ts", /gone/g, "come"], "y", {
      only: COMPILED,
    }),
  ),
];

import { type Row, row } from "./row.js";

/** What stands before the class, the members of that, what the node returns, and an edit of all three. */
type Sketch = readonly [what: string, head: string, members: string, y: string, from: string | RegExp, to: string];

const sketched =
  (kind: number) =>
  ([what, head, members, y, from, to]: Sketch): Row =>
    row(kind, what, { head, members, y }, ["pipeline.ts", from, to], "y", { only: ["esm"] });

/** A class with a private field of which a method calls, reads or hands on what is in it. */
const splitter = (field: string, use: string, given: string): string =>
  `class Splitter { ${field}; constructor(f: any) { this.#f = f; } run(s: string): any { return ${use}; } }
const splitter = new Splitter(${given});`;
const WORDS = '(s: string) => s.split(" ")';
const COMMAS = "(s: string) => s.split(/[ ,]/)";

const PRIVATES: readonly Sketch[] = [
  [
    "a function in a private field",
    splitter("#f: any", "this.#f(s)", WORDS),
    "",
    "splitter.run('a b,c')",
    WORDS,
    COMMAS,
  ],
  ...[
    ["with a value before", "#f: any = String", "this.#f(s)"],
    ["called if it is there", "#f: any", "this.#f?.(s)"],
    ["handed on", "#f: any", "[s].map(this.#f)"],
    ["given by a getter", "get f() { return this.#f; }\n#f: any", "this.f(s)"],
  ].map(
    ([what, field, use]): Sketch => [
      `a function in a private field, ${what}`,
      splitter(field!, use!, WORDS),
      "",
      "splitter.run('a b,c')",
      WORDS,
      COMMAS,
    ],
  ),
  [
    "what a function in a private field has captured",
    `const by = (n: number) => (x: string) => x.repeat(n);\n${splitter("#f: any", "this.#f(s)", "by(2)")}`,
    "",
    "splitter.run('a')",
    "by(2)",
    "by(3)",
  ],
  [
    "what a function in a private field reads of its object",
    splitter("by = 2; #f: any", "this.#f(s)", "function (this: any, s: string) { return s.repeat(this.by); }"),
    "",
    "splitter.run('a')",
    "by = 2",
    "by = 3",
  ],
  [
    "a class in a private field",
    `class A { n = 1; }\nclass B { n = 2; }\n${splitter("#f: any", "new this.#f().n + s", "A")}`,
    "",
    "splitter.run('a')",
    "Splitter(A)",
    "Splitter(B)",
  ],
  [
    "a function of the language in a private field",
    splitter("#f: any", "this.#f(1, 2)", "Math.max"),
    "",
    "splitter.run('')",
    "max",
    "min",
  ],
  [
    "a function in a private field of the pipeline",
    "",
    `#f: any = (s: string) => s;\nconstructor() { super(); this.#f = (s: string) => s + 1; }`,
    "this.#f('a')",
    "s + 1",
    "s + 2",
  ],
  [
    "a private field of a base class, where another class has one of its name",
    `class A { #n: number; constructor(n: number) { this.#n = n; } a() { return this.#n; } }
class B extends A { #n = 3; b() { return this.#n; } }
const b = new B(1);`,
    "",
    "[b.a(), b.b()]",
    "new B(1)",
    "new B(2)",
  ],
];

const SIZED =
  "class Base { size = 1; get options() { return { size: this.size }; } static n = 1; static get s() { return this.n; } }";
const inherited = (head: string): string =>
  `${head}\nclass Sub extends Base { get options(): any { return super.options; } static get s() { return super.s; } }`;

const SUPERS: readonly Sketch[] = [
  [
    "what a getter reads, by super",
    `${inherited(SIZED)}\nconst sub = new Sub();`,
    "",
    "sub.options.size * x",
    "size = 1",
    "size = 2",
  ],
  ["what a static getter reads, by super", inherited(SIZED), "", "(Sub as any).s * x", "static n = 1", "static n = 2"],
  [
    "what a getter reads, by super, that a class overrides",
    `${inherited(SIZED)}\nclass Last extends Sub { size = 3; }\nconst last = new Last();`,
    "",
    "last.options.size * x",
    "size = 3",
    "size = 4",
  ],
  [
    "a getter of the language, by super",
    "class M extends Map<any, any> { get n() { return super.size; } }\nconst m = new M([[1, 1]]);",
    "",
    "m.n * x",
    "[[1, 1]]",
    "[[1, 1], [2, 2]]",
  ],
  [
    "a member of what a getter returns, by super",
    `${SIZED}\nclass Sub extends Base { get n() { return super.options.size; } }\nconst sub = new Sub();`,
    "",
    "sub.n * x",
    "size = 1",
    "size = 2",
  ],
];

const NAMED = `class A { k = 1; get kOpt() { return this.k; } go() { return this.k; } set kSet(v: any) { (this as any).r = v * this.k; } static n = 1; static go() { return this.n; } }
class B extends A {
  get(n: string) { return (super[n as never] as any); }
  call(n: string) { return (super[n as never] as any)(); }
  text(n: string) { return super[(n + 'Opt') as never]; }
  set(n: string) { (super[n as never] as any) = 3; return (this as any).r; }
  inner(n: string) { return [n].map((each) => (super[each as never] as any)())[0]; }
  static call(n: string) { return (super[n as never] as any)(); }
}
const b = new B();`;

const COMPUTED: readonly Sketch[] = [
  ["a getter", "b.get('kOpt')"],
  ["a method", "b.call('go')"],
  ["a text with a name in it", "b.text('k')"],
  ["a setter", "b.set('kSet')"],
  ["a method, in an arrow function", "b.inner('go')"],
].map(([what, y]): Sketch => [`by super and a computed name, ${what}`, NAMED, "", y!, "k = 1", "k = 2"]);

const TAGS: readonly Sketch[] = [
  [
    "a method as a tag",
    "const sql: any = { table: 'a', q(s: any) { return s[0] + this.table; } };",
    "",
    "sql.q`from `",
    "'a'",
    "'b'",
  ],
  [
    "a method of the pipeline as a tag",
    "",
    "prefix = 'a'; prompt(s: any) { return this.prefix + s[0]; }",
    "this.prompt`q`",
    "'a'",
    "'b'",
  ],
  [
    "a method of a member as a tag",
    "",
    "sql = { table: 'a', q(s: any) { return s[0] + this.table; } };",
    "this.sql.q`from `",
    "'a'",
    "'b'",
  ],
  [
    "a method as a tag, by super",
    "class A { n = 1; t(s: any) { return s[0] + this.n; } }\nclass B extends A { t(s: any) { return super.t`b`; } }\nconst b = new B();",
    "",
    "b.t`a`",
    "n = 1",
    "n = 2",
  ],
  [
    "a function with members as a tag",
    "const t: any = function (this: any) { return this.n; };\nconst o: any = { n: 1, t };",
    "",
    "o.t``",
    "n: 1",
    "n: 2",
  ],
  ["a method as a tag, and a call", "const o: any = { t: (s: any) => typeof s };", "", "o.t`a`", "o.t`a`", "o.t('a')"],
];

/** Members that functions and objects of the language have from others are the same ones for many. */
const HEIRS: readonly Sketch[] = [
  ...[
    ["apply", "Math.max", "Math.min", "f.apply(null, [1, 5])"],
    ["call", "String.prototype.toLowerCase", "String.prototype.toUpperCase", "f.call('aB')"],
    ["bind", "Math.max", "Math.min", "f.bind(null, 1)(5)"],
    ["a static method", "Float32Array", "Float64Array", "f.from([1.1])[0]"],
    ["a method of all objects", "Math", "JSON", "f.hasOwnProperty('max')"],
    ["a text", "Math.max", "Math.min", "f.toString()"],
    ["an accessor", "Map", "Set", "(f as any).__proto__ === (Map as any).__proto__ && f.prototype.constructor.name"],
    ["an inherited prototype", "Float32Array", "Map", "(f as any).__proto__ === Function.prototype"],
  ].map(
    ([what, one, other, y]): Sketch => [
      `a function of the language, by ${what}`,
      `const f: any = ${one};`,
      "",
      y!,
      one!,
      other!,
    ],
  ),
  [
    "a function of the language that another one has captured",
    "const all = (op: any) => (list: number[]) => op.apply(null, list);\nconst f = all(Math.max);",
    "",
    "f([1, 5])",
    "Math.max",
    "Math.min",
  ],
  [
    "a method of the language without its object",
    "const bare = (f: any) => Function.prototype.call.bind(f);\nconst f: any = bare(String.prototype.toLowerCase);",
    "",
    "f('aB')",
    "toLowerCase",
    "toUpperCase",
  ],
];

const TWO: readonly Sketch[] = [
  [
    "which of two equal bound functions it is",
    "const f = () => 1;\nconst a = f.bind(null), b = f.bind(null);\nconst now = a;",
    "",
    "now === a",
    "now = a",
    "now = b",
  ],
  [
    "which of two equal functions of Node it is",
    "import { promisify } from 'node:util';\nconst f = () => 1;\nconst a = promisify(f), b = promisify(f);\nconst now = a;",
    "",
    "now === a",
    "now = a",
    "now = b",
  ],
  [
    "which of two equal proxies of functions it is",
    "const f = () => 1;\nconst a = new Proxy(f, {}), b = new Proxy(f, {});\nconst now = a;",
    "",
    "now === a",
    "now = a",
    "now = b",
  ],
];

/** What a method is called on, where that hardly shows. */
/** Objects whose member `k` is assigned and read, and an edit of what the assignment does. */
const ASSIGNED: readonly (readonly [what: string, head: string, from: string, to: string])[] = [
  [
    "a setter",
    "class Cfg { get k() { return 'a'; } set k(v: any) { if (v > 100) throw new Error(); } }\nconst c = new Cfg();",
    "v > 100",
    "v > 0",
  ],
  [
    "a setter that writes",
    "class Cfg { l: any = ''; get k() { return this.l; } set k(v: any) { this.l = v + '1'; } }\nconst c = new Cfg();",
    "'1'",
    "'2'",
  ],
  ["a frozen object", "const c: any = Object.freeze({ k: 'a' });", "Object.freeze({ k: 'a' })", "{ k: 'a' }"],
  ["a sealed object", "const c: any = { k: 'a' }; delete c.k; Object.seal(c);", "Object.seal(c);", ""],
  [
    "a member that is only read",
    "const c: any = Object.defineProperty({}, 'k', { value: 'a', writable: false });",
    "writable: false",
    "writable: true",
  ],
  [
    "an inherited member that is only read",
    "const base = Object.freeze({ k: 'a' });\nconst c: any = Object.create(base);",
    "Object.freeze({ k: 'a' })",
    "{ k: 'a' }",
  ],
];

/** Getters that give the object whose member is assigned: those of exports, as compilers write them, and a program's own. */
const GIVEN: readonly (readonly [what: string, head: string, members: string, path: string])[] = [
  ["a getter of an object", "const h = { get c() { return c; } };", "", "h.c.k"],
  ["a static getter", "class H { static get c() { return c; } }", "", "H.c.k"],
  [
    "a getter behind a getter",
    "const g = { get c() { return c; } };\nconst h = { get g() { return g; } };",
    "",
    "h.g.c.k",
  ],
  ["a getter of the pipeline", "", "get c() { return c; }", "this.c.k"],
  ["a private field of the pipeline", "", "#c: any = c;", "this.#c.k"],
];
const ASSIGNED_BEHIND_GETTERS: readonly Sketch[] = ASSIGNED.flatMap(([what, head, from, to]) =>
  // What is left in a variable by a member of one object, the next object's run computes once more.
  GIVEN.filter(([by]) => what.includes("setter") || by !== "a getter of the pipeline").flatMap(
    ([by, getter, members, path]) =>
      [path, `${path} + x`].map(
        (read): Sketch => [
          `${what} is assigned and read by ${by}: ${read}`,
          `${head}\n${getter}`,
          members,
          `(() => { try { ${path} = x; } catch { return "refused"; } return ${read}; })()`,
          from,
          to,
        ],
      ),
  ),
);
const ACCESSORS: readonly Sketch[] = [
  [
    "a member of what a global accessor gives",
    "const given = { k: 1 };\nObject.defineProperty(globalThis, 'givenHere', { configurable: true, get() { return given; } });\ndeclare const givenHere: any;",
    "",
    "givenHere.k + x",
    "k: 1",
    "k: 2",
  ],
  [
    "a function that is put on crypto",
    "(crypto as any).label = () => 1;",
    "",
    "(crypto as any).label()",
    "=> 1",
    "=> 2",
  ],
  ...["(() => { const c: any = console; return c.label(); })()", "call()"].map(
    (y): Sketch => [
      `a function that is put on the console, which has another name: ${y}`,
      "(console as any).label = () => 1;\nconst call = (c: any = console) => c.label();",
      "",
      y,
      "=> 1",
      "=> 2",
    ],
  ),
  [
    "a function that is put on a module of Node, which has another name",
    `import util from "node:util"; (util as any).label = () => 1;`,
    "",
    "(() => { const u: any = util; return u.label(); })()",
    "=> 1",
    "=> 2",
  ],
  ...["bind(1)", "valueOf()"].map(
    (by): Sketch => [
      `the name of a function by ${by}`,
      "const named: any = function one() {};",
      "",
      `named.${by}.name`,
      "one",
      "other",
    ],
  ),
  [
    "a function that is put on a stream of the process",
    "(process.stderr as any).label = () => 1;",
    "",
    "(process.stderr as any).label()",
    "=> 1",
    "=> 2",
  ],
];

/** Objects that have a member `k` of no value, or have none. */
const ABSENT: readonly Sketch[] = [
  ["a setter", "const o: any = { set k(_: any) {} };", "{ set k(_: any) {} }", "{}"],
  ["an inherited setter", "const o: any = Object.create({ set k(_: any) {} });", "{ set k(_: any) {} }", "{}"],
  ["a static setter", "class o { static set k(_: any) {} }", "static set k(_: any) {}", ""],
  ["a getter", "const o: any = { get k() { return undefined; } };", "{ get k() { return undefined; } }", "{}"],
  ["undefined", "const o: any = { k: undefined };", "k: undefined", ""],
].flatMap(([what, head, from, to]) =>
  [`"k" in o`, `["k" in o, (o as any).k]`].map(
    (y): Sketch => [`whether there is ${what}: ${y}`, head!, "", y, from!, to!],
  ),
);

/** Ways to read it, of which some make a text. */
const READ = [
  "c.k + x",
  `\`\${c.k}\${x}\``,
  "[c.k].join() + x",
  "(() => { const q = c.k; return q + x; })()",
  "c.k === x",
  "[c.k, x]",
];

const ASSIGNED_AND_READ: readonly Sketch[] = ASSIGNED.flatMap(([what, head, from, to]) =>
  READ.map(
    (read): Sketch => [
      `${what} is assigned and read: ${read}`,
      head,
      "",
      `(() => { try { c.k = x; } catch { return "refused"; } return ${read}; })()`,
      from,
      to,
    ],
  ),
);

export const RECEIVERS: readonly Row[] = [
  ...[...PRIVATES, ...SUPERS, ...COMPUTED].map(sketched(6)),
  sketched(6)([
    "by super and a computed name, a static method",
    NAMED,
    "",
    "B.call('go')",
    "static n = 1",
    "static n = 2",
  ]),
  ...TAGS.map(sketched(1)),
  ...[...HEIRS, ...TWO, ...ABSENT, ...ASSIGNED_AND_READ, ...ASSIGNED_BEHIND_GETTERS, ...ACCESSORS].map(sketched(4)),
  row(
    6,
    "a class that makes an object of itself: another class",
    { head: "class A { n = 1; static make() { return new this(); } }\nclass B { n = 1; }", y: "A.make().n * x" },
    ["pipeline.ts", "class B { n = 1", "class B { n = 2"],
    "",
    { only: ["esm"] },
  ),
  row(
    6,
    "a class that makes an object of itself",
    { head: "class A { n = 1; static make() { return new this(); } }", y: "A.make().n * x" },
    ["pipeline.ts", "n = 1", "n = 2"],
    "y",
    { only: ["esm"] },
  ),
  row(
    9,
    "a variable whose name is a constant, in a function that returns it",
    { head: `const NAME = "R_KEYED";\nconst f = () => process.env[NAME];`, y: "f()" },
    [["note.txt", "other"]],
    "y",
    { env: { before: { R_KEYED: "1" }, after: { R_KEYED: "2" } } },
  ),
  ...[
    "os.tmpdir()",
    "{ const o = os; return o.tmpdir(); }",
    "((o = os) => o.tmpdir())()",
    "all.tmpdir()",
    "((o: any) => o.tmpdir())(all)",
    "all[('tmp' + 'dir') as never] + (all as any)[('tmp' + 'dir') as never]()",
    "import('node:os').then(({ tmpdir }) => tmpdir())",
  ].map((y) =>
    row(
      9,
      `the folder for temporary files, by ${y}`,
      { head: `import os from "node:os";\nimport * as all from "node:os";`, y },
      [["note.txt", "other"]],
      "y",
      { env: { before: { TMPDIR: "/tmp" }, after: { TMPDIR: "/var/tmp" } }, only: ["esm"] },
    ),
  ),
  ...[
    `process.env.hasOwnProperty("R_HAS")`,
    `process.env.propertyIsEnumerable("R_HAS")`,
    `(process.env.valueOf() as any).R_HAS`,
    `(process.valueOf() as any).env.R_HAS`,
  ].map((y) =>
    row(9, `the environment by ${y}`, { y }, [["note.txt", "other"]], "y", {
      ...{ env: { before: {}, after: { R_HAS: "1" } }, unkept: /computed name|handed on as a whole/, only: ["esm"] },
    }),
  ),
];

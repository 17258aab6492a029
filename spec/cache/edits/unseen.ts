import { readFileSync } from "node:fs";
import { COMPILED, row } from "./row.js";

const PACKAGE = (code: string) => ({
  "node_modules/p/package.json": `{ "name": "p", "version": "1.0.0", "type": "module", "main": "i.js" }`,
  "node_modules/p/i.js": code,
});
const RUNS = (members: string, runs: string, head = "") => ({
  files: {
    "pipeline.ts": `import { type Each, input, mapOver, model, node, Pipeline, resource } from "hypernodes";
${head}
export class P extends Pipeline {
  ${members}
}
export const runs = () => [${runs}];
`,
  },
});
/** What metadata is about, and a member of it. */
const ABOUT: readonly (readonly [head: string, about: string])[] = [
  ["const o = { a: 1 };", "o"],
  ["const o = { a: 1 };", "o, 'a'"],
  ["const o = { in: [{ a: 1 }] };", "o.in[0]"],
  ["const o = [1];", "o"],
  ["const o = (x: number) => x;", "o"],
  ["function o(x: number) { return x; }", "o"],
  ["function o() {}", "o.prototype"],
  ["class O {}\nconst o = new O();", "o"],
  ["class O { m() {} }\nconst o = new O();", "o, 'm'"],
  ["class O { static m() {} }", "O, 'm'"],
  ["class Base {}\nclass O extends Base {}", "O"],
  ["const o = new Map([[1, { a: 1 }]]);", "o.get(1)"],
  [`import { K } from "p";`, "K"],
  [`import { K } from "p";\nclass O extends K {}`, "K"],
];
/** Code of a script that is not strict, whose `this` is `globalThis`. */
const SLOPPY = [
  "function g() { return this.K; } exports.f = () => g();",
  "function g() { return (() => this.K)(); } exports.f = () => g.call(null);",
  "const o = { g() { return this.K; } }; exports.f = () => (0, o.g)();",
  "function g() { return this.O.K; } globalThis.O = { get K() { return globalThis.K; } }; exports.f = () => g();",
];
const OTHER_METADATA = {
  "node_modules/reflect-metadata/package.json": `{ "name": "reflect-metadata", "version": "0.0.1", "main": "Reflect.js" }`,
  "node_modules/reflect-metadata/Reflect.js": readFileSync("node_modules/reflect-metadata/Reflect.js", "utf8"),
};
const Y = `@input() m!: any; @node("m") y(m: any): any { return m.v + 0; }`;
const DIFFERENCE = "(() => { const before = pair.get(); pair.inc(); return x + pair.get() - before; })()";
const KEPT_BY_NODE: readonly (readonly [what: string, head: string, y: string])[] = [
  ["console", "", "(console.log('seen'), x)"],
  ["the clock of performance", `import { performance } from "node:perf_hooks";`, "(performance.now(), x)"],
  ["global performance", "", "(performance.now(), x)"],
  ["structuredClone", "", "structuredClone({ x })"],
  ["queueMicrotask and timers", "", "(queueMicrotask(() => {}), clearTimeout(setTimeout(() => {}, 0)), x)"],
  ["hrtime", "", "(process.hrtime.bigint(), process.memoryUsage().rss, x)"],
  [
    "files",
    `import fs from "node:fs";\nimport { readFile } from "node:fs/promises";`,
    "(fs.existsSync('/'), readFile, x)",
  ],
  ["paths", `import path from "node:path";`, "path.join('a', String(x))"],
  [
    "hashes",
    `import { createHash, randomUUID } from "node:crypto";`,
    "(randomUUID(), createHash('md5').update('a').digest('hex'))",
  ],
  ["bytes", "", "Buffer.from('abc').toString('base64') + x"],
  ["text", "const encoder = new TextEncoder();", "encoder.encode('a').length + x"],
  ["compression", `import { gunzipSync, gzipSync } from "node:zlib";`, "gunzipSync(gzipSync('abc')).toString() + x"],
  ["URLs", "", "new URL('http://a/b').pathname + x"],
  [
    "promisify of Node's own",
    `import { execFile } from "node:child_process";\nimport { promisify } from "node:util";\nconst run = promisify(execFile);`,
    "(run, x)",
  ],
  [
    "an emitter",
    `import { EventEmitter } from "node:events";\nconst emitter = new EventEmitter();\nemitter.on("a", () => {});`,
    "(emitter.emit('a'), x)",
  ],
  ["fetch", "", "(typeof fetch, fetch, x)"],
  ["a symbol of the language", "", "[...'ab'][Symbol.iterator] !== undefined"],
  [
    "a promise, once an AsyncLocalStorage was used",
    `import { AsyncLocalStorage } from "node:async_hooks";\nconst s = new AsyncLocalStorage<number>();\nconst p = s.run(1, () => Promise.resolve(2));`,
    "p",
  ],
  ["Reflect's metadata", `class K {}`, "(Reflect as any).getMetadata('k', K) ?? x"],
];

const LOADED_BY_NODE = [
  "new AbortController().signal.aborted",
  "new Blob(['a']).size",
  "new FormData().has('a')",
  "new Headers({ a: 'b' }).get('a')",
  "new ReadableStream().locked",
  "new Response('a').status",
  "new TextEncoder().encode('a')[0]",
  "atob(btoa('a'))",
];

/** What V8 or the language hides, and what other code changes where nobody looks. */
export const UNSEEN = [
  row(
    11,
    "a #private member that is not in a model's key",
    RUNS(
      Y,
      "[P, () => ({ m: new R5(1) })]",
      "@model({ key: ['v'] }) class R5 { #seen = 0; constructor(readonly v: number) {} see() { return ++this.#seen; } }",
    ),
    ["pipeline.ts", "m.v + 0", "m.v + 1"],
    "y",
    { except: ["tsx"] },
  ),
  ...["globalThis.process", "global.process", "(globalThis as any).process"].map((process, i) =>
    row(
      9,
      `a variable of the environment by ${process}`,
      { head: `process.env.R_GLOBAL${i} = "2";`, y: `x * Number(${process}.env.R_GLOBAL${i})` },
      ["pipeline.ts", `"2"`, `"3"`],
      "y",
    ),
  ),
  ...(
    [
      ["whether there is a variable of the environment", "", `("R_ENV" in process.env) + process.env.R_ENV!`],
      [
        "a variable that is taken out of process",
        "",
        "(() => { const { env: { R_ENV } } = process; return R_ENV; })()",
      ],
      ["a variable whose name is a constant", `const NAME = "R_ENV";`, "process.env[NAME]"],
    ] as const
  ).map(([what, head, y]) =>
    row(9, what, { head, y }, [["note.txt", "other"]], "y", {
      env: { before: { R_ENV: "1" }, after: { R_ENV: "2" } },
    }),
  ),
  row(
    9,
    "a variable whose name may be another one",
    { head: `let name = "R_ENV";\nconst set = (to: string) => { name = to; };\nset("R_ENV");`, y: "process.env[name]" },
    [["note.txt", "other"]],
    "y",
    { unkept: /computed/ },
  ),
  row(
    4,
    "a comparison of a Collator, taken off it",
    { head: `const { compare } = new Intl.Collator("en", { numeric: false });`, y: "compare('10', '9')" },
    ["pipeline.ts", "false", "true"],
    "y",
    { unkept: /a native function/ },
  ),
  row(
    4,
    "the format of a NumberFormat, taken off it",
    { head: `const { format } = new Intl.NumberFormat("en", { minimumFractionDigits: 1 });`, y: "format(x)" },
    ["pipeline.ts", "Digits: 1", "Digits: 2"],
    "y",
    { unkept: /a native function/ },
  ),
  row(
    4,
    "what resolves a promise",
    {
      head: "let resolve: any;\nconst promise = new Promise((give) => { resolve = give; });",
      y: "(resolve(x), promise)",
    },
    ["pipeline.ts", "let resolve", "let more = 1, resolve"],
    "y",
    { unkept: /not settled|a native function/ },
  ),
  ...(
    [
      ["deprecate", `util.deprecate((x: number) => x * 2, "old")`, "f(x)"],
      ["promisify", "util.promisify((x: number, done: any) => done(null, x * 2))", "f(x)"],
      [
        "callbackify",
        "util.callbackify(async (x: number) => x * 2)",
        "new Promise((r) => f(x, (_: any, v: any) => r(v)))",
      ],
      ["timerify", "performance.timerify((x: number) => x * 2)", "f(x)"],
      ["AsyncResource.bind", "AsyncResource.bind((x: number) => x * 2)", "f(x)"],
    ] as const
  ).map(([what, made, y]) =>
    row(
      4,
      `a function that Node has put another one around: ${what}`,
      {
        head: `import util from "node:util";\nimport { performance } from "node:perf_hooks";\nimport { AsyncResource } from "node:async_hooks";\nconst f: any = ${made};`,
        y,
      },
      ["pipeline.ts", "x * 2", "x * 3"],
      "y",
    ),
  ),
  row(
    4,
    "what an AsyncLocalStorage has",
    {
      head: `import { AsyncLocalStorage } from "node:async_hooks";\nconst s = new AsyncLocalStorage<number>();`,
      // From Node 24 on a module's own store ends with the module.
      members: "entered = s.enterWith(2);",
      y: "x * s.getStore()!",
    },
    ["pipeline.ts", "With(2)", "With(3)"],
    "y",
    { isAlone: true, only: COMPILED },
  ),
  row(
    4,
    "what a snapshot of an AsyncLocalStorage has",
    {
      head: `import { AsyncLocalStorage } from "node:async_hooks";\nconst s = new AsyncLocalStorage<number>();\nconst f = s.run(2, () => AsyncLocalStorage.snapshot());`,
      y: "f(() => s.getStore())",
    },
    ["pipeline.ts", "run(2", "run(3"],
    "y",
  ),
  row(
    5,
    "super in a method that is taken off its class",
    {
      head: "class A { v() { return 2; } }\nclass C { v() { return 3; } }\nclass B extends A { w() { return super.v(); } }\nObject.setPrototypeOf(B.prototype, A.prototype);\nconst { w } = B.prototype;",
      y: "w.call(undefined as any)",
    },
    ["pipeline.ts", "B.prototype, A", "B.prototype, C"],
    "y",
    { unkept: /super/ },
  ),
  row(
    5,
    "super in a method that is taken off its object",
    {
      head: "const a = { v() { return 2; } }, b = { v() { return 3; } };\nconst o: any = { w() { return (super.v as any)(); } };\nObject.setPrototypeOf(o, a);\nconst { w } = o;",
      y: "w()",
    },
    ["pipeline.ts", "(o, a)", "(o, b)"],
    "y",
    { unkept: /super/ },
  ),
  row(
    5,
    "super in a static method of a class that is handed on",
    {
      head: "class A { static v() { return 2; } }\nclass B extends A { static w() { return super.v(); } }\nconst use = (type: any) => type.w();",
      y: "use(B) * x",
    },
    ["pipeline.ts", "return 2", "return 3"],
    "y",
  ),
  row(
    5,
    "super in a decorated method of a class whose objects are made",
    {
      head: "const same = (_: any, __: string, d: PropertyDescriptor) => { const f = d.value; d.value = function (this: any, ...a: any[]) { return Reflect.apply(f, this, a); }; };\nclass A { v() { return 2; } }\nclass B extends A { @same override v() { return super.v() + 1; } }",
      y: "new B().v() * x",
    },
    ["pipeline.ts", "return 2", "return 3"],
    "y",
  ),
  row(
    5,
    "a field of a computed name",
    { head: `let n = "a";\nclass K { [n as "a"] = 2; }\nn = "z";`, y: "JSON.stringify(new K())" },
    ["pipeline.ts", `let n = "a"`, `let n = "b"`],
    "y",
    { unkept: /computed name/ },
  ),
  row(
    5,
    "a field of a name that nothing holds on to",
    { head: `const n = "a";\nclass K { [n] = 2; }`, y: "JSON.stringify(new K())" },
    ["pipeline.ts", `const n = "a"`, `const n = "b"`],
    "y",
    { unkept: /computed name/ },
  ),
  row(
    5,
    "a field of a name that stays",
    {
      head: `const n = "a";\nconst told = () => n;\nclass K { [n] = 2; [Symbol.toStringTag] = "K"; }`,
      y: "JSON.stringify([new K(), told()])",
    },
    ["pipeline.ts", `const n = "a"`, `const n = "b"`],
    "y",
  ),
  row(
    4,
    "a symbol of the registry",
    { head: `const s = Symbol.for("k");`, y: "String(Symbol.keyFor(s))" },
    ["pipeline.ts", "Symbol.for(", "Symbol("],
    "y",
  ),
  row(
    4,
    "a symbol of the language",
    { head: `const s: any = Symbol.iterator;`, y: "String(s === Symbol.iterator)" },
    ["pipeline.ts", "any = Symbol.iterator", `any = Symbol("Symbol.iterator")`],
    "y",
  ),
  row(
    5,
    "a member by a symbol, and by the text of one",
    {
      head: `const s = Symbol("k");\nclass K { [s]() { return 1; } }`,
      y: "Object.getOwnPropertySymbols(K.prototype).length",
    },
    ["pipeline.ts", "{ [s]()", `{ ["Symbol(k)"]()`],
    "y",
  ),
  row(
    3,
    "the language, after a first run of the process",
    {
      files: {
        "pipeline.ts": `import { input, memory, node, Pipeline } from "hypernodes";
export class P extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): any { return (new Map() as any).total?.(x) ?? 0; }
}
await new P().run({ x: 1 }, { cache: memory() });
await import("./patch.js");
`,
        "patch.ts": "(Map.prototype as any).total = function (x: number) { return x * 2; };\nexport {};",
      },
    },
    ["patch.ts", "* 2", "* 3"],
    "y",
    { isAlone: true, only: ["esm"] },
  ),
  row(
    3,
    "what the language's iterators do",
    {
      head: `const iterator = Object.getPrototypeOf([].values());\nconst { next } = iterator;\niterator.next = function () { const step = next.call(this); if (typeof step.value === "number" && step.value > 1e6) step.value += 1; return step; };`,
      y: "[...[x + 1e6].values()][0]",
    },
    ["pipeline.ts", "+= 1", "+= 2"],
    "other y",
    { isAlone: true, only: COMPILED },
  ),
  row(
    5,
    "metadata of a class",
    { head: `class K {}\n(Reflect as any).defineMetadata("k", 2, K);`, y: `x * (Reflect as any).getMetadata("k", K)` },
    ["pipeline.ts", `"k", 2`, `"k", 3`],
    "y",
  ),
  ...ABOUT.flatMap(([head, about]) =>
    [false, true].map((isOther) =>
      row(
        5,
        `metadata of ${about}, where ${head}${isOther ? ", of another copy of reflect-metadata" : ""}`,
        {
          head: `${isOther ? `import "reflect-metadata";\n` : ""}${head}\n(Reflect as any).defineMetadata("k", 2, ${about});`,
          y: `x * (Reflect as any).getMetadata("k", ${about})`,
          files: { ...PACKAGE("export class K {}"), ...(isOther ? OTHER_METADATA : {}) },
        },
        ["pipeline.ts", `"k", 2`, `"k", 3`],
        "y",
        isOther ? { only: ["esm"] } : {},
      ),
    ),
  ),
  ...["Map", "Math", "globalThis.process.versions"].map((about) =>
    row(
      5,
      `metadata of ${about}`,
      {
        head: `(Reflect as any).defineMetadata("k", 2, ${about});`,
        y: `x * (Reflect as any).getMetadata("k", ${about})`,
      },
      ["pipeline.ts", `"k", 2`, `"k", 3`],
      "y",
      { isAlone: true, only: ["esm"] },
    ),
  ),
  ...SLOPPY.map((code, i) =>
    row(
      12,
      `a member of globalThis that is read of this: ${code}`,
      {
        head: `import { createRequire } from "node:module";\n(globalThis as any).K${i} = 1;\nconst { f } = createRequire(import.meta.url)("./sloppy.cjs");`,
        y: "f()",
        files: { "sloppy.cjs": code.replaceAll("K", `K${i}`) },
      },
      ["pipeline.ts", `K${i} = 1`, `K${i} = 2`],
      "y",
      { only: ["esm"] },
    ),
  ),
  row(
    5,
    "metadata of a member that a decorator puts there",
    {
      head: `const meta = (k: any) => (target: any, member: string) => (Reflect as any).defineMetadata("k", k, target, member);\nclass K { @meta(2) field!: number; }`,
      y: `x * (Reflect as any).getMetadata("k", K.prototype, "field")`,
    },
    ["pipeline.ts", "@meta(2)", "@meta(3)"],
    "y",
  ),
  row(
    8,
    "a member that the project puts on a package's class",
    {
      head: `import { K } from "p";\n(K.prototype as any).g = (x: number) => x * 2;`,
      y: "new K().f(x)",
      files: PACKAGE("export class K { f(x) { return this.g(x); } g(x) { return x; } }"),
    },
    ["pipeline.ts", "x * 2", "x * 3"],
    "y",
  ),
  row(
    8,
    "a member that the project puts on the base of a package's class",
    {
      head: `import { B, K } from "p";\n(B.prototype as any).g = (x: number) => x * 2;`,
      y: "new K().f(x)",
      files: PACKAGE("export class B { g(x) { return x; } }\nexport class K extends B { f(x) { return this.g(x); } }"),
    },
    ["pipeline.ts", "x * 2", "x * 3"],
    "y",
  ),
  row(
    4,
    "whether two functions have one variable",
    {
      head: "const made = () => { let n = 0; return { inc: () => ++n, get: () => n }; };\nconst a = made(), b = made();\nconst pair = { inc: a.inc, get: a.get };",
      y: DIFFERENCE,
    },
    ["pipeline.ts", "get: a.get", "get: b.get"],
    "y",
    { unkept: /one variable/, isFilled: true },
  ),
  row(
    4,
    "whether two functions have one variable, beside a list",
    {
      head: "const made = () => { const seen: number[] = []; let n = 0; return { inc: () => { seen.push(n); return ++n; }, get: () => (seen.length, n) }; };\nconst a = made(), b = made();\nconst pair = { inc: a.inc, get: a.get };",
      y: DIFFERENCE,
    },
    ["pipeline.ts", "get: a.get", "get: b.get"],
    "y",
    { isFilled: true },
  ),
  row(
    4,
    "a variable of two functions with other values",
    {
      head: "const made = (n: number) => ({ inc: () => ++n, get: () => n });\nconst a = made(1), b = made(2);\nconst pair = { get: a.get, more: b.get };",
      y: "pair.get() + pair.more() + x",
    },
    ["pipeline.ts", "made(2)", "made(3)"],
    "y",
  ),
  row(
    8,
    "what a function of a package's CommonJS module, which has no variables, has been given",
    {
      head: `import p from "p";\nconst f = p.make(2);`,
      y: "f(x)",
      files: {
        "node_modules/p/package.json": `{ "name": "p", "version": "1.0.0", "main": "i.cjs" }`,
        "node_modules/p/i.cjs": "exports.make = (k) => { const by = k; return (x) => x * by; };",
      },
    },
    ["pipeline.ts", "make(2)", "make(3)"],
    "y",
  ),
  row(
    4,
    "what a Proxy behind an object gives",
    {
      head: "const made = (k: number) => Object.create(new Proxy({} as any, { get: () => k }));\nconst o = made(2);",
      y: "x * o.anything",
    },
    ["pipeline.ts", "made(2)", "made(3)"],
    "y",
  ),
  row(
    5,
    "whether a method is listed",
    {
      head: `class K { m() { return 1; } }\nObject.defineProperty(K.prototype, "m", { enumerable: false });\nconst k = new K();`,
      y: "(() => { let n = 0; for (const _ in k) n++; return n; })()",
    },
    ["pipeline.ts", "enumerable: false", "enumerable: true"],
    "y",
  ),
  row(
    4,
    "whether a member can be assigned",
    {
      head: `const d: any = Object.defineProperty({}, "a", { value: 1, writable: true });`,
      y: "(() => { try { d.a = 1; return 1; } catch { return 2; } })()",
    },
    ["pipeline.ts", "writable: true", "writable: false"],
    "y",
  ),
  row(
    5,
    "the name of a function inside",
    { y: "(() => { const foo = () => 1; return foo.name; })()" },
    [
      ["pipeline.ts", "const foo", "const bar"],
      ["pipeline.ts", "foo.name", "bar.name"],
    ],
    "y",
  ),
  row(
    5,
    "the name of a class inside",
    { y: "(() => { class Foo {} return new Foo().constructor.name; })()" },
    [
      ["pipeline.ts", "class Foo", "class Bar"],
      ["pipeline.ts", "new Foo", "new Bar"],
    ],
    "y",
  ),
  row(
    9,
    "the folder that a process is in",
    { head: `process.chdir("/tmp");`, y: "process.cwd()" },
    ["pipeline.ts", "/tmp", "/"],
    "y",
    {
      isAlone: true,
      only: COMPILED,
    },
  ),
  row(9, "the time zone", { y: "new Date(0).getHours()" }, [["note.txt", "other"]], "other y", {
    isAlone: true,
    only: COMPILED,
    env: { before: { TZ: "UTC" }, after: { TZ: "Asia/Tokyo" } },
  }),
  row(
    9,
    "how Node prints objects",
    {
      head: `import util from "node:util";\nutil.inspect.defaultOptions.depth = 2;`,
      y: "util.inspect({ a: { b: { c: { d: {} } } } })",
    },
    ["pipeline.ts", "= 2", "= 0"],
    "other y",
    { isAlone: true, only: COMPILED },
  ),
  ...(["styles", "colors"] as const).map((what) =>
    row(
      9,
      `how Node prints objects: its ${what}`,
      {
        head: `import util from "node:util";\nObject.assign(util.inspect.${what}, ${what === "styles" ? `{ number: "red" }` : "{ yellow: [1, 2] }"});`,
        y: "util.inspect(x, { colors: true })",
      },
      ["pipeline.ts", what === "styles" ? "red" : "[1, 2]", what === "styles" ? "blue" : "[3, 4]"],
      "other y",
      { isAlone: true, only: COMPILED },
    ),
  ),
  ...LOADED_BY_NODE.map((y) =>
    row(
      0,
      `a global that Node loads when it is first asked for, and another file asks for it: ${y}`,
      { head: `import "./early.js";`, y, files: { "early.ts": "export {};" } },
      [
        "early.ts",
        `export const early = [AbortController, Blob, FormData, Headers, ReadableStream, Response, TextEncoder, atob, btoa];`,
      ],
      "",
      { isAlone: true, only: COMPILED },
    ),
  ),
  ...KEPT_BY_NODE.map(([what, head, y]) =>
    row(0, `what uses nothing but Node: ${what}`, { head, y }, [["note.txt", "other"]], ""),
  ),
  ...(
    [
      [
        "the address of its file",
        "path.basename(path.dirname(new URL(import.meta.url).pathname))",
        ["swc", "tsx", "esm"],
      ],
      ["the folder of its file", "path.basename(import.meta.dirname ?? __dirname)", ["tsx", "esm"]],
      [
        "the folder of its file, taken out",
        "(() => { const { dirname } = import.meta; return path.basename(dirname); })()",
        ["tsx", "esm"],
      ],
      ["what is beside its file", "import.meta.resolve('./x.js').split('/').at(-2)", ["esm"]],
    ] as const
  ).map(([what, y, only]) => {
    const text = `import path from "node:path";\nexport const f = (x: number) => [${y}, path.sep, x];`;
    return row(
      9,
      `a function that reads ${what}, which is moved`,
      { head: `import { f } from "./a/f.js";`, y: "f(x)", files: { "a/f.ts": text } },
      [
        ["a/f.ts", null],
        ["b/f.ts", text],
        ["pipeline.ts", "./a/", "./b/"],
      ],
      "y",
      { only },
    );
  }),
  row(
    9,
    "what a loader puts into import.meta",
    { head: "(import.meta as any).env = { SCALE: 2 };", y: "x * (import.meta as any).env.SCALE" },
    ["pipeline.ts", "SCALE: 2", "SCALE: 3"],
    "y",
    { only: ["swc", "tsx", "esm"], unkept: /import\.meta\.env/ },
  ),
  row(
    9,
    "import.meta that is handed on",
    {
      head: "(import.meta as any).env = { SCALE: 2 };\nconst of = (meta: any) => meta.env.SCALE;",
      y: "x * of(import.meta)",
    },
    ["pipeline.ts", "SCALE: 2", "SCALE: 3"],
    "y",
    { only: ["swc", "tsx", "esm"], unkept: /import\.meta as a whole/ },
  ),
  ...[
    "[[f]].join()",
    "''.concat(f)",
    "String([x, f])",
    `\`\${[...[f]]}\``,
    `\`\${x > 0 ? f : x}\``,
    "fs.join()",
    "String(fs)",
  ].map((y) =>
    row(
      6,
      `the text of a function that is made one in passing: ${y}`,
      { head: "const f: any = (x: number) => x /* one */ + 1;\nconst fs = [[f]];\nvoid fs;", y },
      ["pipeline.ts", "one", "two"],
      "y",
      // Its texts have no comments.
      { except: ["tsx"] },
    ),
  ),
];

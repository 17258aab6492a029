import { COMPILED, row } from "./row.js";

const REGISTRY = {
  "registry.ts":
    "export const registry: any[] = [];\nexport const byName: any = {};\nexport const map = new Map<string, any>();",
};

/** Kind 3: what modules do when they are imported. */
export const AT_IMPORT = [
  row(
    3,
    "a function that another module registers",
    {
      head: `import "./register.js";\nimport { registry } from "./registry.js";`,
      y: "registry.map((f) => f(x))",
      files: {
        ...REGISTRY,
        "register.ts": `import { registry } from "./registry.js";\nregistry.push((x: number) => x + 1);`,
      },
    },
    ["register.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    3,
    "the order in which modules register",
    {
      head: `import "./r1.js";\nimport "./r2.js";\nimport { registry } from "./registry.js";`,
      y: "registry.reduce((v, f) => f(v), x)",
      files: {
        ...REGISTRY,
        "r1.ts": `import { registry } from "./registry.js";\nregistry.push((x: number) => x + 1);`,
        "r2.ts": `import { registry } from "./registry.js";\nregistry.push((x: number) => x * 2);`,
      },
    },
    ["pipeline.ts", `import "./r1.js";\nimport "./r2.js";`, `import "./r2.js";\nimport "./r1.js";`],
    "y",
  ),
  row(
    3,
    "a module that registers in a Map goes",
    {
      head: `import "./r1.js";\nimport { map } from "./registry.js";`,
      y: `(map.get("f") ?? String)(x)`,
      files: { ...REGISTRY, "r1.ts": `import { map } from "./registry.js";\nmap.set("f", (x: number) => x + 1);` },
    },
    ["pipeline.ts", `import "./r1.js";\n`, ""],
    "y",
  ),
  row(
    3,
    "a decorator that registers",
    {
      head: `import "./r1.js";\nimport { byName } from "./registry.js";`,
      y: "new byName.Step().go(x)",
      files: {
        ...REGISTRY,
        "r1.ts": `import { byName } from "./registry.js";\nconst step = (type: any) => { byName[type.name] = type; };\n@step class Step { go(x: number) { return x + 1; } }`,
      },
    },
    ["r1.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    3,
    "a config object that another module changes",
    {
      head: `import "./setup.js";\nimport { config } from "./config.js";`,
      y: "x * config.k",
      members: `@node("x") z(x: number): any { return x + config.other; }`,
      files: {
        "config.ts": "export const config = { k: 1, other: 1 };",
        "setup.ts": `import { config } from "./config.js";\nconfig.k = 2;`,
      },
    },
    ["setup.ts", "config.k = 2", "config.k = 3"],
    "y",
  ),
  row(
    3,
    "configure()",
    {
      head: `import { configure, scaled } from "./scale.js";\nconfigure({ by: 2 });`,
      y: "scaled(x)",
      files: {
        "scale.ts":
          "let options = { by: 1 };\nexport const configure = (o: any) => { options = o; };\nexport const scaled = (x: number) => x * options.by;",
      },
    },
    ["pipeline.ts", "by: 2", "by: 3"],
    "y",
  ),
  row(
    3,
    "Array.prototype patched",
    {
      head: `import "./patch.js";`,
      y: "([x, x] as any).total()",
      files: { "patch.ts": "(Array.prototype as any).total = function () { return this.length * 2; };" },
    },
    ["patch.ts", "* 2", "* 3"],
    "other y",
    { isAlone: true },
  ),
  ...(
    [
      [
        "a function of it in the place of another one",
        "(String.prototype as any).sup = (String.prototype as any).anchor;",
        ["prototype as any).anchor", "prototype as any).big"],
        `("a" as any).sup("b").length`,
      ],
      [
        "a function of another realm in the place of its own",
        `import vm from "node:vm";\n(Object as any).getOwnPropertySymbols = vm.runInNewContext("Object.getOwnPropertySymbols");`,
        ["(Object as any).getOwnPropertySymbols = vm", "vm"],
        "Number((Object.getOwnPropertySymbols({}) as any) instanceof Array)",
      ],
      [
        "an object without what it was based on",
        "Object.setPrototypeOf(Intl.NumberFormat.prototype, null);",
        ["null", "Object.prototype"],
        "String(Object.getPrototypeOf(Intl.NumberFormat.prototype)).length",
      ],
      [
        "a member that is shown",
        `Object.defineProperty(Array.prototype, "lastIndexOf", { enumerable: true });`,
        ["true", "false"],
        "Object.keys(Array.prototype).length",
      ],
      [
        "a closed object",
        "Object.preventExtensions(WeakRef.prototype);",
        ["preventExtensions", "isExtensible"],
        "Number(Object.isExtensible(WeakRef.prototype))",
      ],
    ] as const
  ).map(([what, patch, [from, to], y]) =>
    row(
      3,
      `the language patched: ${what}`,
      { head: `import "./patch.js";`, y, files: { "patch.ts": `${patch}\nexport {};` } },
      ["patch.ts", from, to],
      "other y",
      { isAlone: true },
    ),
  ),
  ...[
    ["generators", "Object.getPrototypeOf(function* () {}).prototype", "(function* (): any {})()"],
    ["async functions", "Object.getPrototypeOf(async () => {})", "(async () => 0)"],
    ["async generators", "Object.getPrototypeOf(async function* () {}).prototype", "(async function* (): any {})()"],
  ].map(([what, prototype, y]) =>
    row(
      3,
      `the prototype of ${what} patched, which no global leads to`,
      {
        head: `import "./patch.js";`,
        y: `(${y} as any).total(x)`,
        files: { "patch.ts": `(${prototype} as any).total = (x: number) => x * 2;\nexport {};` },
      },
      ["patch.ts", "* 2", "* 3"],
      "other y",
      { isAlone: true, only: COMPILED },
    ),
  ),
  ...[
    ["URL", `import "./patch.js";`, `new URL("a:b")`, "URL.prototype"],
    ["a class of Node, by a static", `import "./patch.js";`, "URL", "URL"],
    [
      "a module that is a class",
      `import { EventEmitter } from "node:events";`,
      "new EventEmitter()",
      "EventEmitter.prototype",
    ],
    [
      "what a class of Node extends",
      `import { Readable } from "node:stream";`,
      "new Readable()",
      "EventEmitter.prototype",
    ],
    [
      "what one's own class extends",
      `import { Readable } from "node:stream";\nclass Lines extends Readable {}`,
      "new Lines()",
      "Readable.prototype",
    ],
    ["what a static method of a class makes", `import "./patch.js";`, `Buffer.from("a")`, "Buffer.prototype"],
    ["what another one makes", `import { Readable } from "node:stream";`, "Readable.from([])", "Readable.prototype"],
    ["what a global class makes", `import "./patch.js";`, "AbortSignal.abort()", "AbortSignal.prototype"],
    ["what the class extends of which it is", `import "./patch.js";`, "AbortSignal.abort()", "EventTarget.prototype"],
    [
      "a class that a module has as a member",
      `import buffer from "node:buffer";`,
      "buffer.Buffer.alloc(1)",
      "Buffer.prototype",
    ],
  ].map(([what, head, y, target]) =>
    row(
      3,
      `Node's classes patched: ${what}`,
      {
        head: `${head}\nimport "./patch.js";`,
        y: `(${y} as any).total(x)`,
        files: {
          "patch.ts": `import { EventEmitter } from "node:events";\nimport { Readable } from "node:stream";\nexport const used = [EventEmitter, Readable];\n(${target} as any).total = (x: number) => x * 2;`,
        },
      },
      ["patch.ts", "* 2", "* 3"],
      "y",
      { isAlone: true, only: COMPILED },
    ),
  ),
  row(
    3,
    "a global that is set",
    {
      head: `import "./set.js";`,
      y: "(globalThis as any).SCALE3 * x",
      files: { "set.ts": "(globalThis as any).SCALE3 = 2;" },
    },
    ["set.ts", "= 2", "= 3"],
    "y",
  ),
  row(
    3,
    "a global function that is named without globalThis",
    {
      head: `import "./set.js";\ndeclare const scale3: any;`,
      y: "scale3(x)",
      files: { "set.ts": "(globalThis as any).scale3 = (x: number) => x * 2;" },
    },
    ["set.ts", "* 2", "* 3"],
    "y",
  ),
  row(
    3,
    "Math.random replaced",
    { head: `import "./set.js";`, y: "Math.random() + x", files: { "set.ts": "Math.random = () => 1;" } },
    ["set.ts", "() => 1", "() => 2"],
    "other y",
    { isAlone: true },
  ),
  row(
    3,
    "a prototype of one's own patched elsewhere",
    {
      head: `import "./patch.js";\nimport { Word } from "./word.js";`,
      y: "new Word(String(x)).stem()",
      files: {
        "word.ts": "export class Word { constructor(readonly t: string) {}\n stem() { return this.t; } }",
        "patch.ts": `import { Word } from "./word.js";\nWord.prototype.stem = function () { return this.t + 1; };`,
      },
    },
    ["patch.ts", "+ 1", "+ 2"],
    "y",
  ),
  row(
    3,
    "setup() beside the class",
    { head: "const table: any = {};\nfunction setup(): void { table.k = 1; }\nsetup();", y: "x + table.k" },
    ["pipeline.ts", "table.k = 1", "table.k = 2"],
    "y",
  ),
  row(3, "an enum", { head: "enum E { A = 1, B = 2 }", y: "[E.A, E.B, E[x]]" }, ["pipeline.ts", "B = 2", "B = 3"], "y"),
  row(
    3,
    "an enum of texts in another file",
    { head: `import { E } from "./e.js";`, y: "E.B + x", files: { "e.ts": `export enum E { A = "a", B = "b" }` } },
    ["e.ts", `B = "b"`, `B = "c"`],
    "y",
  ),
  row(
    3,
    "another member of an enum than the node reads",
    { head: `import { E } from "./e.js";`, y: "E.B + x", files: { "e.ts": `export enum E { A = "a", B = "b" }` } },
    ["e.ts", `A = "a"`, `A = "c"`],
    "",
  ),
  row(
    3,
    "a TypeScript namespace",
    { head: "namespace Geo { const R = 6; export function area(x: number) { return R * x; } }", y: "Geo.area(x)" },
    ["pipeline.ts", "R = 6", "R = 7"],
    "y",
  ),
  row(
    3,
    "a namespace in two parts",
    {
      head: "namespace Geo { export const R = 6; }\nnamespace Geo { export const area = (x: number) => R * x; }",
      y: "Geo.area(x)",
    },
    ["pipeline.ts", "R = 6", "R = 7"],
    "y",
  ),
  row(
    3,
    "what an immediately called function gives",
    { head: "const scaled = (() => { const k = 2; return (x: number) => x * k; })();", y: "scaled(x)" },
    ["pipeline.ts", "k = 2", "k = 3"],
    "y",
  ),
  row(
    3,
    "a table that a constructor registers",
    {
      head: "const table: any[] = [];\nclass Registrar { constructor(to: any[]) { to.push((x: number) => x + 1); } }\nnew Registrar(table);",
      y: "table.map((f) => f(x))",
    },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    3,
    "destructuring from a call",
    { head: "const make = () => ({ f: (x: number) => x + 1, g: 1 });\nconst { f } = make();", y: "f(x)" },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    3,
    "destructuring of an array, with a rest",
    { head: "const [first, ...rest] = [1, 2, 3];", y: "[first, rest, x]" },
    ["pipeline.ts", "[1, 2, 3]", "[1, 2, 4]"],
    "y",
  ),
  row(
    3,
    "a default in destructuring",
    { head: "const { by = 2 } = {} as any;", y: "x * by" },
    ["pipeline.ts", "by = 2", "by = 3"],
    "y",
  ),
  row(
    3,
    "delete",
    { head: "const table: any = { a: 1, b: 2 };\ndelete table.b;", y: "Object.keys(table).length + x" },
    ["pipeline.ts", "delete table.b;", ""],
    "y",
  ),
  row(
    3,
    "a variable that is assigned after its function",
    { head: "let k = 1;\nconst f = (x: number) => x * k;\nk = 2;", y: "f(x)" },
    ["pipeline.ts", "k = 2", "k = 3"],
    "y",
  ),
  row(
    3,
    "a counter that a loop fills",
    { head: "const squares: number[] = [];\nfor (let i = 0; i < 3; i++) squares.push(i * i);", y: "[squares, x]" },
    ["pipeline.ts", "i < 3", "i < 4"],
    "y",
  ),
  row(
    3,
    "Object.assign and spread",
    { head: "const base = { a: 1 };\nconst all = Object.assign({ ...base }, { b: 2 });", y: "[all, x]" },
    ["pipeline.ts", "b: 2", "b: 3"],
    "y",
  ),
  row(
    3,
    "the order of a table's keys",
    { head: "const all = { a: 1, b: 2 };", y: "Object.keys(all).join() + x" },
    ["pipeline.ts", "a: 1, b: 2", "b: 2, a: 1"],
    "y",
  ),
  row(
    3,
    "Object.defineProperty",
    { head: "const all: any = {};\nObject.defineProperty(all, 'k', { get: () => 1 });", y: "all.k + x" },
    ["pipeline.ts", "() => 1", "() => 2"],
    "y",
  ),
  row(
    3,
    "a getter that computes",
    { head: "const all = { n: 1, get k() { return this.n + 1; } };", y: "all.k + x" },
    ["pipeline.ts", "this.n + 1", "this.n + 2"],
    "y",
  ),
  row(
    3,
    "what a getter reads",
    { head: "const all = { n: 1, get k() { return this.n + 1; } };", y: "all.k + x" },
    ["pipeline.ts", "n: 1", "n: 2"],
    "y",
  ),
  row(
    3,
    "a Set, a Date, a RegExp and bytes",
    {
      head: "const s = new Set([1]);\nconst d = new Date(0);\nconst r = /a/;\nconst b = new Uint8Array([1, 2]);",
      y: "[s.has(x), d.getTime(), r.source, b[1]]",
    },
    ["pipeline.ts", "[1, 2]", "[1, 3]"],
    "y",
  ),
  row(3, "a RegExp's flags", { head: "const r = /A/;", y: "r.test('a') || x" }, ["pipeline.ts", "/A/", "/A/i"], "y"),
  row(
    3,
    "where a RegExp goes on",
    {
      head: "const r = /a/g;\nr.lastIndex = 0;",
      y: "const m = new RegExp(r); m.lastIndex = r.lastIndex; return m.test('a') ? x : 0;",
    },
    ["pipeline.ts", "lastIndex = 0", "lastIndex = 1"],
    "y",
  ),
  row(
    3,
    "a Date's time",
    { head: "const d = new Date(0);", y: "d.getTime() + x" },
    ["pipeline.ts", "new Date(0)", "new Date(1)"],
    "y",
  ),
  row(
    3,
    "Object.freeze",
    { head: "const all = { a: 1 };", y: "Object.isFrozen(all) || x" },
    ["pipeline.ts", "{ a: 1 };", "Object.freeze({ a: 1 });"],
    "y",
  ),
  row(
    3,
    "an object's prototype",
    { head: "const base = { k: 1 };\nconst all = Object.create(base);", y: "all.k + x" },
    ["pipeline.ts", "k: 1", "k: 2"],
    "y",
  ),
  row(
    3,
    "a Proxy's handler",
    { head: "const all: any = new Proxy({}, { get: () => 1 });", y: "all.k + x" },
    ["pipeline.ts", "() => 1", "() => 2"],
    "y",
  ),
  row(
    3,
    "what a promise has become",
    { head: "const made = Promise.resolve(1);", y: "return made.then((n) => n + x);" },
    ["pipeline.ts", "resolve(1)", "resolve(2)"],
    "y",
  ),
  row(
    3,
    "a top-level await",
    { head: "const k = await Promise.resolve(1);", y: "k + x" },
    ["pipeline.ts", "resolve(1)", "resolve(2)"],
    "y",
    { except: ["cjs"] },
  ),
];

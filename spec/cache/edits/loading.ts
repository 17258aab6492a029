import { COMPILED, row } from "./row.js";

const LAZY = {
  "lazy.ts": `import { deep } from "./deep.js";\nexport const score = (x: number) => deep(x) + 1;`,
  "deep.ts": "export const deep = (x: number) => x * 2;",
};
const REQUIRE = `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);`;
const ESM = { except: ["cjs"] as const };

const LITERALS: readonly (readonly [before: string, after: string])[] = [
  ["[[,][0]]", "[[null][0]]"],
  ["[1e400]", "[null]"],
  ["[1e400]", "['Infinity']"],
  ["[10n]", "['10n']"],
  ["String.raw`\\x41`", "String.raw`A`"],
  ["String.raw`\\u`", "String.raw`\\x`"],
];

const LAZY7 = {
  "a.mjs": "export const f = (x) => x + 1;",
  "b.mjs": "export const f = (x) => x * 9;",
};

/** Names that a package.json gives a lazy import, and an edit: what changes is found by the name alone. */
const MANIFESTS: readonly (readonly [
  what: string,
  specifier: string,
  manifest: object,
  file: string,
  from: string,
  to: string,
])[] = [
  ["#imports", "#f", { imports: { "#f": "./a.mjs" } }, "a.mjs", "x + 1", "x + 2"],
  ["another target of #imports", "#f", { imports: { "#f": "./a.mjs" } }, "package.json", "./a.mjs", "./b.mjs"],
  [
    "a condition of #imports",
    "#f",
    { imports: { "#f": { node: "./a.mjs", default: "./b.mjs" } } },
    "package.json",
    "node",
    "browser",
  ],
  ["a pattern of #imports", "#lib/a", { imports: { "#lib/*": "./*.mjs" } }, "a.mjs", "x + 1", "x + 2"],
  ["the package's own name", "lazy7/f", { exports: { "./f": "./a.mjs" } }, "a.mjs", "x + 1", "x + 2"],
  ["the package's only export", "lazy7", { exports: "./a.mjs" }, "a.mjs", "x + 1", "x + 2"],
  [
    "another condition of the package's own exports",
    "lazy7",
    { exports: { import: "./a.mjs", require: "./b.mjs", default: "./b.mjs" } },
    "package.json",
    "import",
    "browser",
  ],
];

/** Ways to name the script of a worker: what stands before the class, and the call that starts it. */
const STARTED: readonly (readonly [what: string, head: string, script: string])[] = [
  ["its address", "", "run(new URL('./worker.js', import.meta.url))"],
  ["a constant", "const SCRIPT = new URL('./worker.js', import.meta.url);", "run(SCRIPT)"],
  [
    "a constant path",
    "const SCRIPT = fileURLToPath(new URL('./worker.js', import.meta.url));",
    "once(fork(SCRIPT, { execArgv: [] }))",
  ],
  ["a table", "const scripts = { a: new URL('./worker.js', import.meta.url).href };", "run(new URL(scripts.a))"],
  [
    "a field of an object",
    "class Runner { script = new URL('./worker.js', import.meta.url); run() { return run(this.script); } }\nconst runner = new Runner();",
    "runner.run()",
  ],
  [
    "a folder and a name",
    "const here = path.dirname(fileURLToPath(import.meta.url));",
    "run(path.join(here, 'worker.js'))",
  ],
  ["a template", "const here = path.dirname(fileURLToPath(import.meta.url));", "run(`$" + "{here}/worker.js`)"],
  ["a resolved name", "", "run(new URL(import.meta.resolve('./worker.js')))"],
];

/** Kinds 6, 7 and 12: code that is loaded when a node runs, by names that a loader resolves, and CommonJS. */
export const LOADING = [
  row(
    6,
    "a lazy import",
    { y: `return import("./lazy.js").then(({ score }) => score(x));`, files: LAZY },
    ["lazy.ts", "+ 1", "+ 2"],
    "y",
  ),
  row(
    6,
    "what a lazy import imports",
    { y: `return import("./lazy.js").then(({ score }) => score(x));`, files: LAZY },
    ["deep.ts", "* 2", "* 3"],
    "y",
  ),
  row(
    6,
    "a lazy import in a helper",
    {
      head: `import { go } from "./go.js";`,
      y: "go(x)",
      files: { ...LAZY, "go.ts": `export const go = async (x: number) => (await import("./lazy.js")).score(x);` },
    },
    ["deep.ts", "* 2", "* 3"],
    "y",
  ),
  row(
    6,
    "a lazy import of a computed name",
    { y: "const name = './lazy'; return import(name + '.js').then(({ score }) => score(x));", files: LAZY },
    ["deep.ts", "* 2", "* 3"],
    "y",
    { unkept: /computed name/, only: ["esm", "cjs"] },
  ),
  row(
    6,
    "a lazy import of a JSON file's text",
    { y: `return import("node:fs").then(({ readFileSync }) => readFileSync.length + x);` },
    ["pipeline.ts", "length + x", "length - x"],
    "y",
  ),
  row(
    6,
    "require by another name",
    {
      head: `import { createRequire } from "node:module";\nconst req = createRequire(import.meta.url);\nconst { f } = req("./i.cjs");`,
      y: "f(x)",
      files: { "i.cjs": "exports.f = (x) => x + 1;" },
    },
    ["i.cjs", "x + 1", "x + 2"],
    "y",
    ESM,
  ),
  row(
    6,
    "a require inside of a node",
    {
      head: REQUIRE,
      y: `require("./j.cjs").f(x)`,
      files: {
        "j.cjs": `const { g } = require("./k.cjs"); exports.f = (x) => g(x) + 1;`,
        "k.cjs": "exports.g = (x) => x;",
      },
    },
    ["k.cjs", "=> x", "=> x * 2"],
    "y",
    ESM,
  ),
  row(
    6,
    "a require by another name inside of a node",
    {
      head: `import { createRequire } from "node:module";\nconst req = createRequire(import.meta.url);`,
      y: `req("./j.cjs").f(x)`,
      files: { "j.cjs": "exports.f = (x) => x + 1;" },
    },
    ["j.cjs", "x + 1", "x + 2"],
    "y",
    ESM,
  ),
  row(
    6,
    "a require of a computed name",
    {
      head: REQUIRE,
      y: `const n = String("j"); return require("./" + n + ".cjs").f(x);`,
      files: { "j.cjs": "exports.f = (x) => x + 1;" },
    },
    ["j.cjs", "x + 1", "x + 2"],
    "y",
    { except: ["cjs"], unkept: /computed name/ },
  ),
  row(
    6,
    "a require that is handed on",
    {
      head: `${REQUIRE}\nconst load = (r: any, name: string) => r(name);`,
      y: `load(require, "./j.cjs").f(x)`,
      files: { "j.cjs": "exports.f = (x) => x + 1;" },
    },
    ["j.cjs", "x + 1", "x + 2"],
    "y",
    { except: ["cjs"], unkept: /require/ },
  ),
  row(
    6,
    "createRequire from process.getBuiltinModule()",
    {
      y: `(process as any).getBuiltinModule("node:module").createRequire(import.meta.url)("./j.cjs").f(x)`,
      files: { "j.cjs": "exports.f = (x) => x + 1;" },
    },
    ["j.cjs", "x + 1", "x + 2"],
    "y",
    { except: ["cjs"], unkept: /getBuiltinModule/ },
  ),
  row(
    6,
    "createRequire inside of a node",
    {
      head: `import { createRequire } from "node:module";\nconst here = import.meta.url;`,
      y: `createRequire(here)("./j.cjs").f(x)`,
      files: { "j.cjs": "exports.f = (x) => x + 1;" },
    },
    ["j.cjs", "x + 1", "x + 2"],
    "y",
    { except: ["cjs"], unkept: /createRequire/ },
  ),
  row(6, "eval", { y: `const k = 2; return eval("x * k");` }, ["pipeline.ts", "k = 2", "k = 3"], "y", {
    unkept: /eval/,
    except: ["tsx"],
  }),
  row(
    6,
    "eval by another name",
    { head: "(globalThis as any).k6 = 2;\nconst go = eval;", y: `go("k6") + x` },
    ["pipeline.ts", "k6 = 2", "k6 = 3"],
    "y",
    { unkept: /eval/ },
  ),
  row(
    6,
    "new Function",
    { head: "(globalThis as any).l6 = 2;", y: `return new Function("return l6")() + x;` },
    ["pipeline.ts", "l6 = 2", "l6 = 3"],
    "y",
    { unkept: /Function/ },
  ),
  row(
    6,
    "Function by way of a constructor",
    { head: "(globalThis as any).m6 = 2;\nconst F: any = (() => 1).constructor;", y: `return F("return m6")() + x;` },
    ["pipeline.ts", "m6 = 2", "m6 = 3"],
    "y",
    { unkept: /Function/ },
  ),
  row(
    6,
    "vm",
    { head: `import vm from "node:vm";\n(globalThis as any).n6 = 2;`, y: `vm.runInThisContext("n6") + x` },
    ["pipeline.ts", "n6 = 2", "n6 = 3"],
    "y",
    { unkept: /node:vm/ },
  ),
  row(
    6,
    "a file that was evaluated at import",
    { head: `import vm from "node:vm";\nconst f = vm.runInThisContext("(x) => x + 1");`, y: "f(x)" },
    ["pipeline.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    6,
    "new Function by another name",
    { head: "(globalThis as any).o6 = 2;\nconst F: any = Function;", y: `return new F("return o6")() + x;` },
    ["pipeline.ts", "o6 = 2", "o6 = 3"],
    "y",
    { unkept: /Function/ },
  ),
  row(
    6,
    "a global by a computed name",
    { head: "(globalThis as any).p6 = 2;", y: "const name = 'p' + '6'; return (globalThis as any)[name] + x;" },
    ["pipeline.ts", "p6 = 2", "p6 = 3"],
    "y",
    { unkept: /globalThis/ },
  ),
  row(
    6,
    "typeof of what may not be there",
    {
      head: "const K = 1;",
      y: "typeof process !== 'undefined' && typeof (globalThis as any).nothing6 === 'undefined' ? K + x : 0",
    },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  // 7: names that a loader resolves.
  row(
    7,
    "an alias of tsconfig.json, beside another file of that name",
    {
      head: `import { f } from "one/lib/text.js";`,
      y: "f(x)",
      files: {
        "lib/text.ts": "export const f = (x: number) => x * 9;",
        "src/lib/text.ts": "export const f = (x: number) => x + 1;",
      },
    },
    ["src/lib/text.ts", "x + 1", "x + 2"],
    "y",
    { alias: "one", only: ["swc", "tsx"] },
  ),
  row(
    7,
    "#imports",
    {
      head: `import { f } from "#f";`,
      y: "f(x)",
      files: {
        "package.json": `{ "name": "imports", "type": "module", "imports": { "#f": "./f.mjs" } }`,
        "f.mjs": "export const f = (x) => x + 1;",
        "g.mjs": "export const f = (x) => x * 2;",
      },
    },
    ["f.mjs", "x + 1", "x + 2"],
    "y",
  ),
  row(
    7,
    "what #imports says",
    {
      head: `import { f } from "#f";`,
      y: "f(x)",
      files: {
        "package.json": `{ "name": "imports", "type": "module", "imports": { "#f": "./f.mjs" } }`,
        "f.mjs": "export const f = (x) => x + 1;",
        "g.mjs": "export const f = (x) => x * 2;",
      },
    },
    ["package.json", "./f.mjs", "./g.mjs"],
    "y",
  ),
  ...MANIFESTS.map(([what, specifier, manifest, ...edit]) =>
    row(
      7,
      `a lazy import of ${what}`,
      {
        y: `return import("${specifier}").then(({ f }: any) => f(x));`,
        files: { "package.json": JSON.stringify({ name: "lazy7", type: "module", ...manifest }), ...LAZY7 },
      },
      edit,
      "y",
    ),
  ),
  row(
    7,
    "a lazy import of #imports that may be a module of Node",
    {
      y: `return import("#os").then((os) => os.EOL.length + x);`,
      files: {
        "package.json": `{ "name": "lazy-os", "type": "module", "imports": { "#os": { "node": "os", "default": "./a.mjs" } } }`,
        "a.mjs": "export const EOL = 1;",
      },
    },
    ["a.mjs", "1", "2"],
    "y",
    // As CommonJS, Node refuses it.
    { unkept: /can't be followed/, ...ESM },
  ),
  row(
    7,
    "a lazy import of an alias of tsconfig.json that is a package's name too",
    {
      y: `return import("both7/text.js").then(({ f }: any) => f(x));`,
      files: {
        "src/text.ts": "export const f = (x: number) => x + 1;",
        "node_modules/both7/package.json": `{ "name": "both7", "version": "1.0.0", "type": "module" }`,
        "node_modules/both7/text.js": "export const f = (x) => x * 9;",
      },
    },
    ["src/text.ts", "x + 1", "x + 2"],
    "y",
    { alias: "both7", only: ["tsx"] },
  ),
  row(
    7,
    "a condition of a package's exports",
    {
      head: `import { f } from "cond";`,
      y: "f(x)",
      files: {
        "node_modules/cond/package.json": `{ "name": "cond", "version": "1.0.0", "exports": { "browser": "./b.mjs", "default": "./a.mjs" } }`,
        "node_modules/cond/a.mjs": "export const f = (x) => x + 1;",
        "node_modules/cond/b.mjs": "export const f = (x) => x + 2;",
      },
    },
    ["node_modules/cond/package.json", `"browser"`, `"node"`],
    "y",
  ),
  row(
    7,
    "a package's reference to itself",
    {
      head: `import { f } from "itself/f";`,
      y: "f(x)",
      files: {
        "package.json": `{ "name": "itself", "type": "module", "exports": { "./f": "./f.mjs" } }`,
        "f.mjs": "export const f = (x) => x + 1;",
      },
    },
    ["f.mjs", "x + 1", "x + 2"],
    "y",
  ),
  row(
    7,
    "a JSON file",
    {
      head: `import { createRequire } from "node:module";\nconst data = createRequire(import.meta.url)("./data.json");`,
      y: "data.k + x",
      files: { "data.json": `{ "k": 1, "l": 1 }` },
    },
    ["data.json", `"k": 1`, `"k": 2`],
    "y",
    ESM,
  ),
  row(
    7,
    "a lazy import that comes through an alias",
    {
      y: `return import("two/f.js").then(({ f }) => f(x));`,
      files: { "src/f.ts": "export const f = (x: number) => x + 1;" },
    },
    ["src/f.ts", "x + 1", "x + 2"],
    "y",
    { alias: "two", only: ["tsx"] },
  ),
  // 12: CommonJS.
  row(
    12,
    "an exported constant that its own file uses",
    {
      head: `import { f } from "./k.js";`,
      y: "f(x)",
      files: { "k.ts": "export const K = 1;\nexport const f = (x: number) => x * K;" },
    },
    ["k.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    12,
    "an exported let that its own file sets",
    {
      head: `import { f } from "./k.js";`,
      y: "f(x)",
      files: { "k.ts": "export let K = 1;\nK = 2;\nexport const f = (x: number) => x * K;" },
    },
    ["k.ts", "K = 2", "K = 3"],
    "y",
  ),
  row(
    12,
    "an exported constant beside the class",
    { head: "export const K = 1;\nexport const L = 1;", y: "x * K" },
    ["pipeline.ts", "K = 1", "K = 2"],
    "y",
  ),
  row(
    12,
    "another exported constant beside the class",
    { head: "export const K = 1;\nexport const L = 1;", y: "x * K" },
    ["pipeline.ts", "L = 1", "L = 2"],
    "",
  ),
  row(
    12,
    "an exported function that its own file calls",
    {
      head: `import { g } from "./k.js";`,
      y: "g(x)",
      files: { "k.ts": "export const f = (x: number) => x + 1;\nexport const g = (x: number) => f(x) * 2;" },
    },
    ["k.ts", "x + 1", "x + 2"],
    "y",
  ),
  row(
    12,
    "module.exports of a file",
    { head: `import f from "./f.cjs";`, y: "f(x)", files: { "f.cjs": "const k = 1; module.exports = (x) => x + k;" } },
    ["f.cjs", "k = 1", "k = 2"],
    "y",
  ),
  row(
    12,
    "a member of module.exports",
    {
      head: `import * as all from "./f.cjs";`,
      y: "all.f(x)",
      files: { "f.cjs": "exports.f = (x) => x + exports.k; exports.k = 1;" },
    },
    ["f.cjs", "k = 1", "k = 2"],
    "y",
  ),
  ...[
    "exports.f = (x) => typeof g();\nfunction g() { return this; }",
    "exports.f = (x) => { o.a = x; return o.a; };\nconst o = Object.freeze({});",
  ].map((code) =>
    row(
      12,
      "the mode of a script",
      {
        head: `import * as all from "./f.cjs";`,
        y: "try { return all.f(x); } catch { return x; }",
        files: { "f.cjs": code },
      },
      ["f.cjs", "exports", `"use strict";\nexports`],
      "y",
    ),
  ),
  row(
    6,
    "the file of a worker",
    {
      head: `import { Worker } from "node:worker_threads";`,
      y: `return new Promise((done) => { const w = new Worker(new URL("./worker.mjs", import.meta.url)); w.on("message", done); });`,
      files: { "worker.mjs": `import { parentPort } from "node:worker_threads";\nparentPort.postMessage(1);` },
    },
    ["worker.mjs", "Message(1)", "Message(2)"],
    "y",
    { except: ["cjs"] },
  ),
  row(
    6,
    "what another file has changed in one that a node requires",
    {
      head: `import "./set.cjs";\nimport m from "./m.cjs";`,
      y: "(m as any)(x)",
      files: {
        "set.cjs": `require("./n.cjs").k = 2;`,
        "m.cjs": `module.exports = (x) => require("./n.cjs").k + x;`,
        "n.cjs": "exports.k = 1;",
      },
    },
    ["set.cjs", "k = 2", "k = 3"],
    "y",
  ),
  row(
    6,
    "a registry that another file has filled, imported when it is used",
    {
      head: `import "./entries.js";`,
      y: `return import("./registry.js").then(({ all }) => all.map((f) => f(x)));`,
      files: {
        "registry.ts": "export const all: ((n: number) => number)[] = [];",
        "entries.ts": `import { all } from "./registry.js";\nall.push((n) => n + 1);`,
      },
    },
    ["entries.ts", "n + 1", "n + 2"],
    "y",
    { only: ["cjs"] },
  ),
  ...LITERALS.flatMap(([before, after]) => [
    row(0, `${before}, ${after}`, { y: before }, ["pipeline.ts", before, after], "y", { only: COMPILED }),
    row(
      6,
      `${before}, ${after} in a file that is imported when it is used`,
      {
        y: `return import("./l.mjs").then(({ f }: any) => f());`,
        files: { "l.mjs": `export const f = () => ${before};` },
      },
      ["l.mjs", before, after],
      "y",
      { only: ["esm"] },
    ),
  ]),
  ...STARTED.map(([what, head, script]) =>
    row(
      6,
      `the script of a worker, by ${what}`,
      {
        head: `import { Worker } from "node:worker_threads";
import { fork } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
const once = (started: any): Promise<any> => new Promise((done, fail) => started.once("message", done).once("error", fail));
const run = (script: any) => once(new Worker(script));
${head}`,
        y: `return ${script};`,
        files: {
          "part.ts": "export const part = 2;",
          "worker.ts": `import { parentPort } from "node:worker_threads";
import { part } from "./part.js";
if (parentPort) parentPort.postMessage(part);
else process.send!(part, () => process.exit());`,
        },
      },
      ["part.ts", "2", "3"],
      "y",
      { only: ["esm"] },
    ),
  ),
  row(
    6,
    "a script of a computed name, beside one that is named",
    {
      head: `import { Worker } from "node:worker_threads";
import path from "node:path";
import { fileURLToPath } from "node:url";
const here = path.dirname(fileURLToPath(import.meta.url));
const run = (script: any) => new Promise((done, fail) => new Worker(script).once("message", done).once("error", fail));`,
      y: `return run(path.join(here, ["worker", "js"].join(".")));`,
      members: `@node("x") named(x: number): any { return run(new URL("./worker.js", import.meta.url)); }`,
      files: {
        "worker.ts": `import { parentPort } from "node:worker_threads";\nparentPort!.postMessage(2);`,
      },
    },
    ["worker.ts", "(2)", "(3)"],
    "named y",
    { only: ["esm"], unkept: /it starts a script/ },
  ),
];

import { COMPILED, type Content, row } from "./row.js";

const manifest = (name: string, more = "") =>
  `{ "name": "${name}", "version": "1.0.0", "type": "module", "main": "i.js"${more} }`;
const P = (code: string, more = "") => ({
  "node_modules/p/package.json": manifest("p", more),
  "node_modules/p/i.js": code,
});
const Q = (code = "export const g = (x) => x + 1;") => ({
  "node_modules/q/package.json": manifest("q"),
  "node_modules/q/i.js": code,
});
const uses = (files: Content["files"]): Content => ({ head: `import { f } from "p";`, y: "f(x)", files: files! });
const CALLS_G = `import { g } from "q"; export const f = (x) => g(x);`;
const COPY = (name: string, adds: number) => ({
  [`node_modules/${name}/package.json`]: manifest(name),
  [`node_modules/${name}/i.js`]: `export { g as ${name} } from "q";`,
  [`node_modules/${name}/node_modules/q/package.json`]: manifest("q"),
  [`node_modules/${name}/node_modules/q/i.js`]: `import { h } from "h"; export const g = (x) => h(x);`,
  [`node_modules/${name}/node_modules/h/package.json`]: manifest("h"),
  [`node_modules/${name}/node_modules/h/i.js`]: `export const h = (x) => x + ${adds};`,
});
const NAMED = (name: string, version: number) => ({
  [`node_modules/${name}/package.json`]: `{ "name": "z", "version": "${version}.0.0" }`,
  [`node_modules/${name}/index.js`]: `module.exports = (x) => x * ${version};`,
});
const VARIABLES: readonly (readonly [what: string, code: string])[] = [
  ["by another name", "const { env } = process; export const f = (x) => x + (env.SCALE_0 ?? '');"],
  ["by optional members", "export const f = (x) => x + (globalThis.process?.env?.SCALE_1 ?? '');"],
  [
    "by a member of process",
    "const p = process || {}, e = p.env || {}, is = 'SCALE_2' in e; export const f = (x) => is + x;",
  ],
  ["by an import", "import { env } from 'node:process'; export const f = (x) => x + (env['scale_3'] ?? '');"],
  ["in a pattern", "const { SCALE_4: s = '' } = process.env; export const f = (x) => x + s;"],
];
/** Ways in which a package gives the environment from one of its files to another one: these, and how that reads a variable. */
const SHARED_ENVIRONMENTS: readonly (readonly [
  what: string,
  by: Content["files"] & object,
  top: string,
  work: string,
])[] = [
  ["a constant", { "e.mjs": "export const env = process.env;" }, "import { env } from './e.mjs';", "return env.NAME;"],
  [
    "an export of Node's",
    { "e.mjs": "export { env } from 'node:process';" },
    "import { env } from './e.mjs';",
    "return env.NAME;",
  ],
  [
    "a default export",
    { "e.mjs": "export default { env: process.env };" },
    "import c from './e.mjs';",
    "return c.env.NAME;",
  ],
  [
    "an optional member",
    { "e.mjs": "export default { env: process.env };" },
    "import c from './e.mjs';",
    "return c?.env?.NAME;",
  ],
  [
    "process itself",
    { "e.mjs": "export { default } from 'node:process';" },
    "import c from './e.mjs';",
    "return c.env.NAME;",
  ],
  [
    "a namespace",
    { "e.mjs": "export const env = process.env;" },
    "import * as c from './e.mjs';",
    "return c.env['NAME'];",
  ],
  [
    "exports of CommonJS",
    { "e.cjs": "exports.env = process.env;" },
    "import { createRequire } from 'node:module'; const c = createRequire(import.meta.url)('./e.cjs');",
    "return c.env.NAME;",
  ],
  ["another package", Q("export const env = process.env;"), "import { env } from 'q';", "return env.NAME;"],
  [
    "a pattern",
    { "e.mjs": "export const env = process.env;" },
    "import { env } from './e.mjs';",
    "const { NAME: n } = env; return n;",
  ],
  [
    "a pattern of a pattern",
    { "e.mjs": "export default { env: process.env };" },
    "import c from './e.mjs';",
    "const { env: { NAME: n } } = c; return n;",
  ],
  [
    "another name",
    { "e.mjs": "export const env = process.env;" },
    "import { env as e } from './e.mjs';",
    "return e.NAME;",
  ],
  [
    "another name again",
    { "e.mjs": "export const env = process.env;" },
    "import { env } from './e.mjs';",
    "const e = env; return e.NAME;",
  ],
  ["a file of that name", { "env.mjs": "export default process.env;" }, "import e from './env.mjs';", "return e.NAME;"],
  [
    "that it is there",
    { "e.mjs": "export const env = process.env;" },
    "import { env } from './e.mjs';",
    "return 'NAME' in env;",
  ],
];
const ARROWS = `export class X {
  constructor(f) { this.f = f; }
  go = (x) => this.f(x);
  make() { return (x) => this.f(x); }
  inner(x) { return [x].map((y) => this.f(y))[0]; }
}
export function made(f) { this.f = f; return (x) => this.f(x); }`;
/** Modules of packages with a function that keeps what it is given. V8 shows no scope of a module of which no function uses anything. */
const FACTORIES: readonly (readonly [what: string, code: string, made?: string])[] = [
  ["a function without a name", "export default function (o) { return { run: (x) => o(x) }; }"],
  ["a function", "export default function make(o) { return { run: (x) => o(x) }; }"],
  ["an arrow", "export default (o) => ({ run: (x) => o(x) });"],
  ["a constant", "const make = (o) => ({ run: (x) => o(x) });\nexport default make;"],
  ["a class without a name", "export default class { constructor(o) { this.run = (x) => o(x); } }", "new make(own)"],
  ["a class", "export default class Made { constructor(o) { this.run = (x) => o(x); } }", "new make(own)"],
  ["a function beside a constant", "const K = 1;\nexport default function (o) { return { run: (x) => o(x) }; }"],
  ["a function that uses a constant", "const K = 1;\nexport default function (o) { return { run: (x) => o(x, K) }; }"],
  ["a function with a list", "export default function (o) { const l = [o]; return { run: (x) => l[0](x) }; }"],
  [
    "a function that returns one later",
    "export default function (o) { let of; of = o; return { run: (x) => of(x) }; }",
  ],
  ["a getter", "export default function (o) { return { get run() { return (x) => o(x); } }; }"],
  ["a function behind an import", `import "node:path";\nexport default function (o) { return { run: (x) => o(x) }; }`],
];
const OPTIONS = (own: string, before = "") => ({ before: { NODE_OPTIONS: before }, after: { NODE_OPTIONS: own } });
const BY_CONDITION = {
  "node_modules/q/package.json": `{ "name": "q", "exports": { "dev": "./a.mjs", "default": "./b.mjs" } }`,
  "node_modules/q/a.mjs": "export const g = (x) => x + 1;",
  "node_modules/q/b.mjs": "export const g = (x) => x + 2;",
};

/** Ways in which a package requires one that its manifest does not name. */
const REQUIRES: readonly (readonly [code: string, isCommonJs?: boolean])[] = [
  ["import { createRequire } from 'node:module'; const req = createRequire(import.meta.url); const { g } = req('q0');"],
  ["import { createRequire as make } from 'node:module'; const { g } = make(import.meta.url)('q1');"],
  ["import m from 'node:module'; const { g } = m.createRequire(import.meta.url)(`q2`);"],
  ["const __require = require; const { g } = __require('q3');", true],
  ["const load = require; const { g } = load('q4');", true],
  ["const { g } = require?.('q5');", true],
  ["const { g } = (0, require)('q6');", true],
  ["const { g } = require(('q7'));", true],
  ["const { g } = require.call(null, 'q8');", true],
  ["const { g } = module.require('@s/q9');", true],
  ["const { g } = require('./lib/q10.js');", true],
];
const REQUIRED = (i: number, adds: number) => {
  const name = i === 9 ? "@s/q9" : i === 10 ? "p10/lib" : `q${i}`;
  return {
    [`node_modules/${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0" }`,
    [`node_modules/${name}/${i === 10 ? "q10" : "index"}.js`]: `exports.g = (x) => x + ${adds};`,
  };
};

/** Ways in which a package reads the folder of its process, or Node's for temporary files. */
const FOLDERS: readonly (readonly [what: string, code: string, y?: string])[] = [
  ["itself", "export const f = (x) => process.cwd() + x;"],
  ["by another name", "const { cwd } = process; export const f = (x) => cwd.call(process) + x;"],
  ["by an import", "import { cwd } from 'node:process'; export const f = (x) => cwd() + x;"],
  ["through an import", "import { g } from 'q'; export const f = (x) => g(x);"],
  [
    "for its users",
    "const real = process.cwd; let known; process.cwd = () => (known ??= real.call(process)); export const f = 0;",
    "process.cwd()",
  ],
];

/** Kinds 7 to 9: what packages' files lead to, and which of them are loaded. */
/** As lodash is written: all is in one function, with the language in variables, and notes when it was called. */
const LIKE_LODASH = `export const _ = (function runIn(context) {
  var Function = context.Function, Date = context.Date, isFunction = (x) => x instanceof Function;
  function timed(f) {
    var lastCalled = 0;
    function called(x) { var stamp = Date.now(); lastCalled = stamp; return f(x); }
    called(0);
    return called;
  }
  return { f: timed((x) => isFunction(x) ? 0 : x + 1), isFunction };
})(globalThis);`;

export const INSTALLED = [
  ...(
    [
      ["its file", "node_modules/p/i.js", "x + 1", "x + 2", "y"],
      ["a comment of the program", "pipeline.ts", "// Uses it.", "// It is used.", ""],
    ] as const
  ).map(([what, file, from, to, computes]) =>
    row(
      8,
      `a package that has the language in variables, and notes when it was called: ${what}`,
      { head: `import { _ } from "p";\n// Uses it.`, y: "_.f(x)", files: P(LIKE_LODASH) },
      [file, from, to],
      computes,
    ),
  ),
  row(
    8,
    "a text that a package reads",
    uses({
      ...P(
        "import fs from 'node:fs'; export const f = () => fs.readFileSync(new URL('words.md', import.meta.url), 'utf8');",
      ),
      "node_modules/p/words.md": "a",
    }),
    ["node_modules/p/words.md", "b"],
    "y",
  ),
  ...["new C(x)", "C.of(x)", "D.of(x)", "make.C.of(x)"].map((y) =>
    row(
      8,
      `a method that the program puts on a package's class: ${y}`,
      {
        head: `import "./patch.js";\nimport { C, D, make } from "p";`,
        y: `(${y} as any).total()`,
        files: {
          ...P(
            "export class C { constructor(x) { this.x = x; } static of(x) { return new C(x); } }\nexport class D extends C { static of(x) { return new D(x); } }\nexport const make = { C };",
          ),
          "patch.ts": `import { C } from "p";\n(C.prototype as any).total = function (this: any) { return this.x * 2; };`,
        },
      },
      ["patch.ts", "* 2", "* 3"],
      "y",
    ),
  ),
  ...REQUIRES.map(([code, isCommonJs], i) =>
    row(
      8,
      `a package that another one requires: ${code}`,
      {
        head: `import { f } from "p${i}";`,
        y: "f(x)",
        files: {
          [`node_modules/p${i}/package.json`]: `{ "name": "p${i}"${isCommonJs ? "" : `, "type": "module"`} }`,
          [`node_modules/p${i}/index.js`]: `${code}\n${isCommonJs ? "exports.f" : "export const f"} = (x) => g(x);`,
          ...REQUIRED(i, 1),
        },
      },
      Object.entries(REQUIRED(i, 2)),
      "y",
      { only: ["esm"] },
    ),
  ),
  row(
    8,
    "two packages that change places, by npm's aliases",
    uses({
      ...P("import a from 'a'; import b from 'b'; export const f = (x) => a(x) - b(x);"),
      ...NAMED("a", 2),
      ...NAMED("b", 3),
    }),
    Object.entries({ ...NAMED("a", 3), ...NAMED("b", 2) }),
    "y",
  ),
  row(
    8,
    "equal copies of a package whose dependencies change places",
    uses({
      ...P("import { a } from 'a'; import { b } from 'b'; export const f = (x) => a(x) * 10 + b(x);"),
      ...COPY("a", 0),
      ...COPY("b", 1),
    }),
    Object.entries({ ...COPY("a", 1), ...COPY("b", 0) }).filter(([, text]) => text.includes("const h")),
    "y",
  ),
  row(
    8,
    "a client that is generated into node_modules",
    uses({
      "node_modules/p/package.json": `{ "name": "p" }`,
      "node_modules/p/index.js": "const c = require('.client/default.js'); exports.f = (x) => c.g(x);",
      "node_modules/.client/default.js": "exports.g = (x) => x + 1;",
    }),
    ["node_modules/.client/default.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "packages that a package has packed into its own files",
    uses({
      ...P("export { f } from './dist/f.js';"),
      "node_modules/p/dist/f.js": "import { g } from './node_modules/q/g.js'; export const f = (x) => g(x);",
      "node_modules/p/dist/node_modules/q/g.js": "export const g = (x) => x + 1;",
    }),
    ["node_modules/p/dist/node_modules/q/g.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a package's file that is a link",
    uses({
      ...P("import { g } from './g.mjs'; export const f = (x) => g(x);"),
      "files/g.mjs": "export const g = (x) => x + 1;",
    }),
    ["files/g.mjs", "x + 1", "x + 2"],
    "y",
    { links: { "node_modules/p/g.mjs": "../../files/g.mjs" } },
  ),
  row(
    8,
    "a file outside of a package that it imports",
    uses({
      ...P("import { g } from '../../own.mjs'; export const f = (x) => g(x);"),
      "own.mjs": "export { g } from './g.mjs';",
      "g.mjs": "export const g = (x) => x + 1;",
    }),
    ["g.mjs", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a package that the imports of a package.json lead to",
    uses({
      ...P("import { g } from '#dep'; export const f = (x) => g(x);", `, "imports": { "#dep": { "default": "q" } }`),
      ...Q(),
    }),
    ["node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a package that a package imports by a template, with a comment",
    uses({ ...P("export const f = async (x) => (await import(/* @vite-ignore */ `q`)).g(x);"), ...Q() }),
    ["node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency behind an empty folder of its name",
    uses({
      "node_modules/p/package.json": `{ "name": "p" }`,
      "node_modules/p/index.js": "const q = require('q'); exports.f = (x) => q(x);",
      "node_modules/p/node_modules/q/.keep": "",
      "node_modules/q/package.json": `{ "name": "q" }`,
      "node_modules/q/index.js": "module.exports = (x) => x + 1;",
    }),
    ["node_modules/q/index.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency that is one file",
    uses({
      "node_modules/p/package.json": `{ "name": "p" }`,
      "node_modules/p/index.js": "const q = require('q'); exports.f = (x) => q(x);",
      "node_modules/q.js": "module.exports = (x) => x + 1;",
    }),
    ["node_modules/q.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    7,
    "a lazy import where a file stands beside what it is compiled to",
    {
      y: `(async () => ((await import("./t.js")) as any).f(x))()`,
      files: { "t.ts": "export const f = (x: number) => x + 1;", "t.js": "export const f = (x) => x + 1;" },
    },
    ["t.ts", "x + 1", "x + 2"],
    "y",
    { only: ["swc", "tsx"] },
  ),
  ...[
    ["inside of a package", { ...uses({ ...P(CALLS_G), ...BY_CONDITION }) }],
    [
      "of a lazy import",
      {
        y: `(async () => ((await import("q")) as any).g(x))()`,
        files: BY_CONDITION,
      },
    ],
  ].map(([what, content], i) =>
    row(
      7,
      `a condition that a process is started with, ${what}`,
      content as Content,
      ["note.txt", "other"],
      "y other",
      { env: OPTIONS(i === 0 ? "--conditions=dev" : "-C dev"), isAlone: true, except: ["cjs"] },
    ),
  ),
  ...[
    ["--disable-proto=delete", "", "typeof ({} as any).__proto__"],
    ["--max-http-header-size 100", `import http from "node:http";`, "http.maxHeaderSize"],
  ].map(([option, head, y]) =>
    row(
      9,
      `an option of Node that changes a value, ${option}`,
      { head: head!, y: y! },
      ["note.txt", "other"],
      "y other",
      {
        env: OPTIONS(option!),
        isAlone: true,
        only: COMPILED,
      },
    ),
  ),
  ...["--trace-warnings --inspect-port=0", "--max-old-space-size=900 --no-deprecation", "--stack_trace_limit=5"].map(
    (options) =>
      row(0, `options of Node that change no value, ${options}`, { y: "x + 1" }, ["note.txt", "other"], "", {
        env: OPTIONS(options),
        isAlone: true,
        only: COMPILED,
      }),
  ),
  row(
    0,
    "a file beside a schema of a package that keeps its objects in a WeakSet",
    {
      head: `import { object } from "p";\nconst S = object();`,
      y: "S.parse(x)",
      files: P(
        "export const object = () => { const made = new WeakSet(); const S = { parse: (x) => made.has(S) && x }; made.add(S); return S; };",
      ),
    },
    ["note.txt", "other"],
    "",
  ),
  row(
    0,
    "a package whose name is a text in one that requires others by another name",
    uses({
      ...P(
        "import { createRequire } from 'node:module'; const load = createRequire(import.meta.url); const { h } = load('h'); const named = (x, n) => x + n; export const f = (x) => h(named(x, 'q'), `q`) + ['q'].length;",
      ),
      ...Q(),
      "node_modules/h/package.json": `{ "name": "h", "version": "1.0.0" }`,
      "node_modules/h/index.js": "exports.h = (x, n) => x + n;",
    }),
    ["node_modules/q/i.js", "+ 1", "+ 2"],
    "",
  ),
  ...["@s", "@s/", ".cache"].map((name) =>
    row(
      0,
      `a folder that is no package, which a file names that is imported when a node runs: ${name}`,
      {
        y: `(async () => ((await import("./lazy.js")) as any).f(x))()`,
        files: {
          "lazy.ts": `declare const require: any;\nexport const f = (x: number) => (x < 0 ? require("${name}") : x);`,
          "node_modules/@s/q/i.js": "a",
          "node_modules/.cache/i.js": "a",
        },
      },
      ["node_modules/.cache/i.js", "a", "b"],
      "",
    ),
  ),
  ...FOLDERS.map(([what, code, y = "f(x)"]) =>
    row(
      9,
      `the folder that a package reads ${what}`,
      {
        head: `import { f } from "p";\nprocess.chdir("/tmp");\nexport { f };`,
        y,
        files: { ...P(code), ...Q("export const g = (x) => process.cwd() + x;") },
      },
      ["pipeline.ts", "/tmp", "/"],
      "y",
      { isAlone: true, only: ["esm"] },
    ),
  ),
  row(
    9,
    "the folder of temporary files that a package reads",
    uses(P("import * as os from 'node:os'; export const f = (x) => os.tmpdir() + x;")),
    ["note.txt", "other"],
    "y",
    { env: { before: { TMPDIR: "/tmp/a" }, after: { TMPDIR: "/tmp/b" } } },
  ),
  row(
    9,
    "the folder that a file reads which is imported when a node runs",
    {
      head: `process.chdir("/tmp");`,
      y: `(async () => ((await import("./a.js")) as any).f())()`,
      files: { "a.ts": "export const f = () => process.cwd();" },
    },
    ["pipeline.ts", "/tmp", "/"],
    "y",
    { isAlone: true, only: ["esm"] },
  ),
  ...VARIABLES.map(([what, code], i) =>
    row(9, `a variable that a package reads ${what}`, uses(P(code)), ["note.txt", "other"], "y", {
      env: {
        before: { [i === 3 ? "scale_3" : `SCALE_${i}`]: "1" },
        after: i === 2 ? {} : { [i === 3 ? "scale_3" : `SCALE_${i}`]: "2" },
      },
    }),
  ),
  ...SHARED_ENVIRONMENTS.map(([what, by, top, work], i) => {
    const code = `${top}\nexport const f = (x) => { ${work.replace("NAME", `SHARED_${i}`)} };`;
    const own = Object.fromEntries(
      Object.entries(by).map(([file, text]) => [file.replace(/^e/, "node_modules/p/e"), text]),
    );
    return row(
      9,
      `a variable that a package reads by an environment of another file: ${what}`,
      uses({ ...P(code), ...own }),
      ["note.txt", "other"],
      "y",
      {
        env: { before: what === "that it is there" ? {} : { [`SHARED_${i}`]: "1" }, after: { [`SHARED_${i}`]: "2" } },
      },
    );
  }),
  row(
    9,
    "a variable that a lazily imported file reads by an environment of another file",
    {
      y: `return import("./a.js").then(({ f }: any) => f(x));`,
      files: {
        "a.ts": `import { env } from "./e.js";\nexport const f = (x: any) => x + (env.SHARED_LAZY ?? "");`,
        "e.ts": `export { env } from "node:process";`,
      },
    },
    ["note.txt", "other"],
    "y",
    { env: { before: { SHARED_LAZY: "1" }, after: { SHARED_LAZY: "2" } } },
  ),
  row(
    9,
    "a variable of a name that a package uses for something else",
    uses({
      ...P("import { g } from './g.mjs'; export const f = (x) => x + g(x, { OTHER_NAME: 1 });"),
      "node_modules/p/e.mjs": "export const env = process.env;",
      "node_modules/p/g.mjs": "// In another env, too.\nexport const g = (x, o) => x + o.OTHER_NAME;",
    }),
    ["note.txt", "other"],
    "",
    { env: { before: { OTHER_NAME: "1" }, after: { OTHER_NAME: "2" } } },
  ),
  ...FACTORIES.map(([what, code, made = "make(own)"]) =>
    row(
      8,
      `what a package's default export keeps, ${what}`,
      {
        head: `import make from "p";\nconst own = (x: number) => x * 2;\nconst made: any = ${made};`,
        y: "made.run(x)",
        files: P(code),
      },
      ["pipeline.ts", "x * 2", "x * 3"],
      "y",
      { only: ["esm", "tsx"] },
    ),
  ),
  row(
    8,
    "a private member of a package's class, in a WeakMap as compilers write it",
    {
      head: `import { Scaler } from "p";\nconst one = new Scaler(2);\nconst two = new Scaler(5);`,
      y: "one.scale(x) + (two === null ? 1 : 0)",
      files: P(
        "var _by = new WeakMap(); export class Scaler { constructor(by) { _by.set(this, by); } scale(x) { return x * _by.get(this); } }",
      ),
    },
    ["pipeline.ts", "Scaler(2)", "Scaler(3)"],
    "y",
    { only: ["esm"] },
  ),
  row(
    8,
    "a schema's description, which zod has in a registry",
    {
      head: `import { schema, prompt } from "zod";\nconst a = schema().describe("one"), b = { a };`,
      y: "prompt(b.a)",
      files: {
        "node_modules/zod/package.json": manifest("zod"),
        "node_modules/zod/i.js": `class Registry { _map = new WeakMap(); get(of) { return this._map.get(of); } }
const registry = (globalThis.__zod_globalRegistry ??= new Registry());
export const schema = () => ({ describe(text) { registry._map.set(this, { text }); return this; } });
export const prompt = (of) => registry.get(of).text;`,
      },
    },
    ["pipeline.ts", "one", "two"],
    "y",
    { only: ["esm"] },
  ),
  ...(
    [
      ["a function of V8's", "new Promise((resolve) => { last = resolve; resolve(); })"],
      ["a WeakMap", "(last = { of: new WeakMap([[of, x]]) })"],
      ["an iterator", "(last = { of: [x][Symbol.iterator]() })"],
    ] as const
  ).map(([what, keeps]) =>
    row(
      8,
      `a package that keeps ${what} when a node has called it`,
      {
        head: `import { make } from "p";\nconst scale = make(2);`,
        y: "scale(x)",
        files: P(
          `const of = {}; export const make = (by) => { let last; return (x) => { ${keeps}; return last && x * by; }; };`,
        ),
      },
      ["pipeline.ts", "make(2)", "make(3)"],
      "y",
      { only: ["esm"] },
    ),
  ),
  ...(
    [
      ["a field", "const { go } = new X((x: number) => x * 2);", "go(x)"],
      ["a method has made", "const go = new X((x: number) => x * 2).make();", "go(x)"],
      ["a function has made", "const go = made.call({}, (x: number) => x * 2);", "go(x)"],
    ] as const
  ).flatMap(([what, head, y]) =>
    row(
      8,
      `the this around a package's arrow that ${what}`,
      { head: `import { made, X } from "p";\n${head}`, y, files: P(ARROWS) },
      ["pipeline.ts", "x * 2", "x * 3"],
      "y",
      { only: ["esm"], unkept: /an arrow function of a package uses the "this" around it/ },
    ),
  ),
  row(
    8,
    "the this around a package's arrow, with its object",
    {
      head: `import { X } from "p";\nconst object = new X((x: number) => x * 2);\nconst table = { go: object.go, object };`,
      y: "object.go(x) + table.object.inner(x)",
      files: P(ARROWS),
    },
    ["pipeline.ts", "x * 2", "x * 3"],
    "y",
    { only: ["esm"] },
  ),
  row(
    8,
    "a package's function expression that is called by its own name",
    {
      head: `import { curry } from "p";\nconst curried = curry((a: number, b: number) => a * 2 + b)(3);`,
      y: "curried(x)",
      files: P(
        "export const curry = (f) => function c(...a) { return a.length >= f.length ? f(...a) : (...b) => c(...a, ...b); };",
      ),
    },
    ["pipeline.ts", "a * 2", "a * 3"],
    "y",
    { only: ["esm"] },
  ),
  row(
    0,
    "a comment, beside a package of so many variables that V8 has them in an order of the process",
    {
      head: `import { of } from "p";\nconst made = of([1], { a: 2 });`,
      y: "made.a + x",
      files: P(`${Array.from({ length: 90 }, (_, i) => `const w${i} = new WeakMap();`).join("\n")}
class Made { constructor(a, b) { this.a = b.a; ${Array.from({ length: 90 }, (_, i) => `w${i}.set(this, [${i}]).set(b, this);`).join(" ")} } }
export const of = (a, b) => { ${Array.from({ length: 90 }, (_, i) => `const v${i} = { of: ${i} };`).join(" ")}
return Object.assign(new Made(a, b), { get: () => [${Array.from({ length: 90 }, (_, i) => `v${i}`).join()}] }); };`),
    },
    ["pipeline.ts", "made.a + x", "made.a /* a */ + x"],
    "",
    { only: ["esm"] },
  ),
];

import { row } from "./row.js";

const manifest = (name: string, more = "") =>
  `{ "name": "${name}", "version": "1.0.0", "type": "module", "main": "i.js"${more} }`;
const PACKAGE = {
  "node_modules/p/package.json": manifest("p"),
  "node_modules/p/i.js": `export { f } from "./f.js";`,
  "node_modules/p/f.js": "export const f = (x) => x + 1;",
};
const USES = { head: `import { f } from "p";`, y: "f(x)" };

/** Kind 8: packages. Kind 9: the environment and other values from outside. */
export const SURROUNDINGS = [
  row(
    8,
    "a package's code with the same version",
    { ...USES, files: PACKAGE },
    ["node_modules/p/f.js", "x + 1", "x + 2"],
    "y",
  ),
  row(8, "a package's version", { ...USES, files: PACKAGE }, ["node_modules/p/package.json", "1.0.0", "1.0.1"], "y"),
  row(
    8,
    "a package without a version",
    {
      ...USES,
      files: { ...PACKAGE, "node_modules/p/package.json": `{ "name": "p", "type": "module", "main": "i.js" }` },
    },
    ["node_modules/p/f.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a package's dependency",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `export { f } from "q";`,
        "node_modules/q/package.json": manifest("q"),
        "node_modules/q/i.js": "export const f = (x) => x + 1;",
      },
    },
    ["node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency that only a dependency has inside",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `export { f } from "q";`,
        "node_modules/p/node_modules/q/package.json": manifest("q"),
        "node_modules/p/node_modules/q/i.js": "export const f = (x) => x + 1;",
        "node_modules/q/package.json": manifest("q"),
        "node_modules/q/i.js": "export const f = (x) => x + 9;",
      },
    },
    ["node_modules/p/node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency that is required",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `import { createRequire } from "node:module";\nexport const f = createRequire(import.meta.url)("q").f;`,
        "node_modules/q/package.json": `{ "name": "q", "version": "1.0.0", "main": "i.cjs" }`,
        "node_modules/q/i.cjs": "exports.f = (x) => x + 1;",
      },
    },
    ["node_modules/q/i.cjs", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency that is imported with export *",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `export*from"q"`,
        "node_modules/q/package.json": manifest("q"),
        "node_modules/q/i.js": "export const f = (x) => x + 1;",
      },
    },
    ["node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "a dependency through another package's subpath",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `export { f } from "@s/q/deep";`,
        "node_modules/@s/q/package.json": `{ "name": "@s/q", "version": "1.0.0", "type": "module", "exports": { "./deep": "./d.js" } }`,
        "node_modules/@s/q/d.js": "export const f = (x) => x + 1;",
      },
    },
    ["node_modules/@s/q/d.js", "x + 1", "x + 2"],
    "y",
  ),
  row(
    8,
    "another package that the node does not take",
    {
      ...USES,
      files: { ...PACKAGE, "node_modules/z/package.json": manifest("z"), "node_modules/z/i.js": "export const z = 1;" },
    },
    ["node_modules/z/i.js", "z = 1", "z = 2"],
    "",
  ),
  row(
    8,
    "a package's data",
    {
      ...USES,
      files: {
        ...PACKAGE,
        "node_modules/p/f.js": `import { readFileSync } from "node:fs";\nexport const f = (x) => x + JSON.parse(readFileSync(new URL("./d.json", import.meta.url))).k;`,
        "node_modules/p/d.json": `{ "k": 1 }`,
      },
    },
    ["node_modules/p/d.json", `"k": 1`, `"k": 2`],
    "y",
  ),
  row(
    8,
    "a package's README",
    { ...USES, files: { ...PACKAGE, "node_modules/p/README.md": "one" } },
    ["node_modules/p/README.md", "one", "two"],
    "",
  ),
  row(
    8,
    "what is made by a package's factory",
    {
      head: `import { make } from "p";\nconst f = make(2);`,
      y: "f(x)",
      files: { ...PACKAGE, "node_modules/p/i.js": "export const make = (k) => (x) => x * k;" },
    },
    ["pipeline.ts", "make(2)", "make(3)"],
    "y",
  ),
  row(
    8,
    "a function that a package's factory got",
    {
      head: `import { wrap } from "p";\nconst f = wrap((n: number) => n + 1);`,
      y: "f(x)",
      files: { ...PACKAGE, "node_modules/p/i.js": "export const wrap = (g) => (x) => g(x);" },
    },
    ["pipeline.ts", "n + 1", "n + 2"],
    "y",
  ),
  row(
    8,
    "an object of a package's class",
    {
      head: `import { Tool } from "p";\nconst tool = new Tool(2);`,
      y: "tool.go(x)",
      files: {
        ...PACKAGE,
        "node_modules/p/i.js": "export class Tool { constructor(k) { this.k = k; } go(x) { return x * this.k; } }",
      },
    },
    ["pipeline.ts", "new Tool(2)", "new Tool(3)"],
    "y",
  ),
  row(
    8,
    "private fields of an object of a package's class",
    {
      head: `import { Tool } from "p";\nconst tool = new Tool(2);`,
      y: "tool.go(x)",
      files: {
        ...PACKAGE,
        "node_modules/p/i.js":
          "export class Tool { #k; constructor(k) { this.#k = k; } go(x) { return x * this.#k; } }",
      },
    },
    ["pipeline.ts", "new Tool(2)", "new Tool(3)"],
    "y",
  ),
  row(
    8,
    "a class that extends a package's",
    {
      head: `import { Tool } from "p";\nclass Mine extends (Tool as any) { k() { return 1; } }\nconst tool: any = new Mine();`,
      y: "tool.go(x)",
      files: { ...PACKAGE, "node_modules/p/i.js": "export class Tool { go(x) { return x + this.k(); } }" },
    },
    ["pipeline.ts", "return 1", "return 2"],
    "y",
  ),
  row(
    8,
    "a workspace's package",
    {
      ...USES,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": "export const f = (x) => x + 1;\nexport const g = 1;",
      },
    },
    ["packages/p/i.js", "x + 1", "x + 2"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    8,
    "a function of a workspace's package that the node does not take",
    {
      ...USES,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": "export const f = (x) => x + 1;\nexport const g = 1;",
      },
    },
    ["packages/p/i.js", "g = 1", "g = 2"],
    "",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    8,
    "a workspace's package of a workspace's package",
    {
      ...USES,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": `import { g } from "q";\nexport const f = (x) => g(x) + 1;`,
        "packages/q/package.json": manifest("q"),
        "packages/q/i.js": "export const g = (x) => x * 2;",
      },
    },
    ["packages/q/i.js", "x * 2", "x * 3"],
    "y",
    {
      links: {
        "node_modules/p": "../packages/p",
        "node_modules/q": "../packages/q",
        "packages/p/node_modules/q": "../../q",
      },
    },
  ),
  row(
    8,
    "a package of a workspace's package",
    {
      ...USES,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": `import { g } from "q";\nexport const f = (x) => g(x) + 1;`,
        "packages/p/node_modules/q/package.json": manifest("q"),
        "packages/p/node_modules/q/i.js": "export const g = (x) => x * 2;",
      },
    },
    ["packages/p/node_modules/q/i.js", "x * 2", "x * 3"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    8,
    "a lazy import of a workspace's package's own file",
    {
      y: `return import("p").then(({ f }) => f(x));`,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": `export { f } from "./f.js";`,
        "packages/p/f.js": "export const f = (x) => x + 1;",
      },
    },
    ["packages/p/f.js", "x + 1", "x + 2"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    8,
    "a package of a workspace's package that is imported lazily",
    {
      y: `return import("p").then(({ f }) => f(x));`,
      files: {
        "packages/p/package.json": manifest("p"),
        "packages/p/i.js": `import { g } from "q";\nexport const f = (x) => g(x) + 1;`,
        "packages/p/node_modules/q/package.json": manifest("q"),
        "packages/p/node_modules/q/i.js": "export const g = (x) => x * 2;",
      },
    },
    ["packages/p/node_modules/q/i.js", "x * 2", "x * 3"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    8,
    "a package of pnpm's store",
    {
      ...USES,
      files: {
        "node_modules/.pnpm/p@1.0.0/node_modules/p/package.json": manifest("p"),
        "node_modules/.pnpm/p@1.0.0/node_modules/p/i.js": `export { f } from "q";`,
        "node_modules/.pnpm/q@1.0.0/node_modules/q/package.json": manifest("q"),
        "node_modules/.pnpm/q@1.0.0/node_modules/q/i.js": "export const f = (x) => x + 1;",
      },
    },
    ["node_modules/.pnpm/q@1.0.0/node_modules/q/i.js", "x + 1", "x + 2"],
    "y",
    {
      links: {
        "node_modules/p": ".pnpm/p@1.0.0/node_modules/p",
        "node_modules/.pnpm/p@1.0.0/node_modules/q": "../../q@1.0.0/node_modules/q",
      },
    },
  ),
  // 9: the environment.
  row(
    9,
    "a variable that the node reads",
    { y: "x * Number(process.env.SCALE_A)" },
    ["pipeline.ts", "x * Number", "x  *  Number"],
    "y",
    { env: { before: { SCALE_A: "1" }, after: { SCALE_A: "2" } } },
  ),
  row(
    9,
    "a variable that another file reads at import",
    {
      head: `import { scale } from "./scale.js";`,
      y: "x * scale",
      files: { "scale.ts": "export const scale = Number(process.env.SCALE_B);" },
    },
    ["pipeline.ts", "x * scale", "x  *  scale"],
    "y",
    { env: { before: { SCALE_B: "1" }, after: { SCALE_B: "2" } } },
  ),
  row(
    9,
    "a variable that decides which function there is",
    { head: "const f = process.env.SCALE_C === '1' ? (n: number) => n + 1 : (n: number) => n * 2;", y: "f(x)" },
    ["pipeline.ts", "return f(x)", "return  f(x)"],
    "y",
    { env: { before: { SCALE_C: "1" }, after: { SCALE_C: "2" } } },
  ),
  row(
    9,
    "a variable by destructuring",
    { y: "const { SCALE_D } = process.env; return x * Number(SCALE_D);" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_D: "1" }, after: { SCALE_D: "2" } } },
  ),
  row(
    9,
    "a variable by another name of process.env",
    { head: "const env = process.env;", y: "x * Number(env.SCALE_E)" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_E: "1" }, after: { SCALE_E: "2" } } },
  ),
  row(
    9,
    "a variable by process of node:process",
    { head: `import { env } from "node:process";`, y: "x * Number(env.SCALE_F)" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_F: "1" }, after: { SCALE_F: "2" } } },
  ),
  row(
    9,
    "a variable by a computed name",
    { head: "const read = (name: string) => process.env[name];", y: "x * Number(read('SCALE_G'))" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_G: "1" }, after: { SCALE_G: "2" } }, unkept: /process\.env/ },
  ),
  row(
    9,
    "what an accessor of process gives",
    { head: `import "./setup.js";`, y: "process.exitCode", files: { "setup.ts": "process.exitCode = 0;" } },
    ["setup.ts", "0", "1 - 1 - 0"],
    "",
  ),
  row(
    9,
    "a number that an accessor of a module of Node gives",
    {
      head: `import "./setup.js"; import buffer from "node:buffer";`,
      y: "buffer.INSPECT_MAX_BYTES",
      files: { "setup.ts": `import buffer from "node:buffer"; buffer.INSPECT_MAX_BYTES = 50;` },
    },
    ["setup.ts", "50", "60"],
    "y",
    { isAlone: true },
  ),
  row(
    9,
    "a function that gets the environment",
    { head: "const read = (env: any) => env.SCALE_H;", y: "x * Number(read(process.env))" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_H: "1" }, after: { SCALE_H: "2" } }, unkept: /process\.env/ },
  ),
  row(
    9,
    "process that is handed on",
    { head: "const read = (p: any) => p.env.SCALE_I;", y: "x * Number(read(process))" },
    ["pipeline.ts", "return x *", "return  x *"],
    "y",
    { env: { before: { SCALE_I: "1" }, after: { SCALE_I: "2" } }, unkept: /process/ },
  ),
  row(
    9,
    "another variable",
    { y: "x * Number(process.env.SCALE_J)" },
    ["pipeline.ts", "return x *", "return  x *"],
    "",
    { env: { before: { SCALE_J: "1", SCALE_K: "1" }, after: { SCALE_J: "1", SCALE_K: "2" } } },
  ),
  row(
    9,
    "a variable that a package's function reads",
    {
      ...USES,
      files: { ...PACKAGE, "node_modules/p/f.js": "export const f = (x) => x * Number(process.env.SCALE_L);" },
    },
    ["pipeline.ts", "return f(x)", "return  f(x)"],
    "y",
    { env: { before: { SCALE_L: "1" }, after: { SCALE_L: "2" } } },
  ),
  row(
    9,
    "process.platform and process.argv are no secret",
    { y: "[x, process.argv.length, process.platform]" },
    ["pipeline.ts", "return [x", "return  [x"],
    "",
  ),
  ...[
    `return import("node:process").then((p) => p.env.SCALE_M);`,
    `return import("process").then((p) => p.env.SCALE_M);`,
  ].map((y) =>
    row(9, `a variable by ${y}`, { y }, ["pipeline.ts", "return import", "return  import"], "y", {
      env: { before: { SCALE_M: "1" }, after: { SCALE_M: "2" } },
      unkept: /process/,
    }),
  ),
];

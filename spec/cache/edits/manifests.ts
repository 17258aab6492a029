import { type Content, type Row, row } from "./row.js";

// What a package.json says of files that are loaded when a node runs: which file a folder is, and whether a script is a module.

type Edit = readonly [file: string, from: string, to: string] | readonly [file: string, text: string | null];

const FOLDER = {
  "lib.cjs": `exports.f = () => require("./k").v;`,
  "k/package.json": `{ "type": "commonjs", "main": "a.js" }`,
  "k/index.js": "exports.v = 0;",
  "k/a.js": "exports.v = 1;",
  "k/b.js": "exports.v = 3;",
};
const main = (name: string) => ({ "k/package.json": `{ "type": "commonjs", "main": ${JSON.stringify(name)} }` });
const EDIT_MAIN: Edit = ["k/a.js", "v = 1", "v = 2"];
const BY_LIB: Content = { head: `import lib from "./lib.cjs";`, y: "lib.f() + x" };
const BY_REQUIRE = `import { createRequire } from "node:module";\nconst load = createRequire(import.meta.url);`;

const FOLDERS: readonly (readonly [
  what: string,
  files: NonNullable<Content["files"]>,
  edit: Edit,
  computes?: string,
])[] = [
  ["the file that it names", {}, EDIT_MAIN],
  ["another name in it", {}, ["k/package.json", "a.js", "b.js"]],
  ["a name from there", main("./a.js"), EDIT_MAIN],
  ["a name without an extension", main("a"), EDIT_MAIN],
  ["the name of a folder", { ...main("a"), "k/a/index.js": "exports.v = 4;" }, ["k/a.js", null]],
  ["a folder's index", { ...main("./d/"), "k/d/index.js": "exports.v = 1;" }, ["k/d/index.js", "v = 1", "v = 2"]],
  ["a file of JSON", { ...main("d"), "k/d.json": `{ "v": 1 }` }, ["k/d.json", "1", "2"]],
  ["a file beside the folder", { ...main("../m.cjs"), "m.cjs": "exports.v = 1;" }, ["m.cjs", "v = 1", "v = 2"]],
  ["what the file requires", { "k/a.js": `exports.v = require("./b.js").v;` }, ["k/b.js", "v = 3", "v = 4"]],
  ["a file that is not there", main("none.js"), ["k/index.js", "v = 0", "v = 5"]],
  ["a file that goes", {}, ["k/a.js", null]],
  ["no name any more", {}, ["k/package.json", `, "main": "a.js"`, ""]],
  ["a name that is no text", {}, ["k/package.json", `"a.js"`, "1"]],
  ["a manifest that goes", { "k/index.js": "try { exports.v = 0; } catch {}" }, ["k/package.json", null]],
  [
    "the folder above a file",
    { "lib.cjs": `exports.f = () => require("./k/l/m.cjs").v;`, "k/l/m.cjs": `exports.v = require("..").v;` },
    EDIT_MAIN,
  ],
  [
    "the folder of a file",
    { "lib.cjs": `exports.f = () => require("./k/m.cjs").v;`, "k/m.cjs": `exports.v = require(".").v;` },
    EDIT_MAIN,
  ],
  [
    "a file that a required one requires",
    { "lib.cjs": `exports.f = () => require("./m.cjs").v;`, "m.cjs": `exports.v = require("./k").v;` },
    EDIT_MAIN,
  ],
  [
    "a file that a required one loads by another name",
    {
      "lib.cjs": `exports.f = () => require("./m.cjs").v;`,
      "m.cjs": `const load = require("node:module").createRequire(__filename); exports.v = load("./k").v;`,
    },
    EDIT_MAIN,
  ],
  ["a note in it", {}, ["k/package.json", "{", `{ "description": "none",`], ""],
];

const BOTH = "try { module.exports = { t: 1 }; } catch {}";
const TYPED = (type: string) => `{ "type": "${type}" }`;
const MODULE: Content = { y: `return import("./k/j.js").then((m: any) => (m.default?.t ?? 0) + x);` };

const TYPES: readonly (readonly [what: string, files: NonNullable<Content["files"]>, edit: Edit, computes?: string])[] =
  [
    ["another one", { "k/package.json": TYPED("commonjs") }, ["k/package.json", "commonjs", "module"]],
    ["one where there was none", { "k/package.json": "{}" }, ["k/package.json", TYPED("module")]],
    [
      "a nearer manifest",
      {
        "k/package.json": TYPED("module"),
        "k/j.js": `import * as m from "./l/m.js"; export default { t: m.default?.t };`,
        "k/l/m.js": BOTH,
      },
      ["k/l/package.json", TYPED("commonjs")],
    ],
    [
      "that of a file which the file imports",
      {
        "k/package.json": TYPED("module"),
        "k/j.js": `import * as m from "./l/m.js"; export default { t: m.default?.t };`,
        "k/l/m.js": BOTH,
        "k/l/package.json": TYPED("commonjs"),
      },
      ["k/l/package.json", "commonjs", "module"],
    ],
    [
      "a note beside it",
      { "k/package.json": TYPED("commonjs") },
      ["k/package.json", "{", `{ "description": "none",`],
      "",
    ],
  ];

/** Kind 7: manifests of folders in the project. */
export const MANIFESTS: readonly Row[] = [
  ...FOLDERS.map(([what, files, edit, computes = "y"]) =>
    row(7, `a required folder's main: ${what}`, { ...BY_LIB, files: { ...FOLDER, ...files } }, edit, computes),
  ),
  row(
    7,
    "a required folder's main, by createRequire",
    { head: BY_REQUIRE, y: `load("./k").v + x`, files: FOLDER },
    EDIT_MAIN,
    "y",
    { except: ["cjs"] },
  ),
  row(
    7,
    "the main of a folder that has no index",
    {
      head: BY_REQUIRE,
      y: `load("./e").v + x`,
      files: { "e/package.json": `{ "main": "a.cjs" }`, "e/a.cjs": "exports.v = 1;" },
    },
    ["e/a.cjs", "v = 1", "v = 2"],
    "y",
    { except: ["cjs"] },
  ),
  row(
    7,
    "the main of a folder beside a workspace's package",
    {
      y: `return import("p").then(({ f }: any) => f(x));`,
      files: {
        "packages/p/package.json": `{ "name": "p", "version": "1.0.0", "main": "i.cjs" }`,
        "packages/p/i.cjs": `exports.f = (x) => require("../k").v + x;`,
        "packages/k/package.json": `{ "main": "a.cjs" }`,
        "packages/k/index.js": "exports.v = 0;",
        "packages/k/a.cjs": "exports.v = 1;",
      },
    },
    ["packages/k/a.cjs", "v = 1", "v = 2"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    7,
    "the main of a folder in a workspace's package that is outside of it",
    {
      y: `return import("p").then(({ f }: any) => f(x));`,
      files: {
        "packages/p/package.json": `{ "name": "p", "version": "1.0.0", "main": "i.cjs" }`,
        "packages/p/i.cjs": `exports.f = (x) => require("./d").v + x;`,
        "packages/p/d/package.json": `{ "main": "../../k/a.cjs" }`,
        "packages/k/a.cjs": "exports.v = 1;",
      },
    },
    ["packages/k/a.cjs", "v = 1", "v = 2"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  ...TYPES.map(([what, files, edit, computes = "y"]) =>
    row(
      7,
      `the type of a script that is loaded lazily: ${what}`,
      { ...MODULE, files: { "k/j.js": BOTH, ...files } },
      edit,
      computes,
    ),
  ),
  row(
    7,
    "the type of a script whose extension says it",
    {
      y: `return import("./k/j.mjs").then((m: any) => m.t + x);`,
      files: { "k/j.mjs": "export const t = 1;", "k/package.json": TYPED("commonjs") },
    },
    ["k/package.json", "commonjs", "module"],
    "",
  ),
  row(
    7,
    "the type above a workspace's package without a manifest",
    {
      y: `return import("p/j.js").then((m: any) => (m.default?.t ?? 0) + x);`,
      files: { "packages/package.json": TYPED("commonjs"), "packages/p/j.js": BOTH },
    },
    ["packages/package.json", "commonjs", "module"],
    "y",
    { links: { "node_modules/p": "../packages/p" } },
  ),
  row(
    7,
    "what a script without an extension requires",
    {
      ...BY_LIB,
      files: {
        "lib.cjs": `exports.f = () => require("./k/tool").v;`,
        "k/package.json": TYPED("commonjs"),
        "k/tool": `exports.v = require("./g.js").v;`,
        "k/g.js": "exports.v = 1;",
      },
    },
    ["k/g.js", "v = 1", "v = 2"],
    "y",
  ),
];

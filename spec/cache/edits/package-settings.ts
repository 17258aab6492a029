import { type Content, row } from "./row.js";

/** A package whose function reads a setting, and how a program sets it. */
interface Settable {
  readonly what: string;
  /** Its modules. `f` reads the setting, which the program can't name where it uses `f`. */
  readonly code: Readonly<Record<string, string>>;
  /** A module of the program; 1 becomes 2. */
  readonly setup: string;
  readonly isCommonJs?: boolean;
  /** True if its state is one of the whole process. */
  readonly isAlone?: boolean;
}

const SET = `import { set } from "p"; set(1);`;
/** A main module that exports something of another one, beside a function that reads the setting there. */
const withExport = (name: string) =>
  `import { read } from "./s.js"; export { ${name} } from "./s.js"; export const f = (x) => x + read();`;
const CALLS = withExport("set");
const VARIABLE = "let k = 0; export const set = (v) => { k = v; }; export const read = () => k;";
const esm = (what: string, s: string, setup = SET, i = CALLS): Settable => ({
  ...{ what, setup },
  code: { "i.js": i, "s.js": s },
});
const READS = "const s = require('./s.js'); exports.f = (x) => x + s.read(); exports.set = s.set;";
const commonJs = (what: string, s: string, setup = SET, i = READS): Settable => ({
  ...esm(what, s, setup, i),
  isCommonJs: true,
});

const SETTABLE: readonly Settable[] = [
  {
    what: "a variable of its module",
    code: { "i.js": `${VARIABLE}\nexport const f = (x) => x + read();` },
    setup: SET,
  },
  esm("a variable of another module", VARIABLE),
  esm(
    "a variable of a module that is imported as a whole",
    VARIABLE,
    SET,
    `import * as s from "./s.js"; export { set } from "./s.js"; export const f = (x) => x + s.read();`,
  ),
  {
    what: "a variable behind a barrel file",
    code: {
      "i.js": CALLS,
      "s.js": `export * from "./t.js"; export * from "./u.js";`,
      "t.js": "export const other = () => 0;",
      "u.js": VARIABLE,
    },
    setup: SET,
  },
  esm(
    "a variable that is exported",
    "export let k = 0; export const set = (v) => { k = v; };",
    SET,
    `import { k } from "./s.js"; export { set } from "./s.js"; const read = () => k; export const f = (x) => x + read();`,
  ),
  esm(
    "a member of an object",
    "const config = { inner: { k: 0 } }; export const set = (v) => { config.inner.k = v; }; export const read = () => config.inner.k;",
  ),
  esm(
    "an object that the program changes itself",
    "export const config = { k: 0 }; export const read = () => config.k;",
    `import { config } from "p"; config.k = 1;`,
    withExport("config"),
  ),
  esm(
    "an exported object without a name",
    "export default { k: 0 };",
    `import { config } from "p"; config.k = 1;`,
    `import config from "./s.js"; export { config }; const read = () => config.k; export const f = (x) => x + read();`,
  ),
  esm(
    "an accessor of a class",
    "let k = 0; export class Settings { static set k(v) { k = v; } static get k() { return k; } } export const read = () => k;",
    `import { Settings } from "p"; Settings.k = 1;`,
    withExport("Settings"),
  ),
  esm(
    "a static member of a class",
    "export class Settings { static k = 0; } export const read = () => Settings.k;",
    `import { Settings } from "p"; Settings.k = 1;`,
    withExport("Settings"),
  ),
  esm(
    "a private static member of a class",
    "class Settings { static #k = 0; static set(v) { Settings.#k = v; } static read() { return Settings.#k; } } export const set = (v) => Settings.set(v); export const read = () => Settings.read();",
  ),
  esm(
    "a private member of an object",
    "class Settings { #k = 0; set(v) { this.#k = v; } read() { return this.#k; } } const s = new Settings(); export const set = (v) => s.set(v); export const read = () => s.read();",
  ),
  esm(
    "a field of the object that a function of its class uses, taken off it",
    "class Parser { k = 0; set(v) { this.k = v; } read = () => this.k; } const parser = new Parser(); export const { read } = parser; export const set = (v) => parser.set(v);",
    SET,
    `import { read, set } from "./s.js"; export { set }; export const f = (x) => x + read(); f.read = read;`,
  ),
  esm(
    "a part of a URL",
    "const url = new URL('http://localhost/'); export const set = (v) => { url.search = 'k=' + v; }; export const read = () => url.search;",
  ),
  esm(
    "a header",
    "const headers = new Headers(); export const set = (v) => { headers.set('k', v); }; export const read = () => headers.get('k');",
  ),
  esm(
    "a field of a form",
    "const form = new FormData(); export const set = (v) => { form.set('k', String(v)); }; export const read = () => form.get('k');",
  ),
  esm(
    "a member of a function",
    "export function read() { return read.k; }",
    `import { read } from "p"; read.k = 1;`,
    `import { read } from "./s.js"; export { read }; const inner = (x) => x + read(); export const f = (x) => inner(x);`,
  ),
  esm(
    "a member of a prototype",
    "export class Point { plus(x) { return x + this.k; } } Point.prototype.k = 0;",
    `import { Point } from "p"; Point.prototype.k = 1;`,
    `import { Point } from "./s.js"; export { Point }; const inner = (x) => new Point().plus(x); export const f = (x) => inner(x);`,
  ),
  esm(
    "a Map",
    "const all = new Map(); export const set = (v) => all.set('k', v); export const read = () => all.get('k');",
  ),
  esm(
    "a variable of a function that made its functions",
    "const make = () => { let k = 0; return { set(v) { k = v; }, read: () => k }; };\nconst made = make(); export const { set, read } = made;",
  ),
  esm(
    "a variable of a function, which only constants are made by",
    "const make = () => { let k = 0; return [(v) => { k = v; }, () => k]; };\nexport const [set, read] = make();",
  ),
  esm(
    "a function of the program",
    "const all = []; export const add = (g) => all.push(g); export const read = () => all.reduce((sum, g) => sum + g(), 0);",
    `import { add } from "p"; const K = 1; add(() => K);`,
    withExport("add"),
  ),
  esm(
    "a function of the program, in one of the package",
    "let g = () => 0; export const use = (h) => { const before = g; g = () => before() + h(); }; export const read = () => g();",
    `import { use } from "p"; const K = 1; use(() => K);`,
    withExport("use"),
  ),
  esm(
    "an object of a class of the program",
    "let s; export const use = (v) => { s = v; }; export const read = () => s.k();",
    `import { use } from "p"; class S { k() { return 1; } } use(new S());`,
    withExport("use"),
  ),
  commonJs(
    "a variable of another module, in CommonJS",
    "let k = 0; exports.set = (v) => { k = v; }; exports.read = () => k;",
  ),
  commonJs(
    "a member of its exports, in CommonJS",
    "exports.k = 0; exports.set = (v) => { exports.k = v; }; exports.read = () => exports.k;",
  ),
  commonJs(
    "a member of the exports of its main module",
    "exports.none = 0;",
    `import p from "p"; p.k = 1;`,
    "const p = { k: 0 }; function read() { return p.k; } p.f = (x) => x + read(); module.exports = p;",
  ),
  commonJs(
    "a variable, as tsc writes imports",
    "Object.defineProperty(exports, '__esModule', { value: true }); let k = 0; const set = (v) => { k = v; }; exports.set = set; const read = () => k; exports.read = read;",
    SET,
    "const s_1 = require('./s.js'); const f = (x) => x + (0, s_1.read)(); exports.f = f; exports.set = s_1.set;",
  ),
  {
    what: "a variable behind a barrel file, as tsc writes it",
    code: {
      "i.js":
        "const s_1 = require('./s.js'); const f = (x) => x + (0, s_1.read)(); exports.f = f; exports.set = (v) => s_1.set(v);",
      "s.js": `function star(m) { Object.keys(m).forEach((k) => Object.defineProperty(exports, k, { enumerable: true, get: function () { return m[k]; } })); }
star(require("./t.js"));`,
      "t.js": "let k = 0; exports.set = (v) => { k = v; }; exports.read = () => k;",
    },
    setup: SET,
    isCommonJs: true,
  },
  {
    what: "a variable of a module, in minified files",
    code: {
      "i.js": `import{read as r}from"./s.js";import{set as e}from"./s.js";const t=x=>x+r();export{t as f,e as set};`,
      "s.js": "let k=0;const e=v=>{k=v},r=()=>k;export{e as set,r as read};",
    },
    setup: SET,
  },
  esm(
    "a member of the prototype of a function",
    "export function Point() {} Point.prototype.plus = function (x) { return x + this.k; }; Point.prototype.k = 0;",
    `import { Point } from "p"; Point.prototype.k = 1;`,
    `import { Point } from "./s.js"; export { Point }; const inner = (x) => new Point().plus(x); export const f = (x) => inner(x);`,
  ),
  esm(
    "a static member that a class inherits",
    "class Base { static opts = { k: 0 }; } export class Sub extends Base {} export const read = () => Sub.opts.k;",
    `import { Sub } from "p"; Sub.opts.k = 1;`,
    withExport("Sub"),
  ),
  esm(
    "the prototype of a prototype",
    "class A { k() { return 1; } } class B { k() { return 2; } } class Base {} export const set = (n) => Object.setPrototypeOf(Base.prototype, n === 1 ? A.prototype : B.prototype); export const read = () => new Base().k();",
  ),
  esm(
    "the prototype of an object",
    "let o = {}; export const use = (base) => { o = Object.create(base); }; export const read = () => o.k;",
    `import { use } from "p"; use({ k: 1 });`,
    withExport("use"),
  ),
  esm(
    "an object that may be closed",
    "export const o = {}; export const read = () => Object.isExtensible(o);",
    `import { o } from "p"; if (1 === Number("2")) Object.preventExtensions(o);`,
    withExport("o"),
  ),
  {
    isAlone: true,
    ...esm(
      "a member of globalThis, by a symbol",
      "const k = Symbol.for('settings of p'); const all = () => (globalThis[k] ??= { k: 0 }); export const set = (v) => { all().k = v; }; export const read = () => all().k;",
    ),
  },
  {
    isAlone: true,
    ...esm(
      "a member of globalThis",
      "export const set = (v) => { globalThis.settingsOfP = v; }; export const read = () => globalThis.settingsOfP;",
    ),
  },
  esm(
    "a settled promise",
    "let k; export const set = (v) => { k = Promise.resolve({ v }); }; export const read = () => k;",
    SET,
    `import { read } from "./s.js"; export { set } from "./s.js"; export const f = (x) => read().then(({ v }) => x + v);`,
  ),
  esm(
    "an object behind a Proxy",
    "export const config = new Proxy({ k: 0 }, {}); export const set = (v) => { config.k = v; }; export const read = () => config.k;",
  ),
  esm(
    "a listener of an EventTarget",
    "export const bus = new EventTarget(); export const read = () => { const event = new Event('k'); bus.dispatchEvent(event); return event.k; };",
    `import { bus } from "p"; bus.addEventListener("k", (event: any) => { event.k = 1; });`,
    withExport("bus"),
  ),
  esm(
    "a listener of an EventEmitter",
    "import { EventEmitter } from 'node:events'; export const bus = new EventEmitter(); export const read = () => { const event = {}; bus.emit('k', event); return event.k; };",
    `import { bus } from "p"; bus.on("k", (event: any) => { event.k = 1; });`,
    withExport("bus"),
  ),
  esm(
    "a variable beside buffers that were sent away",
    "let k = 0; const sent = new Uint8Array(8), buffer = new ArrayBuffer(8); structuredClone(0, { transfer: [sent.buffer, buffer] }); export const set = (v) => { k = v; }; export const read = () => k + sent.length + buffer.byteLength;",
  ),
  esm(
    "a variable beside accessors that throw, and a revoked Proxy",
    "let k = 0; const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); const o = { get a() { throw new Error('read'); }, proxy }; export const set = (v) => { k = v; }; export const read = () => k + Object.keys(o).length;",
  ),
  esm(
    "a module that a bundler starts when it is first called",
    `var wrap = (run, module) => function () { return module || run((module = { exports: {} }).exports, module), module.exports; };
var start = wrap(function (exports, module) { var k = 0; exports.set = function (v) { k = v; }; exports.read = function () { return k; }; });
export function set(v) { start().set(v); }
export function read() { return start().read(); }`,
  ),
  commonJs(
    "a member of a module that is required in a function",
    "exports.k = 0;",
    SET,
    "exports.f = (x) => x + require('./s.js').k; exports.set = (v) => { require('./' + 's.js').k = v; };",
  ),
  commonJs(
    "a variable of a module that is loaded by a function",
    "exports.none = 0;",
    `import p from "p"; p.set(1);`,
    `(function (root, make) { module.exports = make(); })(this, function () {
  "use strict";
  var k = 0;
  function set(v) { k = v; }
  function read() { return k; }
  function f(x) { return x + read(); }
  return { set: set, f: f };
});`,
  ),
];

/** What packages note of the process that they run in, with a setting beside it. */
const OF_PROCESS: readonly (readonly [what: string, code: string])[] = [
  ["a time", "const at = Date.now();"],
  ["a Date", "const state = { at: new Date() };"],
  ["a time in nanoseconds", "const at = process.hrtime.bigint(), since = BigInt(Date.now()) * 1000000n;"],
  ["the id of the process", "const { pid } = process; const base = { pid };"],
  ["a random number", "let seed = Math.random();"],
  ["a random number in an object", "class Emitter { id = Math.random(); } const emitter = new Emitter();"],
  [
    "when a function is called, and how often",
    "const limit = () => { let n=0,t=0; return () => { t=Date.now(); return ++n; } }; const limited = limit(); limited();",
  ],
];
const BESIDE_PROCESS = OF_PROCESS.map(([what, code]) =>
  esm(
    `a variable beside ${what}`,
    `${code} let k = 0; export const set = (v) => { k = v; }; export const read = () => k;`,
  ),
);

/** Kind 3, of packages: settings in variables that only their own functions see. */
export const PACKAGE_SETTINGS = [
  ...[...SETTABLE, ...BESIDE_PROCESS].flatMap(({ what, code, setup, isCommonJs = false, isAlone = false }, i) => {
    const name = `p-${String.fromCharCode(97 + Math.floor(i / 26), 97 + (i % 26))}`;
    const files: Record<string, string> = {
      [`node_modules/${name}/package.json`]: JSON.stringify({
        ...{ name, version: "1.0.0", main: "i.js" },
        ...(isCommonJs ? {} : { type: "module" }),
      }),
      "setup.ts": setup.replaceAll('"p"', `"${name}"`),
    };
    for (const [file, text] of Object.entries(code)) files[`node_modules/${name}/${file}`] = text;
    const imports = setup.includes("import p ")
      ? `import p from "${name}"; const { f } = p;`
      : `import { f } from "${name}";`;
    const content: Content = { head: `import "./setup.js"; ${imports}`, y: "f(x)", files };
    return [
      row(3, `a setting of a package: ${what}`, content, ["setup.ts", "1", "2"], "y", { isAlone }),
      row(
        0,
        `a setting of a package: ${what}: a comment`,
        content,
        ["setup.ts", `${setup.replaceAll('"p"', `"${name}"`)} // Set.`],
        "",
        { isAlone },
      ),
    ];
  }),
];

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";

/** Nodes that are not cached: what their helpers have, what the nodes return, and the reason that is reported, with its place. */
const UNKNOWN: readonly (readonly [name: string, helpers: string, result: string, reason: string])[] = [
  [
    "blob",
    `export const blob = new Blob(["a"]);`,
    "blob.size",
    "an object of the class Blob (inside blob.size), in NODE",
  ],
  [
    "option",
    `export const option = { http: { body: new Blob(["a"]) } };`,
    "option.http.body.size",
    "an object of the class Blob (inside option.http.body.size), in NODE",
  ],
  [
    "helper",
    `const text = new Blob(["a"]); export function helper() { return text.size; }`,
    "helper()",
    "an object of the class Blob (inside text.size), in helper() of helpers.mjs",
  ],
  [
    "holder",
    `class Holder { text = new Blob(["a"]); size() { return this.text.size; } } export const holder = new Holder();`,
    "holder.size()",
    "an object of the class Blob (inside holder.size), in NODE",
  ],
  ["hash", `export const hash = createHash("sha256");`, "String(hash)", "an object of the class Hash (hash), in NODE"],
  [
    "secret",
    `export const secret = createSecretKey(Buffer.from("a"));`,
    "secret.type",
    "an object of the class SecretKeyObject (inside secret.type), in NODE",
  ],
  [
    "wasm",
    "export const wasm = new WebAssembly.Memory({ initial: 1 });",
    "wasm.buffer.byteLength",
    "an object of the class Memory (wasm), in NODE",
  ],
  ["weak", "export const weak = new WeakRef({});", "String(weak)", "an object of the class WeakRef (weak), in NODE"],
  [
    "pending",
    "export const pending = new Promise(() => {});",
    "String(pending)",
    "a promise that is not settled (pending), in NODE",
  ],
  [
    "compare",
    `export const compare = new Intl.Collator("en").compare;`,
    `compare("a", "b")`,
    "a native function: one without a name (compare), in NODE",
  ],
  [
    "home",
    "export function home() { return os.homedir(); }",
    "home()",
    "a native function: getHomeDirectory (wrappedFn), in home() of helpers.mjs",
  ],
  [
    "made",
    "export const Made = Function; export const made = () => Made('return 1')();",
    "made()",
    "Function runs code that can't be seen, in made() of helpers.mjs",
  ],
  [
    "all",
    "export const all = () => Object.keys(process);",
    "all().length",
    "process is handed on as a whole, in all() of helpers.mjs",
  ],
  ["evaluated", "export const evaluated = () => eval('1');", "evaluated()", "eval(...), in evaluated() of helpers.mjs"],
  [
    "loaded",
    "export const loaded = async (n = 'node:' + 'os') => (await import(n)).EOL;",
    "loaded()",
    "an import of a computed name, in loaded() of helpers.mjs",
  ],
  [
    "held",
    "const notes = new WeakMap(); const key = {}; notes.set(key, 1); export const held = () => notes.get(key);",
    "held()",
    "a WeakMap or WeakSet with something in it (notes), in held() of helpers.mjs",
  ],
  [
    "bound",
    "class A { v = 1; f = () => () => this.v; } export const bound = new A().f();",
    "bound()",
    `it uses "this" of what is around it, in bound() of helpers.mjs`,
  ],
  [
    "parse",
    `export const { parse } = new Parser();`,
    `parse("a")`,
    `an arrow function of a package uses the "this" around it, which V8 does not show unless it is called as a method of its object (package parser), in NODE`,
  ],
  [
    "wrapped",
    `const { parse: inner } = new Parser(); export const wrapped = (text) => inner(text);`,
    `wrapped("a")`,
    `unless it is called as a method of its object (package parser), in wrapped() of helpers.mjs`,
  ],
  [
    "pooled",
    "export const pooled = new Pool();",
    "pooled.size()",
    "an object of the class Blob (inside pooled.size), in NODE",
  ],
];

const REMEDY = ". Write it in another way, take it as an input, or give the node a version";

describe("The reason why a node is not cached", () => {
  const warnings = new Map<string, string>();

  before(async () => {
    const folder = newFolder("reasons");
    const write = (name: string, text: string) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    };
    const inPackage = (name: string, text: string) => {
      write(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js" }),
      );
      write(`node_modules/${name}/index.js`, text);
    };
    inPackage(
      "parser",
      "export class Parser { mark = '!'; parse = this.make(); make() { return (text) => text + this.mark; } }",
    );
    inPackage("pool", "export class Pool { text = new Blob(['a']); size() { return this.text.size; } }");
    write("package.json", JSON.stringify({ type: "module" }));
    write(
      "helpers.mjs",
      `import { createHash, createSecretKey } from "node:crypto";
import os from "node:os";
import { Parser } from "parser";
import { Pool } from "pool";
${UNKNOWN.map(([, helpers]) => helpers).join("\n")}`,
    );
    const nodes = UNKNOWN.map(([name, , result]) => `y_${name}(x) { return [x, typeof (${result})].length; }`);
    write(
      "main.mjs",
      `import { input, memory, node, Pipeline } from "${pathToFileURL(built("src/index.ts"))}";
import { ${UNKNOWN.map(([name]) => name).join(", ")} } from "./helpers.mjs";
class P extends Pipeline {
  ${nodes.join("\n  ")}
}
input()(P.prototype, "x");
for (const name of Object.getOwnPropertyNames(P.prototype))
  if (name.startsWith("y_")) node("x")(P.prototype, name, Object.getOwnPropertyDescriptor(P.prototype, name));
await new P().run({ x: 1 }, { cache: memory() });`,
    );
    const { stderr } = await execute(process.execPath, ["main.mjs"], { cwd: folder });
    for (const [, name, reason] of stderr.matchAll(/P\.y_(\w+) is not cached: (.*)/g)) warnings.set(name!, reason!);
    if (warnings.size === 0) throw new Error(stderr);
  });

  it("is printed where the program ends its process as soon as it has the outputs", async () => {
    const program = path.join(newFolder("ending"), "main.mjs");
    writeFileSync(
      program,
      `import { input, memory, node, Pipeline } from "${pathToFileURL(built("src/index.ts")).href}";
class P extends Pipeline { y() { return () => 1; } }
input()(P.prototype, "x");
node("x")(P.prototype, "y", Object.getOwnPropertyDescriptor(P.prototype, "y"));
await new P().run({ x: 1 }, { cache: memory() });
process.exit(0);`,
    );
    const { stderr } = await execute(process.execPath, [program]);
    expect(stderr).to.contain("HypernodesWarning: P.y is not cached: value: it is a function");
  });

  for (const [name, , , reason] of UNKNOWN)
    it(`names the place and a remedy: ${name}`, () => {
      const place = `y_${name}() of main.mjs`;
      expect(warnings.get(name)).to.match(/^its code can't be analyzed: /);
      expect(warnings.get(name)).to.contain(`${reason.replace("NODE", place)}${REMEDY}`);
    });
});

import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { built } from "../support/built.js";
import { newFolder } from "../support/caches.js";
import { execute } from "../support/execute.js";

const ON_MODAL = "run({ xs }, { runOn: modal() })";
const ON_WORKERS = "run({ xs }, { execution: { maps: bullmq() } })";

/** Packages that only some uses need, each as if it could not be loaded; and what is told of whoever asked for it. */
const MISSING = [
  ["modal", ON_MODAL, "modal(...)", "npm install modal@0.11"],
  ["esbuild", ON_MODAL, "modal(...)", "npm install --save-dev esbuild"],
  ["esbuild", ON_WORKERS, "bullmq(...)", "npm install --save-dev esbuild"],
  ["bullmq", ON_WORKERS, "bullmq(...)", "npm install bullmq@6 ioredis@5"],
  ["ioredis", ON_WORKERS, "bullmq(...)", "npm install bullmq@6 ioredis@5"],
  ["@viz-js/viz", "graph().toSvg()", "toSvg()", "npm install @viz-js/viz@3"],
] as const;

/** Packages that are not installed, and the commands that install them all. */
const NONE = [
  [ON_MODAL, ["modal", "esbuild", "@swc/core"], "npm install modal@0.11, and npm install --save-dev esbuild @swc/core"],
  [
    ON_WORKERS,
    ["bullmq", "ioredis", "esbuild", "@swc/core"],
    "npm install bullmq@6 ioredis@5, and npm install --save-dev esbuild @swc/core",
  ],
  [ON_WORKERS, ["bullmq", "ioredis"], "npm install bullmq@6 ioredis@5"],
] as const;

/** The error of a program for which some packages can't be found, or can't be loaded for another reason. */
async function errorOf(use: string, names: readonly string[], reason?: string) {
  const folder = newFolder("missing");
  const index = JSON.stringify(path.relative(folder, built("src/index.ts")));
  const [program, hook] = [path.join(folder, "program.mjs"), path.join(folder, "hook.mjs")];
  writeFileSync(
    path.join(folder, "squares.mjs"),
    `import { execution, input, mapOver, Pipeline } from ${index};
export class Squares extends Pipeline { square(x) { return x * x; } }
input()(Squares.prototype, "xs");
mapOver("xs")(Squares.prototype, "square", Object.getOwnPropertyDescriptor(Squares.prototype, "square"));
execution({})(Squares);`,
  );
  writeFileSync(
    program,
    `import { bullmq, modal } from ${index};
import { Squares } from "./squares.mjs";
const xs = [1, 2];
const error = await new Squares().${use}.catch((thrown) => thrown);
console.log(JSON.stringify({ code: error.code, message: error.message }));
process.exit();`,
  );
  const absent = JSON.stringify(names);
  const failure =
    reason === undefined
      ? 'Object.assign(new Error("Cannot find package \'" + name + "\' imported from here"), { code: "ERR_MODULE_NOT_FOUND" })'
      : `new Error(${JSON.stringify(reason)})`;
  const hooks = `export async function resolve(name, context, next) {
  if (${absent}.includes(name)) throw ${failure};
  return next(name, context);
}`;
  writeFileSync(
    hook,
    `import Module, { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
const { _resolveFilename: find, _load: load } = Module;
Module._resolveFilename = function (name, ...rest) {
  if (${reason === undefined} && ${absent}.includes(name))
    throw Object.assign(new Error("Cannot find module '" + name + "'"), { code: "MODULE_NOT_FOUND" });
  return find.call(this, name, ...rest);
};
Module._load = function (name, ...rest) {
  if (${reason !== undefined} && ${absent}.includes(name)) throw new Error(${JSON.stringify(reason)});
  return load.call(this, name, ...rest);
};`,
  );
  const env = {
    ...process.env,
    MODAL_TOKEN_ID: "none",
    MODAL_TOKEN_SECRET: "none",
    MODAL_SERVER_URL: "http://127.0.0.1:9",
  };
  const { stdout, stderr } = await execute(process.execPath, ["--import", hook, program], { env });
  expect(stderr).to.equal("");
  const { code, message } = JSON.parse(stdout) as { code: string; message: string };
  expect(code, message).to.equal("MISSING_PACKAGE");
  return message;
}

describe("a package that is not installed @slow", () => {
  // What would be sent is bundled first.
  for (const [name, use, asker, advice] of MISSING) {
    it(`is an error of the call that needs it: ${name}, ${use}`, async () => {
      const message = await errorOf(use, [name], "it is broken");
      expect(message.startsWith(`${asker}: the package ${name} is needed`), message).to.equal(true);
      expect(message).to.contain(`and can't be loaded: it is broken. Install it: ${advice}`);
    });
  }

  for (const [use, names, commands] of NONE) {
    it(`is named together with all others that the use needs: ${names.join(", ")}, ${use}`, async () => {
      const message = await errorOf(use, names);
      expect(message).to.match(/and is not installed\. Install all that \w+\(\.\.\.\) needs: /);
      expect(message.endsWith(commands), message).to.equal(true);
    });
  }
});

/**
 * `realm.mjs MODULE STORE SCALE [PATCH]`, with --experimental-vm-modules: a program in a realm of its own, as jest and vitest's
 * vmThreads have it, whose packages are the process's. What the program imports as `./scale.js` is a module in a wrapper that V8
 * counts columns around, as vite makes it. The node also reads from a proxy of the first realm, as vitest makes namespaces, whose language
 * PATCH changes.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";

const [, , index, store, scale, patch] = process.argv;
if (patch !== undefined) Array.prototype.plus = Number(patch);
const context = vm.createContext({
  ...{ process, console, Buffer, performance, setTimeout, clearTimeout, setImmediate, clearImmediate, queueMicrotask },
  ...{ AbortController, AbortSignal, URL, TextEncoder, TextDecoder, DOMException, structuredClone, EventTarget, Event },
  ...{
    store,
    scale: wrapped(Number(scale)),
    one: new Proxy({ one: 1, list: [] }, { get: (target, name) => target[name] }),
  },
});
context.global = context.globalThis = vm.runInContext("globalThis", context);
// It changes the realm's own Reflect.
vm.runInContext(readFileSync(createRequire(index).resolve("reflect-metadata"), "utf8"), context);
const modules = new Map();

/** A function that a module in a wrapper makes: its first line begins before the first column. */
function wrapped(by) {
  const head = "'use strict';(by)=>{{";
  const text = `${head}const scale = (x) => x * ${by}; return scale;}}`;
  return (realm) =>
    new vm.Script(text, { filename: pathToFileURL("scale.js").href, columnOffset: -head.length }).runInContext(realm)(
      by,
    );
}

function synthetic(exports) {
  const names = Object.keys(exports);
  return new vm.SyntheticModule(
    names,
    function () {
      for (const name of names) this.setExport(name, exports[name]);
    },
    { context },
  );
}

async function load(url) {
  if (!modules.has(url)) {
    modules.set(
      url,
      url.startsWith("file:") && !url.includes("/node_modules/")
        ? new vm.SourceTextModule(readFileSync(fileURLToPath(url), "utf8"), {
            ...{ context, identifier: url },
            initializeImportMeta: (meta) => {
              meta.url = url;
            },
            importModuleDynamically: (specifier, { identifier }) => evaluated(resolve(specifier, identifier)),
          })
        : synthetic(url.includes("/reflect-metadata/") ? {} : await import(url)),
    );
  }
  return modules.get(url);
}

function resolve(specifier, from) {
  if (specifier.startsWith(".") || specifier.startsWith("file:")) return new URL(specifier, from).href;
  if (specifier.startsWith("node:")) return specifier;
  return pathToFileURL(createRequire(from).resolve(specifier)).href;
}

async function evaluated(url) {
  const module = await load(url);
  if (module.status === "unlinked")
    await module.link((specifier, { identifier }) => load(resolve(specifier, identifier)));
  await module.evaluate();
  return module;
}

context.scaled = context.scale(context);
const program = new vm.SourceTextModule(
  `import { node, input, Pipeline, sqlite } from ${JSON.stringify(index)};
  const { scaled, one } = globalThis;
  let computed = 0;
  class Scaled extends Pipeline {
    y(x) { computed++; return scaled(x) * one.one + (one.list.plus ?? 0); }
  }
  input()(Scaled.prototype, "x");
  node("x")(Scaled.prototype, "y", Object.getOwnPropertyDescriptor(Scaled.prototype, "y"));
  const { y } = await new Scaled().run({ x: 21 }, { cache: sqlite(globalThis.store) });
  console.log(JSON.stringify({ y, computed }));`,
  { context, identifier: pathToFileURL("program.js").href },
);
await program.link((specifier, { identifier }) => load(resolve(specifier, identifier)));
await program.evaluate();

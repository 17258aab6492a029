// `node spec/support/build.mjs FROM TO [MODULE...]` bundles the package's modules, which a compiler has written to a folder: few files
// instead of hundreds, because each one costs whoever imports the package the time to find and open it. Nothing is minified:
// stack traces name functions and lines that can be read. Other modules that are to be found by their names are named too:
// dsl/metadata. The package's own folder gets the script of the graph's page as well. What was there is there until all is made.
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { build, transform } from "esbuild";
import { rollup } from "rollup";

/** The modules that are found by their names: the package's own, its command, and those that threads and containers begin with. */
const ENTRIES = [
  "index",
  "cli/main",
  "engine/worker/worker",
  "engine/worker/thread-entry",
  "placement/runtime/supervisor",
  "placement/runtime/task-process",
];

/** Files, and the modules that they begin with: a file has what all of these import and none before it has. */
const GROUPS = [
  ["base", "cli/main", "index"],
  ["base", "cli/main", "placement/run-pipeline"],
  ["core", "index"],
  ["engine", "placement/run-pipeline"],
  ["code", "cache/code/code"],
];

/**
 * Node reads a CommonJS package that a module imports twice, first for the names that it exports: for reflect-metadata that takes
 * longer than the rest of an import of this package. The copy inside shares what it keeps with a project's own.
 */
const INSIDE = "reflect-metadata";

/**
 * Files that are loaded on demand. Where a loader (tsx, in CommonJS projects) has made this one CommonJS, `import()` would load an
 * ES module of each, and with that a second copy of all that they share.
 */
const ON_DEMAND = /\bimport\(("\.[^"]+")\)/g;
const REQUIRED_OR_IMPORTED =
  '(typeof module === "object" ? Promise.resolve().then(() => module.require($1)) : import($1))';

/** Bundles the modules of a folder into another. What is imported only when it is needed stays in files of its own. */
async function bundleModules(folder, target, entries) {
  const inFolder = (name) => path.resolve(folder, name);
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((name) => [name, inFolder(`${name}.js`)])),
    external: (name) => /^[a-z@]/i.test(name) && !path.isAbsolute(name) && name !== INSIDE,
    plugins: [
      { name: INSIDE, resolveId: (name) => (name === INSIDE ? createRequire(import.meta.url).resolve(name) : null) },
      { name: "no comments", renderChunk: (code) => transform(code, { target: "node20", legalComments: "inline" }) },
      { name: "one copy", renderChunk: (code) => code.replace(ON_DEMAND, REQUIRED_OR_IMPORTED) },
    ],
    treeshake: false,
    onwarn(warning) {
      if (!["CIRCULAR_DEPENDENCY", "THIS_IS_UNDEFINED"].includes(warning.code)) throw new Error(warning.message);
    },
  });
  let groups;
  const { output } = await bundle.generate({
    dir: folder,
    format: "es",
    chunkFileNames: "chunks/[name].js",
    hoistTransitiveImports: false,
    manualChunks(id, { getModuleInfo }) {
      groups ??= GROUPS.map(([name, ...roots]) => [
        name,
        roots.map((root) => importedBy(inFolder(`${root}.js`), getModuleInfo)),
      ]);
      return groups.find(([, closures]) => closures.every((modules) => modules.has(id)))?.[0];
    },
  });
  for (const { fileName, code } of output) {
    const file = path.join(target, fileName);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  await bundle.close();
}

/** The modules that an import of one loads. */
function importedBy(id, getModuleInfo, found = new Set()) {
  const { isExternal, importedIds } = getModuleInfo(id);
  if (isExternal || found.has(id)) return found;
  found.add(id);
  for (const imported of importedIds) importedBy(imported, getModuleInfo, found);
  return found;
}

/** The page's code and the layout library, in one file that needs nothing else. */
async function buildPage(folder) {
  await build({
    entryPoints: ["src/view/client/client.ts"],
    outfile: `${folder}/view/page/client.js`,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "inline",
    logLevel: "warning",
    banner: { js: "/*! Contains elkjs (EPL-2.0), https://github.com/kieler/elkjs */" },
  });
}

const [from, to, ...more] = process.argv.slice(2);
const made = `${to}.${process.pid}`;
cpSync(from, made, { recursive: true, filter: (name) => !name.endsWith(".js") });
await bundleModules(from, made, [...ENTRIES, ...more]);
if (to === "dist") {
  await buildPage(made);
  cpSync("src/require.cjs", `${made}/require.cjs`);
}
rmSync(to, { recursive: true, force: true });
renameSync(made, to);

import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { manifestOf } from "../../util/package-json.js";
import { cwd } from "../../util/primordials.js";
import { exportTargets } from "./aliases.js";
import { filesOf, isFile, packageName, type Unit, unitsOf } from "./import-closure.js";
import { mainOf } from "./manifests.js";
import { isPackaged } from "./packages.js";
import { possibleSpecifiersIn, specifiersIn } from "./script-text.js";

/** By the files that others are loaded with, a line each. */
const closures = new Map<string, readonly string[]>();

/**
 * The files of the project that are loaded with some: those, the ones that Node was started with, and all that they import, directly or
 * not. Each file is read once, as it is now: if it is another one than it was when it was loaded, it has changed itself, which is all that
 * is asked of it.
 */
export function filesLoadedWith(files: readonly string[]): readonly string[] {
  if (files.length === 0) return [];
  return getOrCreate(closures, files.join("\n"), () => {
    const all = new Set([...files, ...preloaded()]);
    for (const file of all) for (const imported of importsOf(file)) all.add(imported);
    return [...all];
  });
}

/** The files that other threads and processes load first, as this one did: `node --import ./setup.js`. */
const preloaded = once((): readonly string[] => {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(/\s+/)];
  const text = words.map((word) => word.replace(/^(--[\w-]+)=/, "$1\n")).join("\n");
  const from = path.join(cwd.call(process), "package.json");
  return Array.from(text.matchAll(PRELOAD), ([, specifier]) => targetsOf(specifier!, from)).flat();
});

const PRELOAD = /^(?:--import|--require|-r|--loader|--experimental-loader)\n(.+)$/gm;

const imports = new Map<string, readonly string[]>();

/** The files of the project that a file imports, types as well: its text does not show which of them are loaded. */
function importsOf(file: string): readonly string[] {
  return getOrCreate(imports, file, () => {
    if (IMPORTS_NOTHING.test(file) || isOfPackage(file)) return [];
    const source = textOf(file);
    const specifiers = new Set([...specifiersIn(source), ...possibleSpecifiersIn(source)]);
    return [...specifiers].flatMap((specifier) => targetsOf(specifier, file));
  });
}

const IMPORTS_NOTHING = /\.(?:json|node|wasm)$/;

/** The text of a file; of one that is gone, which counts as changed, none. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** By the path that a specifier names, or by itself and the folder of the file that has it. */
const targets = new Map<string, readonly string[]>();

/** The files of the project that a specifier may stand for. */
function targetsOf(specifier: string, from: string): readonly string[] {
  if (isBuiltin(specifier)) return [];
  const folder = path.dirname(from);
  const isPath = /^\.{1,2}\//.test(specifier);
  const key = isPath ? path.resolve(folder, specifier) : `${specifier}\n${folder}`;
  let found = targets.get(key);
  if (found === undefined) {
    const named = isPath ? namedFiles(key) : [];
    found = (named.length > 0 ? named : unitsFor(specifier, from)).flatMap((unit) => filesIn(unit, specifier));
    // A file that is not there yet may be there for the next pipeline.
    if (found.length > 0 || !isPath) targets.set(key, found);
  }
  return found;
}

/** The file at a path, and those that loaders of TypeScript prefer to it. Most imports name one: others need not be looked for. */
function namedFiles(file: string): string[] {
  const [, bare, kind] = /^(.*)\.([mc]?)jsx?$/s.exec(file) ?? [];
  const typed = bare === undefined ? [] : kind === "" ? [`${bare}.ts`, `${bare}.tsx`] : [`${bare}.${kind}ts`];
  return [file, ...typed].filter(isFile);
}

function unitsFor(specifier: string, from: string): readonly Unit[] {
  for (const name of [specifier, specifier.replace(/(?<=.)[?#].*$/, "")]) {
    const found = unitsOf(name, from);
    if (typeof found !== "string") return found.units;
  }
  // In a thread, Node's loader does not find it either.
  return [];
}

function filesIn(unit: Unit, specifier: string): readonly string[] {
  if (isFile(unit)) return isOfPackage(unit) ? [] : [unit];
  if (isOfPackage(path.join(unit, "package.json"))) return [];
  // A folder that is linked from node_modules: its code is the project's.
  const within = `.${specifier.slice(packageName(specifier).length)}`;
  const { module, exports } = manifestOf(unit);
  if (exports !== undefined) return exportTargets(within, exports).flatMap((target) => filesOf(target, unitFile(unit)));
  const named = within === "." ? [mainOf(unit) ?? ".", module ?? "."] : [within];
  return named.flatMap((target) => filesOf(target.startsWith(".") ? target : `./${target}`, unitFile(unit)));
}

/** A file in a folder, for what is named from there. */
function unitFile(unit: Unit): string {
  return path.join(unit, "package.json");
}

function isOfPackage(file: string): boolean {
  return isPackaged(pathToFileURL(file).href);
}

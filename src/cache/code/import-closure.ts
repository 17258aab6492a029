import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describeError } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { manifestOf } from "../../util/package-json.js";
import { sha256 } from "../../util/sha256.js";
import { aliasesOf } from "./aliases.js";
import { mainOf, typeOf } from "./manifests.js";
import { meaningOf, possibleSpecifiersIn, SCRIPT, specifiersIn, variablesIn } from "./script-text.js";
import { changedSource, isChangedSince, STARTED } from "./source-files.js";

/** A package, by its folder; a file that is in none; or a folder with a `main`, by its path with a separator at its end. */
export type Unit = string;

interface UnitContent {
  /** SHA-256 of its own files. */
  readonly own: string;
  /** The units that it may import, by the names that it has for them. */
  readonly imports: ReadonlyMap<string, Unit>;
  /** The variables of the environment that it names. */
  readonly variables: ReadonlySet<string>;
  /** Those that it may read if another unit gives it the environment. */
  readonly possibleVariables?: ReadonlySet<string>;
  /** True if others may have the environment from it, by another name. */
  readonly givesEnvironment?: boolean;
  /** The package.json of another folder that counts for it. */
  readonly manifest?: string | undefined;
  /** The reason why the content of a file can't be known. */
  readonly problem?: string | undefined;
}

/** The content of a unit and of all that it may import. */
export interface Closure {
  readonly hash: string;
  /** Its files outside of packages, and the manifests of those. */
  readonly files: readonly string[];
  readonly variables: readonly string[];
  readonly problem: string | undefined;
}

const MODULES = `${path.sep}node_modules${path.sep}`;

/** The folder of the installed package that a file is in. */
export function rootInModules(file: string): string | undefined {
  const at = file.lastIndexOf(MODULES);
  if (at < 0) return undefined;
  const [first, second] = file.slice(at + MODULES.length).split(path.sep);
  return path.join(file.slice(0, at + MODULES.length), first!, first!.startsWith("@") ? second! : "");
}

const closures = new Map<Unit, Closure>();

/** Reads a unit, and all that it may import. */
export function closureOf(unit: Unit): Closure {
  return getOrCreate(closures, unit, () => {
    const all = new Map<Unit, UnitContent>();
    const queue = [unit];
    for (const at of queue) {
      if (all.has(at)) continue;
      const content = contentOf(at);
      all.set(at, content);
      queue.push(...content.imports.values());
    }
    const contents = [...all.values()];
    const isGiven = contents.some(({ givesEnvironment }) => givesEnvironment === true);
    const variables = contents.flatMap(({ variables, possibleVariables = [] }) => [
      ...variables,
      ...(isGiven ? possibleVariables : []),
    ]);
    const files = Array.from(all.keys(), (at) => (isFile(at) ? at : path.join(at, "package.json"))).filter(isFile);
    return {
      hash: hashOf(unit, all),
      files: [...new Set([...files, ...contents.flatMap(({ manifest }) => manifest ?? [])])],
      variables: [...new Set(variables)].sort(),
      problem: contents.find(({ problem }) => problem !== undefined)?.problem,
    };
  });
}

/** Distinguishes units by their contents, then by the units that they import under each name, until that finds no more. */
function hashOf(unit: Unit, all: ReadonlyMap<Unit, UnitContent>): string {
  let hashes = new Map(Array.from(all, ([at, { own }]) => [at, own]));
  for (let count = 0; count < new Set(hashes.values()).size; ) {
    count = new Set(hashes.values()).size;
    const before = hashes;
    hashes = new Map();
    for (const [at, { own, imports }] of all) {
      const targets = Array.from(imports, ([name, target]) => `${name} ${before.get(target)}`);
      hashes.set(at, sha256([own, ...targets.sort()].join("\n")));
    }
  }
  return sha256([hashes.get(unit), ...[...hashes.values()].sort()].join("\n"));
}

const contents = new Map<Unit, UnitContent>();

function contentOf(unit: Unit): UnitContent {
  return getOrCreate(contents, unit, () => {
    try {
      if (unit.endsWith(path.sep)) return folderContent(unit);
      return statSync(unit).isDirectory() ? packageContent(unit) : fileContent(unit);
    } catch (error) {
      const problem = `${path.basename(unit)} can't be read: ${describeError(error)}`;
      return { own: "", imports: new Map(), variables: new Set(), problem };
    }
  });
}

/** Files that no program reads. */
const NOT_READ =
  /\.(?:map|d\.[mc]?ts)$|^(?:LICEN[CS]E|CHANGELOG|HISTORY|README|CONTRIBUTING|SECURITY|CODE_OF_CONDUCT)\b/i;

/** Tests in TypeScript, which some packages are published with: no program loads them, nor what they import. */
const OF_TESTS = /\.(?:test|spec)\.[mc]?tsx?$/;

function packageContent(root: string): UnitContent {
  const manifest = manifestOf(root);
  const { dependencies, peerDependencies, optionalDependencies } = manifest;
  const imports = new Map<string, Unit>();
  // Its documentation comments name itself a thousand times.
  const named = new Set<string>();
  const addPackage = (specifier: string): void => {
    const name = packageName(specifier);
    if (named.has(name) || NO_PACKAGE.test(specifier)) return;
    named.add(name);
    for (const [i, found] of installedFrom(root, name).entries())
      if (found !== root) imports.set(`${i} ${name}`, found);
  };
  for (const names of [dependencies, peerDependencies, optionalDependencies])
    for (const name of Object.keys(names ?? {})) addPackage(name);
  JSON.stringify(manifest.imports ?? {}, (_, target: unknown) => {
    if (typeof target === "string" && isBare(target)) addPackage(target);
    return target;
  });
  const variables = new Set<string>();
  const possibleVariables = new Set<string>();
  let givesEnvironment = false;
  const all = createHash("sha256");
  let problem: string | undefined;
  // A folder that is linked from outside of node_modules is edited: there comments do not count.
  const isInstalled = rootInModules(path.join(root, "package.json")) !== undefined;
  for (const file of filesIn(root, isInstalled)) {
    const at = path.join(root, file);
    const read = readFileSync(at);
    problem ??= changedFile(path.join(path.basename(root), file), at);
    const bytes = isInstalled ? read : Buffer.from(meaningOf(file, read.toString("utf8")));
    all.update(`${file} ${bytes.length}\n`).update(bytes);
    if (path.basename(file) === "package.json") addOutside(mainOf(path.dirname(at)) ?? ".", at);
    if (!SCRIPT.test(file) || (isInstalled && OF_TESTS.test(file))) continue;
    const source = read.toString("latin1");
    const { names, possible, isRenamed } = variablesIn(source);
    for (const name of names) variables.add(name);
    for (const name of possible) possibleVariables.add(name);
    givesEnvironment ||= isRenamed;
    for (const specifier of specifiersIn(source)) {
      if (specifier.startsWith("..")) addOutside(specifier, at);
      if (!isBare(specifier)) continue;
      addPackage(specifier);
      // In installed packages loaders look at no tsconfig.json.
      if (!isInstalled) for (const target of aliasesOf(specifier, at).targets) addOutside(target, at);
    }
    for (const specifier of possibleSpecifiersIn(source)) {
      if (specifier.startsWith("..")) addOutside(specifier, at);
      else if (isBare(specifier) && isInstalledFor(root, packageName(specifier))) addPackage(specifier);
    }
  }
  /** Adds the files outside of the folder that a path leads to. */
  function addOutside(specifier: string, from: string): void {
    if (!path.relative(root, path.resolve(path.dirname(from), specifier)).startsWith("..")) return;
    for (const [i, found] of filesOf(specifier, from).entries())
      imports.set(`${i} ${specifier} ${from.slice(root.length)}`, found);
  }
  // Without a manifest of its own, one above says what its scripts are.
  const { type, decidedBy } = typeOf(path.join(root, "index.js"));
  const above = decidedBy === path.join(root, "package.json") ? undefined : decidedBy;
  if (above !== undefined) {
    all.update(type);
    problem ??= changedFile(path.basename(above), above);
  }
  return {
    ...{ own: all.digest("hex"), imports, variables, problem },
    ...{ possibleVariables, givesEnvironment, manifest: above },
  };
}

/** Files that are loaded once, and that nobody writes while a program runs, unless to change it. */
const LOADED = /\.(?:[mc]?[jt]sx?|json|node|wasm)$/;

/** The reason why a file's content is not that of the code in memory, which may have been loaded before it changed. */
function changedFile(name: string, file: string): string | undefined {
  return LOADED.test(file) && isChangedSince(file, STARTED) ? changedSource(name) : undefined;
}

/** The files of a package. Some pack others with them, below `dist/node_modules`. */
function filesIn(root: string, isInstalled: boolean): string[] {
  const files: string[] = [];
  const seen = new Set<string>();
  const addFolder = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      if (entry.name === ".git" || (entry.name === "node_modules" && (folder === "" || !isInstalled))) continue;
      const name = path.join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? linked(path.join(root, name), seen) : entry;
      if (kind?.isDirectory()) addFolder(name);
      else if (kind?.isFile() && !NOT_READ.test(entry.name)) files.push(name);
    }
  };
  addFolder("");
  return files.sort();
}

/** The target of a link, once; undefined if there is none. */
function linked(link: string, seen: Set<string>): { isDirectory(): boolean; isFile(): boolean } | undefined {
  try {
    const target = realpathSync(link);
    const stats = statSync(target);
    if (!stats.isDirectory()) return stats;
    if (seen.has(target) || link.startsWith(target + path.sep)) return undefined;
    seen.add(target);
    return stats;
  } catch {
    return undefined;
  }
}

/** A folder that is loaded by its `main`: which file that is counts beside the file. */
function folderContent(folder: Unit): UnitContent {
  const problem = changedFile("package.json", path.join(folder, "package.json"));
  return { own: sha256(`main ${mainOf(folder)}`), imports: new Map(), variables: new Set(), problem };
}

function fileContent(file: string): UnitContent {
  const isScript = SCRIPT.test(file) || path.extname(file) === "";
  const imports = new Map<string, Unit>();
  const variables = new Set<string>();
  const changed = changedFile(path.basename(file), file);
  const bytes = readFileSync(file);
  // Not all bytes are a text.
  if (!isScript && !file.endsWith(".json")) return { own: sha256(bytes), imports, variables, problem: changed };
  const source = bytes.toString("utf8");
  const meaning = sha256(meaningOf(file, source));
  if (!isScript) return { own: meaning, imports, variables, problem: changed };
  const { type, decidedBy } = typeOf(file);
  const own = type === "" ? meaning : sha256(`${meaning} ${type}`);
  const { names, possible, isRenamed, computed } = variablesIn(source);
  const problems = changed === undefined ? [] : [changed];
  const changedType = decidedBy && changedFile(path.basename(decidedBy), decidedBy);
  if (changedType !== undefined) problems.push(changedType);
  if (computed !== undefined) problems.push(`import("${path.basename(file)}") reads ${computed} by a computed name`);
  for (const name of names) variables.add(name);
  const add = ({ units, name }: Resolved, kind: string): void => {
    for (const [i, unit] of units.entries()) imports.set(`${kind}${i} ${name}`, unit);
  };
  for (const specifier of specifiersIn(source)) {
    if (isBuiltin(specifier)) continue;
    const found = unitsOf(specifier, file);
    if (typeof found === "string") problems.push(found);
    else add(found, "");
  }
  for (const specifier of possibleSpecifiersIn(source)) {
    if (isBuiltin(specifier)) continue;
    const found = unitsOf(specifier, file);
    if (typeof found !== "string") add(found, "possibly ");
  }
  return {
    ...{ own, imports, variables, problem: problems[0] },
    ...{ possibleVariables: possible, givesEnvironment: isRenamed, manifest: decidedBy },
  };
}

/** A scope, or a folder for files of no package. `.prisma/client` is one. */
const NO_PACKAGE = /^[@.][^/]*\/?$/;

interface Resolved {
  readonly units: readonly Unit[];
  /** The specifier, with the entries of a package.json that it matches: a condition is part of what it stands for. */
  readonly name: string;
}

/** Resolves a specifier in a file: to all that some loader may choose. @returns a text: the reason why it is not known. */
export function unitsOf(specifier: string, from: string): Resolved | string {
  if (/^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)) {
    const units = filesOf(specifier, from);
    return units.length === 0 ? `import("${specifier}") can't be found` : { units, name: specifier };
  }
  const folder = path.dirname(from);
  const { targets, entries } = aliasesOf(specifier, from);
  const isPackage = !specifier.startsWith("#") && !NO_PACKAGE.test(specifier);
  const units = [
    ...targets.flatMap((target) =>
      path.isAbsolute(target) ? filesOf(target, from) : installedFrom(folder, packageName(target)),
    ),
    ...(isPackage ? installedFrom(folder, packageName(specifier)) : []),
  ];
  if ((units.length === 0 && !NO_PACKAGE.test(specifier)) || targets.some((target) => isBuiltin(target)))
    return `import("${specifier}") can't be followed`;
  return { units: [...new Set(units)], name: specifier + entries };
}

/** The files that a path may lead to: loaders prefer one to another. */
export function filesOf(specifier: string, from: string): Unit[] {
  const wanted = specifier.startsWith("file:") ? fileURLToPath(specifier) : path.resolve(path.dirname(from), specifier);
  const mains = mainsOf(wanted);
  const found = [...candidates(wanted), ...mains].filter(isFile);
  if (mains.length > 0 && found.length > 0) found.push(wanted + path.sep);
  return [...new Set(found.map((file) => rootInModules(file) ?? file))];
}

/** The file that a relative specifier leads to. */
export function fileAt(specifier: string, from: string): string | undefined {
  const wanted = path.resolve(path.dirname(from), specifier);
  const found = candidates(wanted).find(isFile);
  const isIndex = found === undefined || path.dirname(found) === wanted;
  return (isIndex ? mainsOf(wanted).find(isFile) : undefined) ?? found;
}

/** The files that the `main` of a folder may lead to. Node prefers them to its index, and takes that where none of them is there. */
function mainsOf(folder: string): string[] {
  const main = mainOf(folder);
  return main === undefined ? [] : candidates(path.resolve(folder, main));
}

export function isFile(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // A part of its path is a file, or can't be read.
    return false;
  }
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json", ".node"];

/** TypeScript's imports name the file that will be emitted, or none of its extensions. */
function candidates(file: string): string[] {
  const bare = file.replace(/\.[mc]?jsx?$/, "");
  return [
    file,
    ...EXTENSIONS.flatMap((extension) => [bare + extension, file + extension, path.join(file, `index${extension}`)]),
  ];
}

function isBare(specifier: string): boolean {
  return !/^(?:\.{0,2}\/|\.{1,2}$|#)/.test(specifier) && !isBuiltin(specifier);
}

/** The name of the package in a specifier of a file in it. */
export function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The names in a folder's node_modules. */
const installedNames = new Map<string, ReadonlySet<string>>();

/** True if a package may be installed where one finds it. To look for each of a thousand names takes long. */
function isInstalledFor(root: string, name: string): boolean {
  const [first] = name.split("/", 1);
  for (let at = root; ; at = path.dirname(at)) {
    const names = getOrCreate(installedNames, at, () => new Set(entriesOf(path.join(at, "node_modules"))));
    if (names.has(first!) || names.has(`${first}.js`)) return true;
    if (path.dirname(at) === at) return false;
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folder of the package that an import from somewhere finds; before it those that may be there in its place. */
function installedFrom(folder: string, name: string): Unit[] {
  const found: Unit[] = [];
  for (let at = folder; ; at = path.dirname(at)) {
    const root = path.join(at, "node_modules", name);
    for (const file of [root, `${root}.js`]) if (existsSync(file)) found.push(realpathSync(file));
    if (path.dirname(at) === at || existsSync(path.join(root, "package.json"))) break;
  }
  return found.length === 0 ? resolvedFrom(folder, name) : found;
}

/** Yarn's Plug'n'Play has no node_modules: only its own resolution knows where packages are. */
function resolvedFrom(folder: string, name: string): Unit[] {
  if (process.versions.pnp === undefined) return [];
  const { resolve } = createRequire(path.join(folder, "package.json"));
  for (const specifier of [`${name}/package.json`, name]) {
    try {
      const root = rootInModules(resolve(specifier));
      if (root !== undefined) return [root];
    } catch {
      // It is not installed, or does not export that.
    }
  }
  return [];
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import { locationPath } from "../../dsl/class-location.js";
import { findUp } from "../../util/find-up.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { OWN_URL, ownVersion } from "../../util/own-files.js";
import { manifestOf, packageRootOf } from "../../util/package-json.js";
import { sha256 } from "../../util/sha256.js";

/** An installed package: what is in it can't be seen value by value, so its files count. */
export interface Package {
  readonly name: string;
  /** SHA-256 of its files and of those of the packages that it may import. */
  readonly hash: string;
  /** The variables of the environment that they name. */
  readonly variables: readonly string[];
}

export const OUR_NAME = "hypernodes";

const ourselves = once((): Package => ({ name: OUR_NAME, hash: ownVersion(), variables: [] }));

const MODULES = `${path.sep}node_modules${path.sep}`;
const atFolders = new Map<string, Package>();

/** The package that a script is of; undefined: it is the project's own. */
export function packageOf(url: string): Package | undefined {
  if (!isPackaged(url)) return undefined;
  const file = fileOf(url);
  const root = url.startsWith(OWN_URL) || file === undefined ? undefined : rootInModules(file);
  return root === undefined ? ourselves() : packageAt(root);
}

/** True if a script belongs to a package, by its path alone. */
export function isPackaged(url: string): boolean {
  return getOrCreate(packaged, url, () => {
    const file = fileOf(url);
    return url.startsWith(OWN_URL) || (file !== undefined && (rootInModules(file) !== undefined || isOfOurCopy(file)));
  });
}

/** By a script's address: it is asked for each function. */
const packaged = new Map<string, boolean>();

/** A second copy of ours that is linked: what it loads when it needs it differs from process to process. */
function isOfOurCopy(file: string): boolean {
  const root = packageRootOf(file);
  return path.relative(root, file).startsWith(`dist${path.sep}`) && manifestOf(root).name === OUR_NAME;
}

export function fileOf(url: string): string | undefined {
  if (url.startsWith("file:")) return locationPath(url);
  return path.isAbsolute(url) ? url : undefined;
}

function rootInModules(file: string): string | undefined {
  const at = file.lastIndexOf(MODULES);
  if (at < 0) return undefined;
  const [first, second] = file.slice(at + MODULES.length).split(path.sep);
  return path.join(file.slice(0, at + MODULES.length), first!, first!.startsWith("@") ? second! : "");
}

function packageAt(root: string): Package {
  return getOrCreate(atFolders, root, () => {
    const closure = new Map<string, string>();
    const variables = new Set<string>();
    const queue = [root];
    for (const at of queue) {
      if (closure.has(at)) continue;
      const { own, imports, variables: named } = contentOf(at);
      closure.set(at, own);
      for (const name of named) variables.add(name);
      for (const name of imports) {
        const found = installedFrom(at, name);
        if (found !== undefined && found !== at) queue.push(found);
      }
    }
    return {
      name: manifestOf(root).name ?? path.basename(root),
      hash: sha256([...closure.values()].sort().join("\n")),
      variables: [...variables].sort(),
    };
  });
}

interface FolderContent {
  readonly own: string;
  /** The packages that it may import. */
  readonly imports: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
}

const contents = new Map<string, FolderContent>();
/** Files that no program runs. */
const NO_CODE = /\.(?:map|md|markdown|d\.[mc]?ts)$|^(?:LICEN[CS]E|CHANGELOG|README)/i;
const SCRIPT = /\.[mc]?[jt]sx?$/;

function contentOf(root: string): FolderContent {
  return getOrCreate(contents, root, () => {
    const { dependencies, peerDependencies, optionalDependencies } = manifestOf(root);
    const imports = new Set(
      [dependencies, peerDependencies, optionalDependencies].flatMap((names) => Object.keys(names ?? {})),
    );
    const variables = new Set<string>();
    const all = createHash("sha256");
    // A folder that is linked from outside of node_modules is edited: there comments do not count.
    const isInstalled = rootInModules(path.join(root, "package.json")) !== undefined;
    for (const file of filesIn(root)) {
      const read = readFileSync(path.join(root, file));
      const bytes = isInstalled ? read : Buffer.from(meaningOf(file, read.toString("utf8")));
      all.update(`${file} ${bytes.length}\n`).update(bytes);
      if (!SCRIPT.test(file)) continue;
      const source = read.toString("latin1");
      for (const [, , dotted, quoted] of source.matchAll(VARIABLE)) {
        const name = dotted ?? quoted;
        if (name !== undefined) variables.add(name);
      }
      for (const specifier of specifiersIn(source)) {
        if (!/^[./#]/.test(specifier) && !isBuiltin(specifier)) imports.add(packageName(specifier));
      }
    }
    return { own: all.digest("hex"), imports, variables };
  });
}

function filesIn(root: string): string[] {
  const files: string[] = [];
  const addFolder = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === ".git") continue;
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) addFolder(name);
      else if (entry.isFile() && !NO_CODE.test(entry.name)) files.push(name);
    }
  };
  addFolder("");
  return files.sort();
}

const IMPORT = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'])([^"'\n]+)\1/g;

const VARIABLE = /\bprocess\.env(\.(\w+)|\[["'](\w+)["']\])?/g;

/** The imports of some code, from its text. */
function specifiersIn(source: string): string[] {
  return Array.from(source.matchAll(IMPORT), ([, , specifier]) => specifier!);
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The folder of the package that an import from somewhere finds. */
function installedFrom(folder: string, name: string): string | undefined {
  const manifest = findUp(folder, path.join("node_modules", name, "package.json"));
  return manifest && realpathSync(path.dirname(manifest));
}

/** The content of a module that code imports when it runs; `problem`: it cannot be known. */
export type Lazy =
  | { readonly hash: string /** Of the environment. */; readonly variables: readonly string[] }
  | { readonly problem: string };

const lazies = new Map<string, Lazy>();

/** The texts of the files that `import("specifier")` in a script would load, with those that they import. */
export function lazyImport(specifier: string, from: string): Lazy {
  const file = fileOf(from);
  if (file === undefined) return { problem: `import("${specifier}") of code that is in no file` };
  const key = JSON.stringify([specifier, file]);
  const known = lazies.get(key);
  if (known !== undefined) return known;
  const content: LazyContent = { parts: [], variables: new Set(), seen: new Set() };
  const problem = collect(specifier, file, content);
  const { parts, variables } = content;
  const lazy: Lazy =
    problem === undefined ? { hash: sha256(parts.join("\n")), variables: [...variables].sort() } : { problem };
  lazies.set(key, lazy);
  return lazy;
}

interface LazyContent {
  readonly parts: string[];
  readonly variables: Set<string>;
  /** Files. */
  readonly seen: Set<string>;
}

/** @returns what is in the way. */
function collect(specifier: string, from: string, content: LazyContent): string | undefined {
  const { parts, seen } = content;
  if (isBuiltin(specifier)) {
    parts.push(specifier);
    return undefined;
  }
  if (!/^(?:\.|\/|file:)/.test(specifier)) {
    const root = specifier.startsWith("#") ? undefined : installedFrom(path.dirname(from), packageName(specifier));
    if (root === undefined) return `import("${specifier}") can't be followed`;
    // Of a folder that is linked from outside of node_modules, too, the files are what would be loaded, and their packages.
    const { hash, variables } = packageAt(root);
    parts.push(`${specifier} ${hash}`);
    for (const name of variables) content.variables.add(name);
    return undefined;
  }
  const wanted = specifier.startsWith("file:") ? fileURLToPath(specifier) : path.resolve(path.dirname(from), specifier);
  const file = candidates(wanted).find((name) => existsSync(name));
  if (file === undefined) return `import("${specifier}") can't be found`;
  if (seen.has(file)) return undefined;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  parts.push(sha256(meaningOf(file, source)));
  if (!SCRIPT.test(file)) return undefined;
  for (const [whole, , dotted, quoted] of source.matchAll(VARIABLE)) {
    const name = dotted ?? quoted;
    if (name === undefined) return `import("${specifier}") reads ${whole} by a computed name`;
    content.variables.add(name);
  }
  for (const inner of specifiersIn(source)) {
    const problem = collect(inner, file, content);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Variables of the environment, as they are now. */
export function environmentOf(names: readonly string[]): string {
  return names.map((name) => `${name} ${JSON.stringify(process.env[name])}`).join();
}

/** The text of a file without what does not count in it: whitespace and comments, where there is a parser for it. */
function meaningOf(file: string, source: string): string {
  try {
    if (file.endsWith(".json")) return JSON.stringify(JSON.parse(source));
    if (!/\.[mc]?js$/.test(file)) return source;
    const options = { ecmaVersion: "latest", allowHashBang: true, allowReturnOutsideFunction: true } as const;
    const program = parse(source, { ...options, sourceType: file.endsWith(".cjs") ? "script" : "module" });
    return JSON.stringify(program, (key, value: unknown) => {
      if (key === "start" || key === "end" || key === "raw") return undefined;
      return typeof value === "bigint" ? `${value}n` : value;
    });
  } catch {
    // Another syntax, or scripts that are no modules: as they are.
    return source;
  }
}

const EXTENSIONS = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"];

/** TypeScript's imports name the file that will be emitted, or none of its extensions. */
function candidates(file: string): string[] {
  const bare = file.replace(/\.[mc]?jsx?$/, "");
  return [
    ...(path.extname(file) === "" ? [] : [file]),
    ...EXTENSIONS.flatMap((extension) => [bare + extension, file + extension, path.join(file, `index${extension}`)]),
  ];
}

/** A file's path from the package it is in, with "/": the same in each folder and on each system. */
export function withinPackage(file: string): string {
  return path.relative(packageRootOf(file), file).split(path.sep).join("/");
}

/** The same, with the name of that package before it. */
export function placeOfFile(file: string): string {
  return `${manifestOf(packageRootOf(file)).name ?? ""} ${withinPackage(file)}`;
}

import { createHash, hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { remembered } from "../../graph/remembered.js";

/** An installed package: what is in it can't be seen value by value, so its files count. */
export interface Package {
  readonly name: string;
  /** SHA-256 of its files and of those of the packages that it may import. */
  readonly hash: string;
}

/** Our own modules are a package, whether they are installed as one or not. */
const OURS = new URL("../../", import.meta.url).href;

let ours: Package | undefined;

/** Read when it is first asked for: in a container there is no such file, and nobody asks. */
function ourselves(): Package {
  const { version } = createRequire(import.meta.url)("../../../package.json") as { version: string };
  ours ??= { name: "hypernodes", hash: version };
  return ours;
}

const MODULES = `${path.sep}node_modules${path.sep}`;
const atFolders = new Map<string, Package>();

/** The package that a script is of; undefined: it is the project's own. */
export function packageOf(url: string): Package | undefined {
  if (url.startsWith(OURS)) return ourselves();
  const file = fileOf(url);
  const root = file && rootInModules(file);
  return root === undefined ? undefined : packageAt(root);
}

/** Whether a script is of a package: without a look at that. */
export function isPackaged(url: string): boolean {
  const file = fileOf(url);
  return url.startsWith(OURS) || (file !== undefined && rootInModules(file) !== undefined);
}

export function fileOf(url: string): string | undefined {
  if (url.startsWith("file:")) return fileURLToPath(url.replace(/[?#].*$/, ""));
  return path.isAbsolute(url) ? url : undefined;
}

function rootInModules(file: string): string | undefined {
  const at = file.lastIndexOf(MODULES);
  if (at < 0) return undefined;
  const [first, second] = file.slice(at + MODULES.length).split(path.sep);
  return path.join(file.slice(0, at + MODULES.length), first!, first!.startsWith("@") ? second! : "");
}

function packageAt(root: string): Package {
  return remembered(atFolders, root, () => {
    const closure = new Map<string, string>();
    const queue = [root];
    for (const at of queue) {
      if (closure.has(at)) continue;
      const { own, imports } = contentOf(at);
      closure.set(at, own);
      for (const name of imports) {
        const found = installedFrom(at, name);
        if (found !== undefined && found !== at) queue.push(found);
      }
    }
    return {
      name: manifestOf(root).name ?? path.basename(root),
      hash: hashOf([...closure.values()].sort().join("\n")),
    };
  });
}

interface Manifest {
  readonly name?: string;
  readonly dependencies?: object;
  readonly peerDependencies?: object;
  readonly optionalDependencies?: object;
}

function manifestOf(root: string): Manifest {
  try {
    return JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
  } catch {
    return {};
  }
}

interface FolderContent {
  readonly own: string;
  /** The packages that it may import. */
  readonly imports: ReadonlySet<string>;
}

const contents = new Map<string, FolderContent>();
/** What no program runs. */
const NO_CODE = /\.(?:map|md|markdown|d\.[mc]?ts)$|^(?:LICEN[CS]E|CHANGELOG|README)/i;
const SCRIPT = /\.[mc]?[jt]sx?$/;

function contentOf(root: string): FolderContent {
  return remembered(contents, root, () => {
    const { dependencies, peerDependencies, optionalDependencies } = manifestOf(root);
    const imports = new Set(
      [dependencies, peerDependencies, optionalDependencies].flatMap((names) => Object.keys(names ?? {})),
    );
    const all = createHash("sha256");
    for (const file of filesIn(root)) {
      const bytes = readFileSync(path.join(root, file));
      all.update(`${file} ${bytes.length}\n`).update(bytes);
      if (!SCRIPT.test(file)) continue;
      for (const specifier of specifiersIn(bytes.toString("latin1"))) {
        if (!/^[./#]/.test(specifier) && !isBuiltin(specifier)) imports.add(packageName(specifier));
      }
    }
    return { own: all.digest("hex"), imports };
  });
}

function filesIn(root: string): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === ".git") continue;
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) visit(name);
      else if (entry.isFile() && !NO_CODE.test(entry.name)) found.push(name);
    }
  };
  visit("");
  return found.sort();
}

const IMPORT = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(["'])([^"'\n]+)\1/g;

/** What some code imports, by its text. */
function specifiersIn(source: string): string[] {
  return Array.from(source.matchAll(IMPORT), ([, , specifier]) => specifier!);
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** The folder of the package that an import from somewhere finds. */
function installedFrom(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const inside = path.join(at, "node_modules", name);
    if (existsSync(path.join(inside, "package.json"))) return realpathSync(inside);
    if (path.dirname(at) === at) return undefined;
  }
}

/** What a module that is imported when some code runs has in it; `problem`: that can't be known. */
export type Lazy = { readonly hash: string } | { readonly problem: string };

const lazies = new Map<string, Lazy>();

/** What `import("specifier")` in a script would load: the texts of its files, and of what those import. */
export function lazyImport(specifier: string, from: string): Lazy {
  const file = fileOf(from);
  if (file === undefined) return { problem: `import("${specifier}") of code that is in no file` };
  const key = JSON.stringify([specifier, file]);
  const known = lazies.get(key);
  if (known !== undefined) return known;
  const parts: string[] = [];
  const seen = new Set<string>();
  const problem = collect(specifier, file, parts, seen);
  const lazy: Lazy = problem === undefined ? { hash: hashOf(parts.join("\n")) } : { problem };
  lazies.set(key, lazy);
  return lazy;
}

/** @returns what is in the way. */
function collect(specifier: string, from: string, parts: string[], seen: Set<string>): string | undefined {
  if (isBuiltin(specifier)) {
    parts.push(specifier);
    return undefined;
  }
  if (!/^(?:\.|\/|file:)/.test(specifier)) {
    const root = specifier.startsWith("#") ? undefined : installedFrom(path.dirname(from), packageName(specifier));
    if (root === undefined) return `import("${specifier}") can't be followed`;
    if (rootInModules(root) !== root) {
      parts.push(contentOf(root).own);
      return undefined;
    }
    parts.push(`${specifier} ${packageAt(root).hash}`);
    return undefined;
  }
  const wanted = specifier.startsWith("file:") ? fileURLToPath(specifier) : path.resolve(path.dirname(from), specifier);
  const file = candidates(wanted).find((name) => existsSync(name));
  if (file === undefined) return `import("${specifier}") can't be found`;
  if (seen.has(file)) return undefined;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  parts.push(hashOf(source));
  if (!SCRIPT.test(file)) return undefined;
  for (const [whole, , dotted, quoted] of source.matchAll(/process\.env(\.(\w+)|\[["'](\w+)["']\])?/g)) {
    const name = dotted ?? quoted;
    if (name === undefined) return `import("${specifier}") reads ${whole} by a name that is computed`;
    parts.push(`${name} ${JSON.stringify(process.env[name])}`);
  }
  for (const inner of specifiersIn(source)) {
    const problem = collect(inner, file, parts, seen);
    if (problem !== undefined) return problem;
  }
  return undefined;
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

const roots = new Map<string, string>();

/** The folder of the package that a file is in. */
export function rootOf(file: string): string {
  const folder = path.dirname(file);
  return remembered(roots, folder, () => {
    for (let at = folder; ; at = path.dirname(at)) {
      if (existsSync(path.join(at, "package.json"))) return at;
      if (path.dirname(at) === at) return folder;
    }
  });
}

/** A file's path from the package it is in: the same wherever that lies. */
export function withinPackage(file: string): string {
  return path.relative(rootOf(file), file);
}

/** The same, with the name of that package before it. */
export function placeOfFile(file: string): string {
  return `${manifestOf(rootOf(file)).name ?? ""} ${withinPackage(file)}`;
}

export function hashOf(text: string): string {
  return hash("sha256", text, "hex");
}

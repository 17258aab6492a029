import path from "node:path";
import type { TsConfigResult } from "get-tsconfig";
import { getOrCreate } from "../../util/get-or-create.js";
import { manifestOf, packageRootOf } from "../../util/package-json.js";

// Node's own: those that test runners put in its place do not load all that it loads.
const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);

/** The targets that a project gives a specifier beside the package of that name. */
export interface Aliases {
  /** Paths of files, most without an extension, and names of packages and of Node's modules. */
  readonly targets: readonly string[];
  /** The entries of a package.json that name targets: the loader chooses by their conditions. */
  readonly entries: string;
}

type Matcher = (specifier: string) => readonly string[];

/** Variables that give loaders of TypeScript a file of another name. */
const CONFIGURED_BY = ["TSX_TSCONFIG_PATH", "TS_NODE_PROJECT", "SWC_NODE_PROJECT"];

/** Finds the `imports` of the package that a file is in, its own name, and the `paths` of `tsconfig.json` that match a specifier. */
export function aliasesOf(specifier: string, from: string): Aliases {
  const root = packageRootOf(from);
  const entries = manifestEntries(specifier, root);
  const targets = targetsOf(entries).map((target) => (target.startsWith(".") ? path.join(root, target) : target));
  const matchers = [path.dirname(from), process.cwd()].map(matcherFor);
  for (const variable of CONFIGURED_BY) matchers.push(matcherNamed(process.env[variable]));
  targets.push(...matchers.flatMap((matcher) => matcher?.(specifier) ?? []));
  return { targets: [...new Set(targets)], entries: entries.length === 0 ? "" : JSON.stringify(entries) };
}

/** A pattern, its targets, and what the `*` in it stands for. */
type Entry = readonly [pattern: string, target: unknown, matched: string];

function manifestEntries(specifier: string, root: string): Entry[] {
  const { name, imports, exports } = manifestOf(root);
  if (specifier.startsWith("#")) return matchingEntries(imports ?? {}, specifier);
  if (name === undefined || exports === undefined || !`${specifier}/`.startsWith(`${name}/`)) return [];
  return exportEntries(`.${specifier.slice(name.length)}`, exports);
}

function exportEntries(within: string, exports: unknown): Entry[] {
  const hasPaths =
    typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."));
  return matchingEntries(hasPaths ? exports : { ".": exports }, within);
}

function matchingEntries(targets: object, specifier: string): Entry[] {
  return Object.entries(targets).flatMap(([pattern, target]): Entry[] => {
    const [before, after] = pattern.split("*") as [string, string?];
    if (after === undefined) return pattern === specifier ? [[pattern, target, ""]] : [];
    const isMatch = specifier.length >= pattern.length - 1 && specifier.startsWith(before) && specifier.endsWith(after);
    return isMatch ? [[pattern, target, specifier.slice(before.length, specifier.length - after.length)]] : [];
  });
}

/**
 * The targets, from its folder, that a package exports by a name, under all conditions.
 *
 * @param within the name in the package: `./inner`, or `.` for itself.
 * @param exports the `exports` of its package.json.
 */
export function exportTargets(within: string, exports: unknown): string[] {
  return targetsOf(exportEntries(within, exports));
}

function targetsOf(entries: readonly Entry[]): string[] {
  return entries.flatMap(([, target, matched]) => leavesOf(target).map((leaf) => leaf.replaceAll("*", matched)));
}

/** The targets under all conditions. */
function leavesOf(target: unknown): string[] {
  if (typeof target === "string") return [target];
  return typeof target === "object" && target !== null ? Object.values(target).flatMap(leavesOf) : [];
}

const matchers = new Map<string, Matcher | null>();

/** The nearest `tsconfig.json` of a folder and of those above counts. */
function matcherFor(folder: string): Matcher | null {
  return matcherOf(folder, () => tsconfigs().getTsconfig(folder));
}

function matcherNamed(name: string | undefined): Matcher | null {
  if (name === undefined) return null;
  const file = path.resolve(name);
  return matcherOf(`file ${file}`, () => ({ path: file, config: tsconfigs().parseTsconfig(file) }));
}

/** A file that can't be read is not the loader's: it has loaded the program. */
function matcherOf(place: string, find: () => TsConfigResult | null): Matcher | null {
  return getOrCreate(matchers, place, () => {
    try {
      const found = find();
      return found === null ? null : tsconfigs().createPathsMatcher(found);
    } catch {
      return null;
    }
  });
}

/** Loaded for the first specifier: few nodes import files when they run. */
function tsconfigs(): typeof import("get-tsconfig") {
  return require("get-tsconfig") as typeof import("get-tsconfig");
}

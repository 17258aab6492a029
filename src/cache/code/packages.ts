import { isBuiltin } from "node:module";
import path from "node:path";
import { locationPath } from "../../dsl/class-location.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { memoize, once } from "../../util/on-demand.js";
import { OWN_URL, ownVersion } from "../../util/own-files.js";
import { manifestOf, packageRootOf } from "../../util/package-json.js";
import { cwd } from "../../util/primordials.js";
import { sha256 } from "../../util/sha256.js";
import { closureOf, fileAt, rootInModules, unitsOf } from "./import-closure.js";
import { FOLDER, moduleProblem, OF_OS } from "./opaque.js";
import { primitiveText } from "./primitive-text.js";

/** An installed package: what is in it can't be seen value by value, so its files count. */
export interface Package {
  readonly name: string;
  /** SHA-256 of its files and of those of the packages that it may import. */
  readonly hash: string;
  /** The variables of the environment that they name. */
  readonly variables: readonly string[];
  /** The reason why its content can't be known. */
  readonly problem: string | undefined;
  /** Its manifest's file, which is written again when another version is installed; undefined: it does not count. */
  readonly manifest?: string;
}

export const OUR_NAME = "hypernodes";

const ourselves = once((): Package => ({ name: OUR_NAME, hash: ownVersion(), variables: [], problem: undefined }));

/** The package that a script is of; undefined: it is the project's own. */
export function packageOf(url: string): Package | undefined {
  if (!isPackaged(url)) return undefined;
  const file = fileOf(url);
  const root = url.startsWith(OWN_URL) || file === undefined ? undefined : rootInModules(file);
  if (root === undefined) return ourselves();
  const manifest = path.join(root, "package.json");
  return { name: manifestOf(root).name ?? path.basename(root), manifest, ...closureOf(root) };
}

/** True if a script belongs to a package, by its path alone. */
export const isPackaged = memoize(isInPackage);

function isInPackage(url: string): boolean {
  const file = fileOf(url);
  return url.startsWith(OWN_URL) || (file !== undefined && (rootInModules(file) !== undefined || isOfOurCopy(file)));
}

/** A second copy of ours that is linked: what it loads when it needs it differs from process to process. */
function isOfOurCopy(file: string): boolean {
  const root = packageRootOf(file);
  return manifestOf(root).name === OUR_NAME && path.relative(root, file).startsWith(`dist${path.sep}`);
}

export function fileOf(url: string): string | undefined {
  if (!url.startsWith("file:")) return path.isAbsolute(url) ? url : undefined;
  return pathAt(url);
}

/** It is asked for each function, and Node takes an address apart in 0.02 ms. */
const pathAt = memoize(locationPath);

/** The content of a module that code imports when it runs; `problem`: it cannot be known. */
export type Lazy =
  | {
      readonly hash: string /** Of the environment. */;
      readonly variables: readonly string[];
      readonly files: readonly string[];
    }
  | { readonly problem: string };

const lazies = new Map<string, Lazy>();

/** The texts of the files that `import("specifier")` in a script would load, with those that they import. */
export function lazyImport(specifier: string, from: string): Lazy {
  if (isBuiltin(specifier)) {
    const problem = moduleProblem(specifier);
    const variables = /^(?:node:)?os$/.test(specifier) ? OF_OS : [];
    return problem === undefined ? { hash: specifier, variables, files: [] } : { problem };
  }
  const file = fileOf(from);
  if (file === undefined) return { problem: `import("${specifier}") of code that is in no file` };
  return getOrCreate(lazies, JSON.stringify([specifier, file]), () => {
    const found = unitsOf(specifier, file);
    if (typeof found === "string") return { problem: found };
    const closures = found.units.map(closureOf);
    const problem = closures.find((closure) => closure.problem !== undefined)?.problem;
    if (problem !== undefined) return { problem };
    const hash = sha256([found.name, ...closures.map((closure) => closure.hash)].join("\n"));
    return {
      hash,
      variables: closures.flatMap(({ variables }) => variables),
      files: closures.flatMap(({ files }) => files),
    };
  });
}

/** The file of the program that declares what another one imports: `["SIZE","./config.js"]`. Undefined if that is not known. */
export function declaringFile(imported: string, by: string): string | undefined {
  return getOrCreate(declaring, `${imported} ${by}`, () => {
    const [, specifier] = JSON.parse(imported) as [string, string];
    const from = specifier.startsWith(".") ? fileOf(by) : undefined;
    const file = from && fileAt(specifier, from);
    return file && withinPackage(file);
  });
}

const declaring = new Map<string, string | undefined>();

/** Variables of the environment, and its folder, as they are now. Packages name many that there are not. */
export function environmentOf(names: readonly string[]): string {
  const { env } = process;
  return names
    .flatMap((name) => {
      if (name === FOLDER) return [`${name} ${primitiveText(cwd.call(process))}`];
      return name in env ? [`${name} ${JSON.stringify(env[name])}`] : [];
    })
    .join();
}

/** A file's path from the package it is in, with "/": the same in each folder and on each system. */
export function withinPackage(file: string): string {
  return path.relative(packageRootOf(file), file).split(path.sep).join("/");
}

/** The same, with the name of that package before it. */
export function placeOfFile(file: string): string {
  return `${manifestOf(packageRootOf(file)).name ?? ""} ${withinPackage(file)}`;
}

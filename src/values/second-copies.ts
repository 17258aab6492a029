import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import type { Class } from "../dsl/class.js";
import { classLocationOf, isBundled } from "../dsl/class-location.js";

/** A package whose decorators are read here, and its module that stores their metadata. */
const PACKAGES = [
  {
    name: "class-transformer",
    module: "cjs/storage.js",
    isUsed: (exports: unknown) => recordedIn((exports as { defaultMetadataStorage?: object }).defaultMetadataStorage),
  },
  // All its copies share one store, so the copy that recorded metadata can't be identified.
  { name: "class-validator", module: "cjs/metadata/MetadataStorage.js", isUsed: () => true },
] as const;

const seen = new WeakSet<Class>();
const warned = new Set<string>();

/**
 * Warns, once for each package, if the project uses a second copy of class-transformer or class-validator, whose
 * decorators hypernodes can't read.
 *
 * @param pipeline the class that is about to run: its modules are loaded.
 */
export function warnOfSecondCopies(pipeline: Class): void {
  if (seen.has(pipeline) || !isMainThread) return;
  seen.add(pipeline);
  const origin = classLocationOf(pipeline);
  if (origin !== undefined && isBundled(origin)) return;
  const { cache } = createRequire(import.meta.url);
  for (const { name, module, isUsed } of PACKAGES) {
    if (warned.has(name)) continue;
    const own = resolved(import.meta.url, `${name}/${module}`);
    if (own === undefined) continue;
    const other =
      loadedCopy(cache, own, path.join(name, module), isUsed) ?? nearestCopy(cache, own, origin?.file, name, module);
    if (other === undefined) continue;
    warned.add(name);
    const [first, second] = [own, other].map((file) => describePackage(file.slice(0, -module.length)));
    process.emitWarning(
      `${name} is installed twice: hypernodes uses ${first}, the project ${second}. Decorators of the second may be ignored. Install one copy: npm dedupe.`,
      "HypernodesWarning",
    );
  }
}

/** Returns a copy that is loaded and has recorded decorators. */
function loadedCopy(
  cache: NodeJS.Require["cache"],
  own: string,
  end: string,
  isUsed: (exports: unknown) => boolean,
): string | undefined {
  return Object.keys(cache).find(
    (file) => file.endsWith(`${path.sep}${end}`) && file !== own && isUsed(cache[file]!.exports),
  );
}

/** Returns the copy that a pipeline's file would import, if the loader does not list loaded modules. */
function nearestCopy(
  cache: NodeJS.Require["cache"],
  own: string,
  file: string | undefined,
  name: string,
  module: string,
): string | undefined {
  if (file === undefined || own in cache || name !== "class-transformer") return undefined;
  const found = resolved(file, `${name}/${module}`);
  return found === own ? undefined : found;
}

function resolved(from: string, specifier: string): string | undefined {
  try {
    return realpathSync(createRequire(from).resolve(specifier));
  } catch {
    return undefined;
  }
}

function recordedIn(storage: object | undefined): boolean {
  const maps = (storage ?? {}) as Readonly<Record<string, ReadonlyMap<unknown, unknown> | undefined>>;
  const fields = ["_typeMetadatas", "_transformMetadatas", "_exposeMetadatas", "_excludeMetadatas"];
  return fields.some((field) => (maps[field]?.size ?? 0) > 0);
}

/** Formats a package's folder, relative to the working directory, and its version. */
function describePackage(folder: string): string {
  const manifest = path.join(folder, "package.json");
  const { version } = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, "utf8")) as { version?: string }) : {};
  const relative = path.relative(process.cwd(), folder).split(path.sep).join("/");
  return version === undefined ? relative : `${relative} (${version})`;
}

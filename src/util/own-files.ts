import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { once } from "./on-demand.js";

/** Modules of this package are TypeScript in its own specs, and JavaScript otherwise. */
const ENDING = import.meta.url.endsWith(".ts") ? "ts" : "js";

// This module is in `util/` in the sources, and in `chunks/` in a build. A container has all files in one folder.
const IS_IN_FOLDERS = /\/(?:util|chunks)\/[^/]*$/.test(import.meta.url);

/** The folder of this package's own modules, as a URL: `src/` or `dist/`; in a container, the folder of the bundle. */
export const OWN_URL = new URL(IS_IN_FOLDERS ? "../" : "./", import.meta.url).href;

/** The same folder as a path. */
export const OWN_FOLDER = fileURLToPath(OWN_URL);

/**
 * Tells if a file belongs to this package. On Windows, the case of letters does not count: programs are started from `c:` and `C:`.
 *
 * @param file its absolute path.
 */
export function isOwnFile(file: string, folder = OWN_FOLDER, system: path.PlatformPath = path): boolean {
  const relative = system.relative(folder, file);
  return relative !== ".." && !relative.startsWith(`..${system.sep}`) && !system.isAbsolute(relative);
}

/**
 * Returns the file of a module of this package that is loaded by its URL, not by an import.
 *
 * @param name its path from `src/`, without an extension: `engine/worker/worker`.
 */
export function ownModule(name: string): URL {
  const module = IS_IN_FOLDERS ? name : name.slice(name.lastIndexOf("/") + 1);
  return new URL(`${module}.${ENDING}`, OWN_URL);
}

/** Returns the version of this package. A host has no such file. */
export const ownVersion = once(
  () => (createRequire(OWN_URL)("../package.json") as { readonly version: string }).version,
);

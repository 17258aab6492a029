import { fileURLToPath } from "node:url";

/** Modules of this package are TypeScript in its own specs, and JavaScript everywhere else. */
const ENDING = import.meta.url.endsWith(".ts") ? "ts" : "js";

// In the sources this module is in `util/`; built, it is in `chunks/`. A container has all files in one folder.
const IS_IN_FOLDERS = /\/(?:util|chunks)\/[^/]*$/.test(import.meta.url);

/** The folder that this package's own modules are in, as a URL: `src/`, or `dist/`; in a container, the bundle's. */
export const OWN_URL = new URL(IS_IN_FOLDERS ? "../" : "./", import.meta.url).href;

/** The same folder as a path. */
export const OWN_FOLDER = fileURLToPath(OWN_URL);

/**
 * The file of one of this package's modules that is loaded by its URL, not by an import.
 *
 * @param name its path from `src/`, without an ending: `engine/worker/worker`.
 */
export function ownModule(name: string): URL {
  const path = IS_IN_FOLDERS ? name : name.slice(name.lastIndexOf("/") + 1);
  return new URL(`${path}.${ENDING}`, OWN_URL);
}

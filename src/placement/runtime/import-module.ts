import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { locatedClasses } from "../../dsl/class-location.js";
import { importForClasses } from "../../engine/lifecycle/worker-context.js";
import { registerLoaders } from "../../engine/worker/loaders.js";
import { registerExportsOf } from "../../values/exported-classes.js";

/**
 * Imports a module of this machine for the classes in it. A pipeline that the module runs by itself is held: its class is
 * known by then. The values that come first may be of classes that its modules export.
 *
 * @param file the module's URL or path.
 */
export async function importModule(file: string): Promise<void> {
  await registerLoaders();
  const url = file.startsWith("file:") ? file : pathToFileURL(file).href;
  await new Promise<void>((resolve, reject) => {
    importForClasses(
      () => load(url),
      () => resolve(),
    ).then(resolve, reject);
  });
  for (const type of locatedClasses()) registerExportsOf(type);
}

async function load(url: string): Promise<void> {
  const require = createRequire(url);
  try {
    await import(url);
  } catch (error) {
    // Loaders that Node was started with by --require transform only what is required.
    const isUnreadable =
      error instanceof SyntaxError || (error as { code?: unknown }).code === "ERR_UNKNOWN_FILE_EXTENSION";
    if (!isUnreadable || !(path.extname(url) in require.extensions)) throw error;
    require(fileURLToPath(url));
  }
}

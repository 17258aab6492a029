import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/**
 * A thread has the loaders that Node was started with, but for tsx, which registers itself in the main thread alone
 * (privatenumber/tsx#354) and has to be asked to in other threads.
 */
export async function registerLoaders(): Promise<void> {
  const tsx = startedWith().find((word) => /^tsx(?:\/esm)?$/.test(word) || /[\\/]tsx[\\/]dist[\\/].*\.mjs$/.test(word));
  if (tsx === undefined) return;
  const from = tsx.startsWith("tsx") ? path.join(process.cwd(), "package.json") : tsx;
  // What `require` finds is its CommonJS twin, which looks for its hooks in the wrong folder.
  const api = createRequire(from)
    .resolve("tsx/esm/api")
    .replace(/\.cjs$/, ".mjs");
  const { register } = (await import(pathToFileURL(api).href)) as { register(): unknown };
  register();
}

/** The words of Node's own command line, and of NODE_OPTIONS. */
function startedWith(): string[] {
  return [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")].flatMap((word) => word.split("="));
}

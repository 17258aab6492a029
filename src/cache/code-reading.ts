import { OnDemand } from "../util/on-demand.js";

/**
 * The modules that read code: a parser and V8's inspector, which take as long as the rest of the engine, and which runs without a cache do without.
 * They are loaded before anything is asked of code.
 */
const readingModules = new OnDemand(async () => {
  // One after the other: built, they are one file, and realms that load modules by themselves (jest's) may not expect it twice at once.
  const code = await import("./code/code.js");
  const packages = await import("./code/packages.js");
  return { ...code, ...packages };
});

/** Loads the modules. */
export const loadCodeReading = () => readingModules.load();

/** The modules, which were loaded before. */
export function codeReading() {
  if (readingModules.loaded !== undefined) return readingModules.loaded;
  throw new Error("the code reader is used before it is loaded");
}

import { importForClasses } from "../lifecycle/worker-context.js";

/**
 * Imports the pipeline's modules in a container, where they are one file beside this one. If they run a pipeline by
 * themselves, it is held there: its class is known by then.
 */
export function importBundle(): Promise<void> {
  return new Promise((resolve, reject) => {
    const load = () => import(new URL("./pipeline.js", import.meta.url).href) as Promise<unknown>;
    importForClasses(load, () => resolve()).then(() => resolve(), reject);
  });
}

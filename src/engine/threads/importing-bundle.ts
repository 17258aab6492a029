import { thread } from "./inside.js";

/**
 * Imports the pipeline's modules in a container, where they are one file beside this one. If they run a pipeline by
 * themselves, it is held there: its class is known by then.
 */
export async function importBundle(): Promise<void> {
  const held = new Promise<void>((resolve) => {
    thread.onRunAtImport = () => resolve();
  });
  try {
    await Promise.race([import(new URL("./pipeline.js", import.meta.url).href), held]);
  } finally {
    thread.onRunAtImport = undefined;
  }
}

import { mkdirSync, statSync } from "node:fs";
import path from "node:path";

/**
 * Makes a folder and those above it, one at a time from the nearest that exists. Node's `recursive: true` never returns where the
 * system says that a folder is missing which is there, as it does in `/proc`.
 *
 * @param mode of the folders that are made.
 * @throws the system's error of the first that can't be made.
 */
export function makeFolders(folder: string, mode?: number): void {
  const missing: string[] = [];
  for (let at = path.resolve(folder); statSync(at, { throwIfNoEntry: false }) === undefined; at = path.dirname(at)) {
    missing.push(at);
    if (at === path.dirname(at)) break;
  }
  for (const next of missing.reverse()) {
    try {
      mkdirSync(next, { mode });
    } catch (error) {
      // Another process may have made it in between.
      if (statSync(next, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    }
  }
}

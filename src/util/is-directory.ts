import { statSync } from "node:fs";

/** Whether a path is a directory; undefined: there is nothing at it, or nothing that can be looked at. */
export function isDirectory(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}

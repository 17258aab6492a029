import { statSync } from "node:fs";

/** Tells if a path is a directory; undefined if it does not exist or can't be read. */
export function isDirectory(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}

import { existsSync } from "node:fs";
import path from "node:path";

/**
 * Returns the nearest file or folder of a name.
 *
 * @param folder the folder where the search begins; those above it follow.
 * @param name the name, or a path from each of these folders: `package.json`, `node_modules/zod`.
 * @returns its path; undefined if there is none.
 */
export function findUp(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, name);
    if (existsSync(file)) return file;
    if (path.dirname(at) === at) return undefined;
  }
}

import { renameSync, writeFileSync } from "node:fs";

/**
 * Writes a file that is there with all of its content, or not at all.
 *
 * @param mode the permissions of the file. Default: Node's.
 * @throws the system's error.
 */
export function writeAtomic(file: string, content: string | Uint8Array, mode?: number): void {
  const fresh = `${file}.new${process.pid}`;
  writeFileSync(fresh, content, { mode });
  renameSync(fresh, file);
}

import { renameSync, rmSync, writeFileSync } from "node:fs";

/** The codes with which Windows refuses to rename a file that another program, such as a virus scanner, has open for a moment. */
const LOCKED = new Set(["EPERM", "EACCES", "EBUSY"]);
/** Attempts to rename a locked file: about a second in total. */
const MAX_ATTEMPTS = 10;
const DELAY_MS = 20;

/**
 * Writes a file that is there with all of its content, or not at all.
 *
 * @param mode the permissions of the file. Default: Node's.
 * @param system the platform, and the function that renames a file.
 * @throws the system's error.
 */
export function writeAtomic(
  file: string,
  content: string | Uint8Array,
  mode?: number,
  system = { platform: process.platform, rename: renameSync },
): void {
  const fresh = `${file}.new${process.pid}`;
  writeFileSync(fresh, content, { mode });
  for (let attempt = 1; ; attempt++) {
    try {
      system.rename(fresh, file);
      return;
    } catch (error) {
      const isLocked = system.platform === "win32" && LOCKED.has((error as NodeJS.ErrnoException).code ?? "");
      if (!isLocked || attempt === MAX_ATTEMPTS) {
        rmSync(fresh, { force: true });
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, attempt * DELAY_MS);
    }
  }
}

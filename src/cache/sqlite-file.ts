import { statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { HypernodesError } from "../errors.js";
import { messageOf } from "../util/describe.js";

/*
 * The file of a store, and SQLite, which opens it; and what can be wrong with both.
 */

/** A pipe never answers: neither where the file is to be, nor where SQLite puts what it has beside it. */
export function assertFile(file: string): void {
  for (const ending of ["", "-journal", "-wal", "-shm"]) {
    const known = statSync(file + ending, { throwIfNoEntry: false });
    const what = ending === "" ? "it" : path.basename(file + ending);
    if (known?.isDirectory()) {
      const inside = path.join(path.relative(process.cwd(), file), "cache.sqlite");
      const advice = ending === "" ? `Name a file in it: sqlite(${JSON.stringify(inside)}).` : "Use another path.";
      throw badStore(file, `can't be opened: ${what} is a directory, not a file`, undefined, advice);
    }
    // SQLite takes a file of one byte for an empty one.
    if (ending === "" && known?.isFile() === true && known.size === 1)
      throw badStore(file, "is not a database: it has one byte");
    if (known?.isFile() === false)
      throw badStore(file, `can't be opened: ${what} is not a regular file`, undefined, "Use another path.");
  }
}

/** A database that is closed again if something is wrong with it. */
export function withDatabase(database: DatabaseSyncInstance, check: (database: DatabaseSyncInstance) => void) {
  try {
    check(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite's result codes when nothing is wrong with the file itself. */
export const BUSY = 5;
export const READONLY = 8;
const INPUT_OR_OUTPUT = 10;
const FULL = 13;
const CANT_OPEN = 14;
const OF_THE_DISK = new Set([BUSY, READONLY, INPUT_OR_OUTPUT, FULL, CANT_OPEN]);

/** True for these, and for all that the system says of a path. */
export function isOfTheDisk(error: unknown): error is Error {
  return OF_THE_DISK.has(resultOf(error)) || (error as NodeJS.ErrnoException).syscall !== undefined;
}

/** SQLite's result code. */
export function resultOf(error: unknown): number {
  // Its upper bits are details.
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

/** The package has SQLite for most platforms; where it has none, Node may have one of its own, with the same interface. */
export async function sqliteFor(file: string): Promise<DatabaseSyncClass> {
  try {
    return (await import("@photostructure/sqlite")).DatabaseSync as DatabaseSyncClass;
  } catch (cause) {
    const own: string = "node:sqlite";
    try {
      return ((await import(own)) as { DatabaseSync: DatabaseSyncClass }).DatabaseSync;
    } catch {
      throw new HypernodesError({
        code: "NO_SQLITE",
        where: nameOf(file),
        problem: `the package @photostructure/sqlite can't be loaded here: ${(cause as Error).message}`,
        advice:
          "npm install @photostructure/sqlite@1, or use Node 22.13 or newer, which includes SQLite; or use another store.",
        cause,
      });
    }
  }
}

export type DatabaseSyncClass = new (
  file: string | URL,
  options?: { readonly readOnly: boolean },
) => DatabaseSyncInstance;

export function nameOf(file: string): string {
  return `sqlite(${path.relative(process.cwd(), file) || "."})`;
}

export function unavailable(file: string, cause: Error, problem = "can't be opened"): HypernodesError {
  return new HypernodesError({
    code: "STORE_UNAVAILABLE",
    where: nameOf(file),
    problem: `the file ${problem}: ${cause.message}`,
    advice: adviceFor(cause),
    cause,
  });
}

function adviceFor(cause: Error): string {
  const result = resultOf(cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (result === BUSY) return "Stop the process that locks the file, or use another path.";
  if (result === FULL || code === "ENOSPC") return "Make room on the disk, or use another path.";
  if (result === INPUT_OR_OUTPUT) return "Make room on the disk, check it, or use another path.";
  return "Use a path that can be written to.";
}

/** The error of a file that was open, and can't be read or written. */
export function unusable(file: string, error: unknown): HypernodesError {
  const problem = "can't be read or written";
  if (isOfTheDisk(error)) return unavailable(file, error, problem);
  return badStore(file, `${problem}: ${messageOf(error as Error)}`, error);
}

export function badStore(
  file: string,
  problem: string,
  cause?: unknown,
  advice = "Use another path; or, if it is a damaged cache, delete the file: it contains only computed values.",
): HypernodesError {
  return new HypernodesError({
    code: "BAD_STORE",
    where: nameOf(file),
    problem: `the file ${problem}`,
    advice,
    cause,
  });
}

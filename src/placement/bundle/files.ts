import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError } from "../../errors.js";
import { showValue } from "../../util/show-value.js";

/** Bytes that the files of a bundle may have. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * The names of the files that patterns match, but for those in `node_modules`, and for those that begin with a dot where no pattern
 * says so.
 *
 * @param patterns relative to the root: `"data/**"`; a folder is all that is in it; `"!data/raw/**"` leaves out.
 * @returns sorted paths, relative to the root, with `/`.
 * @throws {HypernodesError} `NO_SUCH_FILES`, if one matches none; `FILES_TOO_LARGE`.
 */
export async function findFiles(root: string, patterns: readonly string[]): Promise<readonly string[]> {
  if (patterns.length === 0) return [];
  const { glob } = await import("tinyglobby");
  const left = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const found = new Set<string>();
  for (const pattern of patterns.filter((each) => !each.startsWith("!"))) {
    const names = await glob(pattern, { cwd: root, ignore: [...left, "**/node_modules/**"] });
    if (names.length === 0) throw wrongFiles("NO_SUCH_FILES", `${showValue(pattern)} matches no file`, ADVICE);
    for (const name of names) found.add(name);
  }
  const names = [...found].sort();
  const bytes = names.reduce((sum, name) => sum + statSync(path.join(root, name)).size, 0);
  if (bytes <= MAX_BYTES) return names;
  throw wrongFiles(
    "FILES_TOO_LARGE",
    `the files have ${bytes} bytes, and a bundle takes at most ${MAX_BYTES}`,
    "Put them on a volume, modal({ volumes }).",
  );
}

const ADVICE = "Patterns are relative to the folder of the package.json that is nearest to the pipeline's module.";

function wrongFiles(code: ErrorCode, problem: string, advice: string): HypernodesError {
  return new HypernodesError({ code, where: "modal({ files })", problem, advice });
}

/** Files as a text, for `unpackFiles`. */
export function packFiles(root: string, names: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, readFileSync(path.join(root, name), "base64")])));
}

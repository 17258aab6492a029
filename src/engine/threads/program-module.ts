import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { classLocationOf, isBundled, locationPath } from "../../dsl/class-location.js";
import { formatFile } from "../../dsl/format-file.js";
import type { PipelineClass } from "../../dsl/members.js";
import { HypernodesError } from "../../errors.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { KEEP_APART, type RunAtImport, runAtImportError } from "./run-at-import.js";

/** The program as it was named to Node: before the user's code can change it. */
const [, ENTRY] = process.argv;

/** The modules that ran pipelines where a thread imported them. */
const refused = new Map<string, RunAtImport>();

/** For each module by its path, what makes it a program that a thread would do again; empty: nothing does. */
const programs = new Map<string, string>();

/**
 * Checks before anything runs that importing a class's module in a thread does not repeat the program.
 *
 * @throws {HypernodesError} `RUN_AT_IMPORT` if the module is the program itself, or calls main(), and nothing in it asks
 * in which thread it is; or if a thread has imported it, and it ran a pipeline there.
 */
export function checkNotProgram(pipeline: PipelineClass): void {
  const file = classLocationOf(pipeline)?.file;
  if (file === undefined || isBundled({ file })) return;
  const found = refused.get(file);
  if (found !== undefined) throw runAtImportError(pipeline.name, found);
  const what = whatMakesProgram(locationPath(file));
  if (what === "") return;
  throw new HypernodesError({
    code: "RUN_AT_IMPORT",
    where: pipeline.name,
    problem: `its class is in ${formatFile(file)}, ${what}: each thread would import it and run the program again`,
    advice: KEEP_APART,
  });
}

/**
 * Notes that a module runs pipelines where a thread imports it: no other thread will import it.
 *
 * @returns true if it was not known.
 */
export function refuseModule(found: RunAtImport): boolean {
  const isNew = !refused.has(found.file);
  refused.set(found.file, found);
  return isNew;
}

/** The path of the program, if nothing in it asks in which thread it is. */
export function unguardedProgram(): string | undefined {
  const path = entry();
  return path !== undefined && whatMakesProgram(path) !== "" ? path : undefined;
}

function whatMakesProgram(path: string): string {
  return getOrCreate(programs, path, () => {
    const text = textOf(path);
    if (text === undefined || GUARD.test(text.replace(UNKNOWN_GUARD, ""))) return "";
    if (path === entry()) return "which is the program itself";
    return MAIN.test(text) ? "which calls main()" : "";
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The program's path. A folder, a link or a name without its ending is what Node takes for one, too. */
function entry(): string | undefined {
  try {
    return ENTRY && realpathSync(createRequire(import.meta.url).resolve(ENTRY));
  } catch {
    return undefined;
  }
}

/** Comments, and the names that a module imports: they ask nothing. */
const UNKNOWN_GUARD =
  /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*|\bimport\b[^"'`;()]*\bfrom\b|\b(?:const|let|var)\s*\{[^{}]*\}\s*=\s*(?:await\s+import|require)\b/gm;

/** The ways in which a program asks if it is the program, or a module that somebody imports. */
const GUARD =
  /\bisMainThread\b|\bparentPort\b|\bmeta\s*\.\s*main\b|\brequire\s*\.\s*main\b|\bmainModule\b|\bmodule\s*\.\s*parent\b|\bargv\s*(?:\?\.)?\s*\[\s*1\s*\]|\bargv\s*\.\s*at\(\s*1\s*\)|\b[ie]s[_-]?(?:main|entry)/i;

/** A module that is imported for nothing but what it does. */
const MAIN = /^(?:(?:await|void)\s+)?main\s*\(/m;

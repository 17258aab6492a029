import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ownModule } from "../../util/own-files.js";
import { manifestOf, packageRootOf } from "../../util/package-json.js";
import { sha256 } from "../../util/sha256.js";
import { type FunctionForm, type ScriptForms, savedForms, savedText } from "./forms.js";
import { parserFile } from "./parser.js";

/** The forms of scripts as JSON, by the hash of their text, as earlier processes read them. */
const imported = new Map<string, string>();
/** Those that this process has asked for, its own and those of earlier ones. */
const used = new Map<string, string>();
let added = 0;

/** Takes over the forms that another process has read. Those that can't be taken over are read again. */
export function importForms(text: string): void {
  const [by, ...scripts] = text.split("\n");
  if (by !== readers()) return;
  for (let i = 0; i + 1 < scripts.length; i += 2) imported.set(scripts[i]!, scripts[i + 1]!);
}

/** The number of scripts that this process has analyzed and no earlier one had. */
export function addedCount(): number {
  return added;
}

/** @returns the forms for the next process to take over: in lines, since JSON in JSON is read twice. */
export function exportForms(): string {
  return [readers(), ...[...used].flat()].join("\n");
}

/**
 * The forms of a script, read by this process or by one before.
 *
 * @param script stands for its text and for how that is to be read; empty: it is not known.
 * @throws {SyntaxError}
 */
export function formsFor(script: string, read: () => ScriptForms): ScriptForms {
  const known = imported.get(script);
  const taken = known === undefined ? undefined : parsed(known);
  if (taken !== undefined) {
    used.set(script, known!);
    return taken;
  }
  const forms = read();
  if (script !== "") {
    added++;
    used.set(script, savedText(forms));
  }
  return forms;
}

/** The callbacks of a script have been asked for: the next process takes them over, too. */
export function addCallbacks(script: string, forms: ScriptForms, callbacks: readonly FunctionForm[]): void {
  if (script === "") return;
  added++;
  used.set(script, savedText({ ...forms, callbacks }));
}

function parsed(text: string): ScriptForms | undefined {
  try {
    return savedForms(text);
  } catch {
    // It is damaged.
    return undefined;
  }
}

/** The code that reads texts: what other code has read is not taken. */
function readers(): string {
  byReaders ??= sha256([manifestOf(packageRootOf(parserFile())).version, ...readingModules().map(textOf)].join("\n"));
  return byReaders;
}

let byReaders: string | undefined;

/** The modules that read the text of a script: `analysis.ts`, and all that it imports. */
export const READING_MODULES = [
  "analysis",
  "expression-parts",
  "form-texts",
  "form-writer",
  "form-writes",
  "forms",
  "parser",
  "scopes",
  "syntax",
];

/** As they are built, all are in one file with this one, or the name that it imports them by changes with them. */
function readingModules(): readonly string[] {
  const isBuilt = !import.meta.url.endsWith(".ts");
  return isBuilt ? [import.meta.url] : READING_MODULES.map((name) => ownModule(`cache/code/${name}`).href);
}

function textOf(url: string): string {
  return readFileSync(fileURLToPath(url), "utf8");
}

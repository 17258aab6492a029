import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { getOrCreate } from "../../util/get-or-create.js";
import { once } from "../../util/on-demand.js";
import { textOf } from "../../util/primordials.js";
import { hasText } from "./reflection.js";
import { specifiersIn } from "./script-text.js";

/** The text of a package's module, as far as that shows what is at its top. */
export interface ModuleText {
  readonly source: string;
  /** The modules that its variables are imported from. */
  readonly imports: ReadonlyMap<string, string>;
  /** The members of globalThis that it names. */
  readonly globals: readonly PropertyKey[];
  /** The files that it requires, at its top or in functions. */
  required(): readonly string[];
  /** True if a variable has the function that is written where it is declared. */
  isOwn(name: string, fn: Function): boolean;
}

const IMPORT = /^[ \t]*import\b\s*([^"';]*?)\s*\bfrom\s*["']([^"']+)["']/gm;
const NAME = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`;
/** The names after `as`, and those without one. */
const IMPORTED = new RegExp(String.raw`${NAME}(?=\s*(?:[,}]|$))`, "gu");
/** Of a bundle, what is at the top of its modules is indented. */
const DECLARED = new RegExp(
  String.raw`^[ \t]*(?:export\s+(?:default\s+)?)?(?:(?:const|let|var)\s+(${NAME})\s*=\s*|(?=(?:(?:async\s+)?function\b[\s*]*|class\s+)(${NAME})))`,
  "gmu",
);

const moduleTexts = new Map<string, ModuleText | undefined>();

export function moduleText(file: string): ModuleText | undefined {
  return getOrCreate(moduleTexts, file, () => {
    try {
      return readModule(file, readFileSync(file, "utf8"));
    } catch {
      return undefined;
    }
  });
}

function readModule(file: string, source: string): ModuleText {
  const imports = new Map<string, string>();
  for (const [, names, specifier] of source.matchAll(IMPORT))
    for (const [name] of names!.matchAll(IMPORTED)) imports.set(name, specifier!);
  const declared = new Map<string, number[]>();
  for (const { 0: whole, 1: variable, 2: own, index } of source.matchAll(DECLARED))
    getOrCreate(declared, (variable ?? own)!, (): number[] => []).push(index + whole.length);
  return {
    ...{ source, imports, globals: globalsIn(source), required: once(() => requiredIn(file, source)) },
    isOwn: (name, fn) => hasText(fn) && (declared.get(name) ?? []).some((at) => source.startsWith(textOf(fn), at)),
  };
}

/** `globalThis.name`, `globalThis["name"]`, `Symbol.for("name")` */
const GLOBAL =
  /\b(?:globalThis|global)\s*(?:\?\.|\.)\s*([\w$]+)|\b(?:globalThis|global)\s*(?:\?\.)?\[\s*["'`]([^"'`\n]+)/g;
const SYMBOL = /\bSymbol\.for\(\s*["'`]([^"'`\n]+)/g;

function globalsIn(source: string): PropertyKey[] {
  const names = Array.from(source.matchAll(GLOBAL), ([, member, text]) => member ?? text!);
  const symbols = Array.from(source.matchAll(SYMBOL), ([, name]) => Symbol.for(name!));
  return [...new Set<PropertyKey>([...names, ...symbols])];
}

function requiredIn(file: string, source: string): string[] {
  const { resolve } = createRequire(file);
  return [...new Set(specifiersIn(source))].flatMap((specifier) => {
    try {
      return [resolve(specifier)];
    } catch {
      // It is not installed, or was named in a comment.
      return [];
    }
  });
}

import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { parseScript } from "../cache/code/parser.js";
import { formatFile } from "../dsl/format-file.js";
import { isError, readProperty } from "../util/describe.js";

interface SourcePlace {
  readonly file: string;
  readonly line?: string | undefined;
  readonly problem: string;
}

/** Parsers for each compiler's syntax errors: only the file, the line and the problem are used. */
const COMPILERS: readonly ((message: string, stack: string) => SourcePlace | undefined)[] = [
  // swc: " x Expression expected\n ,-[/folder/file.ts:2:1]\n 3 | ...\n : ^\n", and a backtrace of Rust. The line above
  // the one with a mark is that of the error.
  (message) => {
    const [, problem, file] = /^\s*(?:x|×)\s+(.+?)\n(?:.*\n)*?.*(?:,-|╭─)\[(.+?):\d+:\d+\]/.exec(message) ?? [];
    if (problem === undefined || file === undefined) return undefined;
    const marked = /^\s*(\d+)\s*[|│].*\n\s*[:·].*[\^─┬]/m.exec(message);
    return { problem, file, line: marked?.[1] };
  },
  // esbuild, of tsx: "Transform failed with 1 error:\n/folder/file.ts:3:33: ERROR: Unexpected \";\"".
  (message) => {
    const [, file, line, problem] = /^Transform failed with .*\n(.+?):(\d+):\d+: ERROR: (.+)/.exec(message) ?? [];
    return problem === undefined || file === undefined ? undefined : { problem, file, line };
  },
];

/**
 * Parses the stack of an ES module that imports a missing name, and of CommonJS: it begins with
 * "file:///folder/file.mjs:3".
 */
function readWithNode(problem: string, stack: string): SourcePlace | undefined {
  const [, file, line] = /^((?:file:\/\/)?\/?.+?):(\d+)\n/.exec(stack) ?? [];
  return file === undefined ? undefined : { problem, file, line };
}

/**
 * Formats a syntax error as `syntax error in file.ts, line 3: Expression expected`; undefined for other errors.
 *
 * @param imported the imported file: the error may be in it, or in a file that it imports.
 */
export function syntaxErrorIn(cause: unknown, imported: string): string | undefined {
  if (!isError(cause)) return undefined;
  const message = stripVTControlCharacters(String(readProperty(cause, "message")));
  const stack = stripVTControlCharacters(String(readProperty(cause, "stack")));
  const isOfNode = readProperty(cause, "name") === "SyntaxError";
  const parsers = isOfNode ? [...COMPILERS, readWithNode, () => parsedIn(imported, message)] : COMPILERS;
  for (const read of parsers) {
    const place = read(message, stack);
    if (place !== undefined) {
      return `syntax error in ${formatFile(place.file)}${place.line === undefined ? "" : `, line ${place.line}`}: ${place.problem}`;
    }
  }
  return undefined;
}

/** Finds the syntax error of a JavaScript module: Node only reports the problem, not the place. */
function parsedIn(file: string, problem: string): SourcePlace | undefined {
  if (!/\.[cm]?js$/.test(file)) return undefined;
  try {
    parseScript(readFileSync(file, "utf8"), true);
    return undefined;
  } catch (error) {
    const { loc } = error as { readonly loc?: { readonly start: { readonly line: number } } };
    return loc && { problem, file, line: String(loc.start.line) };
  }
}

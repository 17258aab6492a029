import { readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { parse } from "acorn";
import { locationPath } from "../dsl/class-location.js";
import { isError, readProperty } from "../util/describe.js";

interface Place {
  readonly file: string;
  readonly line?: string | undefined;
  readonly problem: string;
}

/** How each compiler tells of a syntax error: all but the file, the line and what is wrong is left out. */
const COMPILERS: readonly ((message: string, stack: string) => Place | undefined)[] = [
  // swc: "  x Expression expected\n ,-[/folder/file.ts:2:1]\n 3 | ...\n : ^\n", and a backtrace of Rust. The line above the
  // one with a mark is that of the error.
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

/** The stack of a module that does not fit another one, and of CommonJS, begins with "file:///folder/file.mjs:3". */
function readWithNode(problem: string, stack: string): Place | undefined {
  const [, file, line] = /^((?:file:\/\/)?\/?.+?):(\d+)\n/.exec(stack) ?? [];
  return file === undefined ? undefined : { problem, file, line };
}

/**
 * A syntax error, as `syntax error in file.ts, line 3: Expression expected`; undefined: it is another error.
 *
 * @param imported the file that was imported: it or another one, which it imports, may be at fault.
 */
export function syntaxErrorIn(cause: unknown, imported: string): string | undefined {
  if (!isError(cause)) return undefined;
  const message = stripVTControlCharacters(String(readProperty(cause, "message")));
  const stack = stripVTControlCharacters(String(readProperty(cause, "stack")));
  const isOfNode = readProperty(cause, "name") === "SyntaxError";
  const readers = isOfNode ? [...COMPILERS, readWithNode, () => parsedIn(imported, message)] : COMPILERS;
  for (const read of readers) {
    const place = read(message, stack);
    if (place !== undefined) {
      return `syntax error in ${shownFile(place.file)}${place.line === undefined ? "" : `, line ${place.line}`}: ${place.problem}`;
    }
  }
  return undefined;
}

/** Where a module of JavaScript is wrong: of those, Node itself says nothing but what is wrong. */
function parsedIn(file: string, problem: string): Place | undefined {
  if (!/\.[cm]?js$/.test(file)) return undefined;
  try {
    parse(readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
    return undefined;
  } catch (error) {
    const { loc } = error as { readonly loc?: { readonly line: number } };
    return loc && { problem, file, line: String(loc.line) };
  }
}

function shownFile(file: string): string {
  const full = locationPath(file);
  const relative = path.relative(process.cwd(), full);
  return relative.startsWith("..") ? full : relative;
}

import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { formatList } from "../../util/suggest.js";

/** Matches code that asks for the place of its module. */
export const NAMES_ITS_PLACE = /\bimport\s*\.\s*meta\b|\b__dirname\b|\b__filename\b/;

const PLACE = String.raw`(?:import\.meta\.(?:url|dirname|filename)|\b__dirname\b|\b__filename\b)`;
/** A file by a text: beside the module's URL, or in its folder. */
const BY_URL = /new URL\((["'`])([^"'`$]+)\1,import\.meta\.url\)/g;
const BY_FOLDER = /\b(?:join|resolve)\((?:__dirname|import\.meta\.dirname)((?:,"[^"]*")+)\)/g;
/** Asks for the place and reads nothing there: a `require`, or a look whether the module is the program. */
const READS_NOTHING = new RegExp(
  String.raw`createRequire\(${PLACE}\)|process\.argv\[1\][!=]==?[\w.]*\(?${PLACE}\)?|[\w.]*\(?${PLACE}\)?[!=]==?process\.argv\[1\]`,
  "g",
);
const READS = /["'`](?:node:)?fs(?:\/promises)?["'`]/;

/**
 * Finds files that a module reads beside itself, and that its bundle does not have.
 *
 * @param code without comments and spaces.
 * @param file the module's path.
 * @param files what the bundle has, relative to the root.
 * @returns a warning; undefined if there is none.
 */
export function missingSiblings(
  code: string,
  file: string,
  root: string,
  files: readonly string[],
): string | undefined {
  const named = [
    ...[...code.matchAll(BY_URL)].map(([, , name]) => name!.replace(/[?#].*$/, "")),
    ...[...code.matchAll(BY_FOLDER)].map(([, names]) => path.join(...(JSON.parse(`[${names!.slice(1)}]`) as string[]))),
  ];
  const nameOf = (target: string) => path.relative(root, target).split(path.sep).join("/");
  const missing = named
    .map((name) => path.resolve(path.dirname(file), name))
    .filter((target) => existsSync(target))
    .map((target) => ({ name: nameOf(target), isFolder: statSync(target).isDirectory() }))
    .filter(({ name, isFolder }) => !files.some((each) => each === name || (isFolder && each.startsWith(`${name}/`))));
  const module = nameOf(file);
  if (missing.length > 0) {
    const patterns = missing.map(({ name, isFolder }) => (isFolder ? `${name}/**` : name));
    return `${module} reads ${formatList(missing.map(({ name }) => name))}, which its bundle does not have: ${advice(patterns)}`;
  }
  const rest = [BY_URL, BY_FOLDER, READS_NOTHING].reduce((text, form) => text.replaceAll(form, ""), code);
  const [place] = new RegExp(PLACE).exec(rest) ?? [];
  if (place === undefined || files.length > 0 || !READS.test(code)) return undefined;
  return `${module} reads files by ${place}, and its bundle has none: ${advice(["data/**"])}`;
}

function advice(patterns: readonly string[]): string {
  return `name them in modal({ files: ${JSON.stringify(patterns)} }), or pass their content as an input`;
}

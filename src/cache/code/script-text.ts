import { FOLDER, OF_OS } from "./opaque.js";
import { parseScript } from "./parser.js";

/** Files that may import others. */
export const SCRIPT = /\.[mc]?[jt]sx?$/;

const IMPORT =
  /(?:\bfrom|\bimport|\brequire(?:\.resolve)?)\s*(?:\(\s*)?(?:\/\*[^*]*\*\/\s*)?(?:(["'])([^"'\n]+)\1|`([^`$\n]+)`)/g;

/** The imports of some code, from its text. */
export function specifiersIn(source: string): string[] {
  return Array.from(source.matchAll(IMPORT), ([, , quoted, template]) => quoted ?? template!);
}

/** `require` by another name, or called in another way: `createRequire(url)`, `(0, require)("a")`. */
const OTHER_REQUIRE = /\bcreateRequire\b|(?:\b|_)require\b(?!\s*\(\s*["'`])/;
const REQUIRE = /(?:\b|_)(?:createRequire|require)\b/g;
/** From the begin of a word only: source maps have words of 100,000 letters. */
const ASSIGNED = /(?<![\w$])([\w$]+)\s*[=:]/g;
/** `load` in `createRequire as load`, `function load(name) { return require(name); }`. */
const REQUIRE_NAMES = [
  /\bcreateRequire\s*(?:as|:)\s*([\w$]+)/g,
  /\bfunction\s*([\w$]+)\s*\([^)]{0,300}\)\s*\{[^}]{0,300}?\brequire\b/g,
];
/** Code that hands on `require` may call it by any name. */
const HANDS_ON_REQUIRE = /[(,]\s*(?:_|\b)require\s*,|[\w$)]\s*\((?:[^()"'`]*,)?\s*require\s*\)/;
/** A text that is an argument, or in a list. */
const ARGUMENT = /[([,]\s*(?:(["'])([^"'\n]+)\1|`([^`$\n]+)`)/g;

/** The texts that some code may pass to `require` by another name. */
export function possibleSpecifiersIn(source: string): string[] {
  if (!OTHER_REQUIRE.test(source)) return [];
  const found = HANDS_ON_REQUIRE.test(source) ? ARGUMENT : callsOf(requireNames(source));
  return Array.from(source.matchAll(found), ([, , quoted, template]) => quoted ?? template!);
}

function requireNames(source: string): Set<string> {
  const names = new Set(["require", "createRequire"]);
  for (const { index } of source.matchAll(REQUIRE))
    for (const [, name] of assignmentTo(source, index).matchAll(ASSIGNED)) names.add(name!);
  for (const pattern of REQUIRE_NAMES) for (const [, name] of source.matchAll(pattern)) names.add(name!);
  return names;
}

/** The text that may assign what begins at an index: `load = createRequire(url)`, `load: require`. It has no `;` and no quotes behind the name. */
function assignmentTo(source: string, end: number): string {
  let start = end;
  while (start > 0 && end - start < 300 && !/[;"'`]/.test(source[start - 1]!)) start--;
  while (start > 0 && /[\s=:]/.test(source[start - 1]!)) start--;
  while (start > 0 && /[\w$]/.test(source[start - 1]!)) start--;
  return source.slice(start, end);
}

/** `load("a")`, `load?.("a")`, `(0, m.load)("a")`, `load(url)("a")`, `load.call(null, "a")`, `load(("a"))` */
function callsOf(names: ReadonlySet<string>): RegExp {
  const name = `(?<![\\w$])(?:${[...names].map((each) => each.replaceAll("$", "\\$")).join("|")})`;
  const called = `${name}\\s*(?:\\)|\\([^()]*\\))?\\s*(?:\\?\\.)?(?:\\.?(?:call|apply|bind)\\s*)?`;
  return new RegExp(`${called}\\(\\s*(?:[\\w$.]+\\s*,)?[\\s([]*(?:(["'])([^"'\\n]+)\\1|\`([^\`$\\n]+)\`)`, "g");
}

const VARIABLE =
  /\bprocess\s*\??\.\s*env\b(?:\s*\??\.\s*([\w$]+)|\s*(?:\?\.)?\[\s*(?:"([^"\n]+)"|'([^'\n]+)'|`([^`$\n]+)`)\s*\])?/g;

/** The possible name of a variable: a member, a text, or in a pattern, in capitals; or a member of what is called env. */
const WORD = /[.,{["'`]\s*([A-Z][A-Z0-9_]+)\b|\benv(?:\?\.|\.)([\w$]+)|\benv(?:\?\.)?\[["'`]([^"'`\n]+)["'`]\]/g;

/** A member of what is called env, which may come from another file: `env.SCALE`, `options.env?.["SCALE"]`. */
const OF_ENV = /\benv\s*(?:\?\.|\.)\s*([\w$]+)|\benv\s*(?:\?\.)?\[\s*["'`]([^"'`\n]+)["'`]/g;

/** `import { env as e }`, `const { SCALE } = env`, `"SCALE" in env`, `import e from "./env.js"` */
const TAKES_ENV =
  /[.{,(=[:]\s*env\b(?!\s*(?:\?\.|\.|\[|\())|\bin\s+env\b|(?:\bfrom|\bimport|\brequire)\s*(?:\(\s*)?["'`][^"'`\n]*\benv\b/;

interface EnvironmentNames {
  readonly names: ReadonlySet<string>;
  /** The variables that it may read if another file gives it the environment. */
  readonly possible: ReadonlySet<string>;
  /** True if it gives the environment another name, by which other files may read it. */
  readonly isRenamed: boolean;
  /** The text that reads variables whose names are not written in it. */
  readonly computed: string | undefined;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The variables of the environment that some code reads, and its folder. Where it gives the environment another name: all that it may read. */
export function variablesIn(source: string): EnvironmentNames {
  const names = new Set(/\btmpdir\b/.test(source) ? OF_OS : []);
  if (/\bcwd\b/.test(source)) names.add(FOLDER);
  if (!source.includes("env")) return { names, possible: NO_NAMES, isRenamed: false, computed: undefined };
  let computed: string | undefined;
  for (const [whole, ...found] of source.matchAll(VARIABLE)) {
    const name = found.find((each) => each !== undefined);
    if (name === undefined) computed ??= whole;
    else names.add(name);
  }
  for (const [, ...found] of source.matchAll(OF_ENV)) {
    const name = found.find((each) => each !== undefined)!;
    if (!(name in Object.prototype)) names.add(name);
  }
  const isRenamed =
    computed !== undefined || (/\bprocess\b/.test(source) && /(?<!\bprocess\s*\??\.\s*)\benv\b/.test(source));
  if (isRenamed) for (const name of wordsIn(source)) names.add(name);
  const possible = !isRenamed && TAKES_ENV.test(source) ? wordsIn(source) : NO_NAMES;
  return { names, possible, isRenamed, computed };
}

function wordsIn(source: string): Set<string> {
  return new Set(Array.from(source.matchAll(WORD), ([, ...found]) => found.find((each) => each !== undefined)!));
}

/** The text of a file without what does not count in it: whitespace and comments, where there is a parser for it. */
export function meaningOf(file: string, source: string): string {
  try {
    if (file.endsWith(".json")) return JSON.stringify(JSON.parse(source));
    if (!/\.[mc]?js$/.test(file)) return source;
    return JSON.stringify(
      parseScript(source, !file.endsWith(".cjs")),
      function (this: { readonly type?: string }, key, value: unknown) {
        if (key === "start" || key === "end" || (key === "raw" && this.type === "Literal")) return undefined;
        if (typeof value === "bigint") return `${value}n`;
        return value === Number.POSITIVE_INFINITY ? { infinite: true } : value;
      },
    );
  } catch {
    // Another syntax, or scripts that are no modules: as they are.
    return source;
  }
}

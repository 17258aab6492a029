/** A number of a JSON text that a JavaScript number can't hold: its digits. */
export class NumberText {
  constructor(readonly digits: string) {}

  /** Whether it is an integer, written as one. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.digits);
  }

  get problem(): string {
    return this.isInteger
      ? `${this.digits} is an integer that a number can't hold exactly`
      : `${this.digits} is larger than any number`;
  }

  toString(): string {
    return this.digits;
  }
}

/** A text that is not JSON: the place of the first error, from 1. */
export class JsonTextError extends SyntaxError {
  override readonly name = "JsonTextError";

  constructor(
    readonly line: number,
    readonly column: number,
    readonly problem: string,
    /** Whether it is JSON, with a number in it that a JavaScript number can't hold. */
    readonly isNumber = false,
  ) {
    super(`line ${line}, column ${column}: ${problem}`);
  }
}

/** What may hold a number that a JavaScript number can't: many digits, or a large exponent. */
const SUSPICIOUS = /\d{16}|[eE]\+?\d{3}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const MARK = `number ${Math.random()} `;

/**
 * The value of a JSON text. An integer that a JavaScript number can't hold exactly, and a number that is too large for one,
 * becomes a `NumberText` instead of a wrong number.
 *
 * @param refuse such a number is an error, too.
 * @throws {JsonTextError} with the place of the first error.
 */
export function parseJson(text: string, { refuse = false } = {}): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw jsonErrorIn(text) ?? error;
  }
  if (!SUSPICIOUS.test(text)) return value;
  const marked = markNumbers(text, refuse);
  return marked === text ? value : JSON.parse(marked, unmarked);
}

/** Puts a string in the place of each number of a JSON text that a JavaScript number can't hold. */
function markNumbers(text: string, refuse: boolean): string {
  const parts: string[] = [];
  let from = 0;
  const next = /["\d-]/g;
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    if (found[0] === '"') {
      next.lastIndex = endOfQuoted(text, found.index);
      continue;
    }
    const token = match(NUMBER, text, found.index);
    next.lastIndex = found.index + token.length;
    if (isHeld(token)) continue;
    if (refuse) throw errorAt(text, found.index, new NumberText(token).problem, true);
    parts.push(text.slice(from, found.index), `"${MARK}${token}"`);
    from = next.lastIndex;
  }
  return parts.join("") + text.slice(from);
}

/** The end of a string that a valid JSON text has at some place. */
function endOfQuoted(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

/** Whether a number is held as it is written: decimals are rounded, as everywhere; integers are not. */
function isHeld(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return false;
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(token) || BigInt(number) === BigInt(token);
}

function unmarked(_: string, value: unknown): unknown {
  return typeof value === "string" && value.startsWith(MARK) ? new NumberText(value.slice(MARK.length)) : value;
}

/** The first `NumberText` in a value, and the way to it: `[3].id`. */
export function findNumberText(value: unknown): { readonly path: string; readonly number: NumberText } | undefined {
  const waiting: [path: string, value: unknown][] = [["", value]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, at] = next;
    if (at instanceof NumberText) return { path, number: at };
    if (typeof at !== "object" || at === null) continue;
    const inner = Array.isArray(at)
      ? at.map((each, i) => [`${path}[${i}]`, each] as [string, unknown])
      : Object.entries(at).map(([key, each]) => [`${path}.${key}`, each] as [string, unknown]);
    // The first one is taken first.
    for (const each of inner.reverse()) if (typeof each[1] === "object") waiting.push(each);
  }
  return undefined;
}

type Expected = "value" | "value or ]" | "name" | "name or }" | ":" | ", or ]" | ", or }" | "end";

const WORDS: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  name: "a name in double quotes",
  "name or }": 'a name in double quotes, or "}"',
  ":": '":"',
  ", or ]": '"," or "]"',
  ", or }": '"," or "}"',
  end: "the end",
};
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\w.+-]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** The first error of a text that is not JSON; undefined if it is. */
function jsonErrorIn(text: string): JsonTextError | undefined {
  const open: ("[" | "{")[] = [];
  let expected: Expected = "value";
  const afterValue = (): Expected => (open.length === 0 ? "end" : open.at(-1) === "[" ? ", or ]" : ", or }");
  let at = 0;
  const wrong = (problem: string, where = at) => errorAt(text, where, problem);
  for (;;) {
    while (at < text.length && " \t\n\r".includes(text[at]!)) at++;
    const next = text[at];
    if (next === undefined) {
      if (expected === "end") return undefined;
      return wrong(text.trim() === "" ? "it is empty" : `it ends where ${WORDS[expected]} is expected`);
    }
    const isValue: boolean = expected.startsWith("value");
    const isName: boolean = expected.startsWith("name");
    const closes = open.at(-1) === "[" ? "]" : "}";
    if (next === closes && expected.endsWith(closes)) {
      open.pop();
      at++;
      expected = afterValue();
    } else if (next === "," && expected.startsWith(",")) {
      at++;
      expected = open.at(-1) === "[" ? "value" : "name";
    } else if (next === ":" && expected === ":") {
      at++;
      expected = "value";
    } else if (next === '"' && (isValue || isName)) {
      const string = endOfString(text, at);
      if ("problem" in string) return wrong(string.problem, string.at);
      at = string.end;
      expected = isName ? ":" : afterValue();
    } else if (isValue && (next === "[" || next === "{")) {
      open.push(next);
      at++;
      expected = next === "[" ? "value or ]" : "name or }";
    } else {
      const word = match(WORD, text, at);
      const literal = isValue ? match(LITERAL, text, at) : "";
      if (literal === "" || literal !== word)
        return wrong(`${WORDS[expected]} is expected, not ${shown(text, at, word)}`);
      at += literal.length;
      expected = afterValue();
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function shown(text: string, at: number, word: string): string {
  if (word === "") return JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
  return JSON.stringify(word.length > 20 ? `${word.slice(0, 20)}…` : word);
}

function endOfString(
  text: string,
  from: number,
): { readonly end: number } | { readonly problem: string; readonly at: number } {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return { end: at + 1 };
    if (code < 32)
      return { at, problem: `a string holds the control character ${JSON.stringify(text[at])}: escape it` };
    if (code === 92) {
      const sequence = match(ESCAPE, text, at);
      if (sequence === "") return { at, problem: `${JSON.stringify(text.slice(at, at + 2))} is no escape of JSON` };
      at += sequence.length - 1;
    }
  }
  return { at: from, problem: "a string has no closing quote" };
}

function errorAt(text: string, at: number, problem: string, isNumber = false): JsonTextError {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  return new JsonTextError(line, at - start + 1, problem, isNumber);
}

/**
 * Maximum number of digits of an integer made from a number with an exponent, so that `1e9999999999` does not exhaust
 * memory.
 */
const MAX_DIGITS = 10_000;

/** The text of a JSON number that a JavaScript number can't represent as written. */
export class NumberText {
  constructor(readonly text: string) {}

  /** The integer it represents, in any notation: `9e21`, `12.0`. Undefined if it is not an integer. */
  get integer(): bigint | undefined {
    const { sign, digits, exponent } = decimalOf(this.text);
    if (exponent < 0 || digits.length + exponent > Math.max(MAX_DIGITS, this.text.length)) return undefined;
    return BigInt(`${sign}${digits}${"0".repeat(exponent)}`);
  }

  /** The nearest number: a fraction is rounded. Undefined if a number would be a different integer. */
  get number(): number | undefined {
    return isHeld(this.text) ? Number(this.text) : undefined;
  }

  get problem(): string {
    return this.isTooLarge
      ? `${this.text} is larger than any number`
      : `${this.text} is an integer that a number can't represent exactly`;
  }

  /** True if it is larger than any number, and not an integer with all its digits. */
  get isTooLarge(): boolean {
    return !PLAIN.test(this.text) && !Number.isFinite(Number(this.text));
  }

  toString(): string {
    return this.text;
  }

  /** The output of `inspect` inside a value. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.text;
  }
}

/** A text that is not JSON, and the position of the first error, from 1. */
export class JsonTextError extends SyntaxError {
  override readonly name = "JsonTextError";

  constructor(
    readonly line: number,
    readonly column: number,
    readonly problem: string,
    /** True if it is valid JSON with a number that a JavaScript number can't represent. */
    readonly isNumber = false,
  ) {
    super(`line ${line}, column ${column}: ${problem}`);
  }
}

/**
 * A text that may contain a number that a JavaScript number can't represent as written: many digits, or an exponent.
 */
const SUSPICIOUS = /\d[\d.]{15}|\de/i;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /^-?\d+$/;
const MARK = `number ${Math.random()} `;

/**
 * Parses a JSON text. A number that a JavaScript number can't represent as written becomes a `NumberText` instead of a
 * wrong number: `withNumbers` converts those that have a nearest number.
 *
 * @param refuse throws for an integer that a number can't represent, and for a number that is too large, instead of
 * creating a `NumberText`.
 * @throws {JsonTextError} with the position of the first error.
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

/** Replaces each number of a JSON text that a JavaScript number can't represent as written by a string. */
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
    if (refuse ? isHeld(token) : isExact(token)) continue;
    if (refuse) throw errorAt(text, found.index, new NumberText(token).problem, true);
    parts.push(text.slice(from, found.index), `"${MARK}${token}"`);
    from = next.lastIndex;
  }
  return parts.join("") + text.slice(from);
}

/** Returns the end of the string that a valid JSON text has at a position. */
function endOfQuoted(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

/** A JSON number as `digits * 10 ** exponent`, without zeros at the ends of its digits; 0 has the digits "0". */
interface Decimal {
  readonly sign: string;
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(token: string): Decimal {
  const [, sign = "", digits = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(token) ?? [];
  const all = `${digits}${fraction}`.replace(/^0+/, "");
  const short = all.replace(/0+$/, "");
  if (short === "") return { sign, digits: "0", exponent: 0 };
  return { sign, digits: short, exponent: Number(exponent) - fraction.length + all.length - short.length };
}

/** Tells if a number is represented exactly, except for fractions: those are rounded, and never become an integer. */
function isExact(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return false;
  if (!Number.isInteger(number) || (PLAIN.test(token) && Number.isSafeInteger(number))) return true;
  const { sign, digits, exponent } = decimalOf(token);
  return exponent >= 0 && BigInt(number) === BigInt(`${sign}${digits}${"0".repeat(exponent)}`);
}

/**
 * Tells if a number can represent the written one. An integer is represented exactly; otherwise it is written with a
 * point or an exponent, and the number has the same digits: `6.02214076e23`.
 */
function isHeld(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return false;
  if (isExact(token)) return true;
  if (PLAIN.test(token)) return false;
  const written = decimalOf(token);
  const held = decimalOf(String(number));
  return written.exponent < 0 || (written.digits === held.digits && written.exponent === held.exponent);
}

function unmarked(_: string, value: unknown): unknown {
  return typeof value === "string" && value.startsWith(MARK) ? new NumberText(value.slice(MARK.length)) : value;
}

/**
 * Replaces the `NumberText`s in a value from `parseJson` by their nearest numbers.
 *
 * @returns also the first one that has no nearest number, and the path to it: `[3].id`.
 */
export function withNumbers(value: unknown): {
  readonly value: unknown;
  readonly inexact?: { readonly path: string; readonly number: NumberText };
} {
  const root = { value };
  const waiting: [path: string, holder: object, key: string | number][] = [["", root, "value"]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, holder, key] = next;
    const at = (holder as Record<string | number, unknown>)[key];
    if (at instanceof NumberText) {
      const { number } = at;
      if (number === undefined) return { value: root.value, inexact: { path, number: at } };
      (holder as Record<string | number, unknown>)[key] = number;
      continue;
    }
    if (typeof at !== "object" || at === null) continue;
    // The stack is reversed, so that the first element is taken next.
    const keys = Array.isArray(at) ? [...at.keys()].reverse() : Object.keys(at).reverse();
    for (const inner of keys) {
      const isInner = typeof (at as Record<string | number, unknown>)[inner] === "object";
      if (isInner) waiting.push([`${path}${typeof inner === "number" ? `[${inner}]` : `.${inner}`}`, at, inner]);
    }
  }
  return { value: root.value };
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

/** Returns the first error of a text that is not JSON; undefined if it is valid. */
function jsonErrorIn(text: string): JsonTextError | undefined {
  const open: ("[" | "{")[] = [];
  let expected: Expected = "value";
  const afterValue = (): Expected => (open.length === 0 ? "end" : open.at(-1) === "[" ? ", or ]" : ", or }");
  let at = 0;
  const jsonError = (problem: string, where = at) => errorAt(text, where, problem);
  for (;;) {
    while (at < text.length && " \t\n\r".includes(text[at]!)) at++;
    const next = text[at];
    if (next === undefined) {
      if (expected === "end") return undefined;
      return jsonError(text.trim() === "" ? "it is empty" : `it ends where ${WORDS[expected]} is expected`);
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
      if ("problem" in string) return jsonError(string.problem, string.at);
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
        return jsonError(`${WORDS[expected]} is expected, not ${formatToken(text, at, word)}`);
      at += literal.length;
      expected = afterValue();
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function formatToken(text: string, at: number, word: string): string {
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
      if (sequence === "")
        return { at, problem: `${JSON.stringify(text.slice(at, at + 2))} is not a valid JSON escape` };
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

import { inspect, types } from "node:util";
import { isFileCode } from "./file-problem.js";

/** Maximum length of a printed value in characters, and maximum number of printed elements of a list. */
const MAX_VALUE = 200;
const MAX_ELEMENTS = 4;
/** Maximum length of an error's message in characters. */
const MAX_MESSAGE = 2_000;
/** Maximum number of described causes, and of described errors of an AggregateError. */
const MAX_CAUSES = 8;
const MAX_ERRORS = 3;
/** Maximum nesting of described AggregateErrors. */
const MAX_DEPTH = 2;

/** Tells if a value is an error. A proxy whose traps throw is not. */
export function isError(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** Reads a property of an error; undefined if reading it throws. */
export function readProperty(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Describes a value on one line, however large it is, and whatever its own code does when it is printed. */
export function describeValue(value: unknown): string {
  let text: string;
  try {
    text = inspect(withoutStacks(value), {
      depth: 1,
      maxArrayLength: MAX_ELEMENTS,
      maxStringLength: 80,
      breakLength: Number.POSITIVE_INFINITY,
    });
  } catch {
    text = `a value of type ${typeof value} that can't be printed`;
  }
  text = text.replaceAll(/\s*\n\s*/g, " ");
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
}

/** An error inside a value is described by its message, because the paths in stacks differ from host to host. */
function withoutStacks(value: unknown): unknown {
  const shown = (inner: unknown) => (isError(inner) ? { [inspect.custom]: () => describeError(inner) } : inner);
  if (!Array.isArray(value)) return shown(value);
  const first = value.slice(0, MAX_ELEMENTS);
  if (!first.some(isError)) return value;
  return [...first.map(shown), ...value.slice(MAX_ELEMENTS)];
}

/**
 * Describes an error, or any other thrown value, in a few words: `RangeError: not counted`. Never throws, even if
 * reading the error throws.
 */
export function describeError(error: unknown): string {
  return describeWithin(error, []);
}

function describeWithin(error: unknown, ancestors: readonly unknown[]): string {
  if (!isError(error)) return `a thrown ${describeValue(error).replace(/^a (?=value of type )/, "")}`;
  const name = textOf(readProperty(error, "name")) || "Error";
  const message = messageOf(error);
  const code = readProperty(error, "code");
  const head = message === "" && typeof code === "string" && code !== "" ? `${name} [${code}]` : name;
  const text = message === "" ? head : `${head}: ${message}`;
  const inside = [...ancestors, error];
  const errors =
    ancestors.length < MAX_DEPTH ? [...new Set(errorsOf(error))].filter((inner) => !inside.includes(inner)) : [];
  if (errors.length === 0) return text;
  const shared = new Set<string>();
  const listed = errors.slice(0, MAX_ERRORS).map((inner) => {
    const words = describeWithin(inner, inside);
    const causes = describeCauses(inner, words, [...inside, inner]).filter((cause) => !shared.has(cause));
    for (const cause of causes) shared.add(cause);
    return [words, ...causes].join(", caused by ");
  });
  if (errors.length > MAX_ERRORS) listed.push(`${errors.length - MAX_ERRORS} more`);
  return `${text} (${listed.join("; ")})`;
}

/** Returns the message of an error, shortened if necessary. Never throws. */
export function messageOf(error: Error): string {
  let message: string;
  try {
    message = textOf(error.message);
  } catch {
    return "its message can't be read";
  }
  if (message.length <= MAX_MESSAGE) return message;
  return `${message.slice(0, MAX_MESSAGE)}... ${message.length - MAX_MESSAGE} more characters`;
}

/** Returns the errors of an AggregateError. */
export function errorsOf(error: Error): readonly unknown[] {
  const errors = readProperty(error, "errors");
  try {
    const isAggregate = error instanceof AggregateError || error.name === "AggregateError";
    return isAggregate && Array.isArray(errors) ? [...errors] : [];
  } catch {
    return [];
  }
}

/**
 * Describes the causes of an error in a few words each, the nearest first: each once, without those already described.
 *
 * @param described the description of the error itself.
 * @param ancestors the errors that it is in, whose errors and causes are already described.
 */
export function describeCauses(error: unknown, described: string, ancestors: readonly unknown[] = []): string[] {
  const causes: string[] = [];
  const seen = new Set<unknown>([error, ...ancestors]);
  for (let cause = causeOf(error); cause !== undefined && !seen.has(cause); cause = causeOf(cause)) {
    seen.add(cause);
    if (seen.size - ancestors.length > MAX_CAUSES) break;
    const text = isError(cause) ? describeWithin(cause, ancestors) : describeValue(cause);
    const message = isError(cause) ? messageOf(cause) : "";
    const code = isError(cause) ? readProperty(cause, "code") : undefined;
    const isDescribed = (by: string) =>
      by.includes(text) ||
      (message !== "" && by.includes(`: ${message}`)) ||
      (isFileCode(code) && by.includes(`${code}: `));
    if (![described, ...causes].some(isDescribed)) causes.push(text);
  }
  return causes;
}

/** Describes an error and its causes on one line: `TypeError: fetch failed, caused by Error: connect ECONNREFUSED`. */
export function describeChain(error: unknown): string {
  const text = describeError(error);
  return [text, ...describeCauses(error, text)].join(", caused by ");
}

/** Returns the cause of an error, if it has one. */
export function causeOf(error: unknown): unknown {
  return isError(error) ? (readProperty(error, "cause") ?? undefined) : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return value === undefined || value === null ? "" : String(value);
  } catch {
    return "";
  }
}

import { inspect } from "node:util";
import { causeOf, describeError, errorsOf, isError, readProperty } from "./describe.js";

/** Maximum number of printed errors of a chain. */
const MAX_PRINTED = 20;
/** Maximum length of a stack in characters; it begins with the message. */
const MAX_STACK = 10_000;

/** Formats an error with its stack, the stacks of its causes, and of the errors of an AggregateError: each once. */
export function formatErrorChain(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  const add = (found: unknown, label: string, indent: string): void => {
    if (seen.has(found)) return;
    if (seen.size >= MAX_PRINTED) {
      if (seen.size === MAX_PRINTED) lines.push(`${indent}... more causes`);
      seen.add(found);
      return;
    }
    seen.add(found);
    lines.push(`${indent}${label}${stackOf(found)}`);
    if (!isError(found)) return;
    for (const inner of errorsOf(found)) add(inner, "of several errors: ", `${indent}  `);
    const cause = causeOf(found);
    if (cause !== undefined) add(cause, "caused by: ", `${indent}  `);
  };
  add(error, "", "");
  return lines.join("\n");
}

/** Tells if Node can print an error and its causes: it reads all their properties. */
export function isPrintable(error: unknown): boolean {
  try {
    inspect(error, { customInspect: false });
    const cause = causeOf(error);
    if (cause !== undefined) inspect(cause);
  } catch {
    return false;
  }
  return true;
}

function stackOf(error: unknown): string {
  if (!isError(error)) return describeError(error);
  const stack = readProperty(error, "stack");
  if (typeof stack !== "string" || stack === "") return describeError(error);
  if (stack.length <= MAX_STACK) return stack;
  const frames = stack
    .slice(-MAX_STACK)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return [describeError(error), ...frames].join("\n");
}

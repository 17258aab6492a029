import { causeOf, describeError, errorsOf, isError, readProperty } from "./describe.js";

/** How many errors of a chain are printed. */
const MAX_PRINTED = 20;

/** An error with its stack, those of its causes, and those of the errors that an AggregateError is made of: each once. */
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
    lines.push(indented(`${label}${stackOf(found)}`, indent));
    if (!isError(found)) return;
    for (const inner of errorsOf(found)) add(inner, "of several errors: ", `${indent}  `);
    const cause = causeOf(found);
    if (cause !== undefined) add(cause, "caused by: ", `${indent}  `);
  };
  add(error, "", "");
  return lines.join("\n");
}

/** Whether Node can print an error and its causes: it reads their names, messages and stacks. */
export function isPrintable(error: unknown): boolean {
  const seen = new Set<unknown>();
  for (let next = error; isError(next) && !seen.has(next); next = causeOf(next)) {
    seen.add(next);
    try {
      const { name, message, stack } = next as { name: unknown; message: unknown; stack: unknown };
      if (![name, message, stack].every((text) => text === undefined || typeof text === "string")) return false;
    } catch {
      return false;
    }
  }
  return true;
}

function stackOf(error: unknown): string {
  if (!isError(error)) return describeError(error);
  const stack = readProperty(error, "stack");
  return typeof stack === "string" && stack !== "" ? stack : describeError(error);
}

function indented(text: string, indent: string): string {
  return indent === "" ? text : text.replaceAll(/^/gm, indent);
}

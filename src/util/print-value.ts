import { inspect } from "node:util";

const MAX_LENGTH = 120;

/** A value on one short line, for messages. It never throws. */
export function printValue(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, {
      depth: 1,
      maxArrayLength: 4,
      maxStringLength: 80,
      breakLength: Number.POSITIVE_INFINITY,
    }).replaceAll(/\s*\n\s*/g, " ");
  } catch {
    text = `a value of type ${typeof value} that can't be printed`;
  }
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
}

/** `RangeError: not counted`, or what was thrown instead of an error. It never throws. */
export function printError(error: unknown): string {
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  } catch {
    // Its name or its message can't be read: it is printed as what it is.
  }
  return `a thrown ${printValue(error)}`;
}

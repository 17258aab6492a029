import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { isError, messageOf } from "../util/describe.js";
import { usage } from "./failure.js";

/** Writes to a file, or to standard output. */
export function write(text: string, file: string | undefined): void {
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  if (file === undefined) {
    process.stdout.write(whole);
    return;
  }
  try {
    writeFileSync(file, whole);
  } catch (error) {
    throw usage(`--output ${file}`, `it can't be written: ${(error as Error).message}`, "Is the path right?", error);
  }
}

/** Outputs for a program: one line of JSON. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, replaced) ?? "null";
}

function replaced(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return [...value];
  if (value instanceof Set || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    return [...(value as Iterable<unknown>)];
  }
  if (isError(value)) return { error: messageOf(value) };
  return value;
}

/** Outputs for a person. */
export function asText(value: unknown): string {
  const colors = process.stdout.isTTY === true && !process.env.NO_COLOR;
  return inspect(value, { colors, depth: 6, maxArrayLength: 100, maxStringLength: 2_000, breakLength: 100 });
}

import { hrtime } from "node:process";
import { types } from "node:util";
import { timeOf } from "../../util/primordials.js";
import { STARTED } from "./source-files.js";

// What packages note of the process that they run in: it is no setting, and another one in each process.

/** True for a time at which this process ran, in milliseconds or nanoseconds since the Unix epoch, or by `process.hrtime.bigint()`. */
export function isSinceStart(value: unknown): boolean {
  if (types.isDate(value)) return isSinceStart(timeOf(value));
  if (typeof value === "bigint") {
    const ago = Number(hrtime.bigint() - value) / 1e9;
    return (ago >= 0 && ago <= process.uptime()) || isSinceStart(Number(value / 1_000_000n));
  }
  return typeof value === "number" && value >= Math.floor(STARTED) && value <= Date.now();
}

/**
 * True for a time, the id of this process, or a random number.
 *
 * @param name the variable or member that has the value.
 * @param source the text of the code that sets it.
 */
export function isOfProcess(name: PropertyKey, value: unknown, source: string): boolean {
  if (isSinceStart(value) || (name === "pid" && value === process.pid)) return true;
  // A number that a program has chosen is short.
  const isLong = typeof value === "number" && value > 0 && value < 1 && String(value).length > 14;
  return isLong && new RegExp(String.raw`(?<![\w$])${literal(String(name))}\s*[=:]\s*Math\.random\(\)`).test(source);
}

/** The text that loggers keep for all their lines has the id of this process: pino's. */
export function withoutId(value: unknown): unknown {
  return typeof value === "string" ? value.replace(`"pid":${process.pid},`, '"pid":of this process,') : value;
}

/**
 * The variables in which a function notes when it is called, and how often since then: lodash.
 *
 * @param text the function's own text.
 */
export function notesOfCalls(
  text: string,
  variables: readonly (readonly [name: string, value: unknown])[],
): ReadonlySet<string> {
  const times = variables.filter(([name, value]) => isSinceStart(value) && isAssigned(name, text));
  const counts = times.length === 0 ? [] : variables.filter(([name]) => isCounter(name, text));
  return new Set([...times, ...counts].map(([name]) => name));
}

/** True if some code assigns a variable. */
export function isAssigned(name: string, text: string): boolean {
  return new RegExp(String.raw`(?<![\w$.])${literal(name)}\s*=(?![=>])`).test(text);
}

function isCounter(name: string, text: string): boolean {
  return new RegExp(String.raw`\+\+${literal(name)}(?![\w$])|(?<![\w$.])${literal(name)}\+\+`).test(text);
}

function literal(name: string): string {
  return name.replaceAll("$", "\\$");
}

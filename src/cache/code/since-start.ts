import { STARTED } from "./source-files.js";

/** True for a time at which this process ran, in milliseconds since the Unix epoch. */
export function isSinceStart(value: unknown): boolean {
  return typeof value === "number" && value >= Math.floor(STARTED) && value <= Date.now();
}

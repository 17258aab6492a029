import type { MapOptions } from "./options.js";

/** Takes a decorator's arguments apart: names, then perhaps an options object. */
export function split(given: readonly unknown[]): { dependencies: string[]; options: MapOptions } {
  const last = given.at(-1);
  return typeof last === "object" && last !== null && !Array.isArray(last)
    ? { dependencies: given.slice(0, -1) as string[], options: last }
    : { dependencies: given.slice() as string[], options: {} };
}

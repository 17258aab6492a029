import { type Class, type ModelOptions, recordModel } from "./metadata.js";

/**
 * A class whose instances travel between threads and containers and are remembered: known by name, compared by content.
 *
 * @example
 * ```ts
 * @model({ key: ["name", "temperature"] }) class Settings { ... }
 * ```
 */
export function model(options: ModelOptions = {}) {
  return (target: Class): void => recordModel(target, options);
}

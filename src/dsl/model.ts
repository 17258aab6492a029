import { checkOptions, isTexts, type RulesOf, that, withoutUndefined } from "../util/options.js";
import { type Class, type ModelOptions, recordModel } from "./metadata.js";

const MODEL_RULES: RulesOf<ModelOptions> = {
  name: that("a name", (value) => typeof value === "string" && value !== ""),
  key: that("a list of names of fields", isTexts),
};

/**
 * A class whose instances travel between threads and containers and are remembered: known by name, compared by content.
 *
 * @example
 * ```ts
 * @model({ key: ["name", "temperature"] }) class Settings { ... }
 * ```
 */
export function model(options: ModelOptions = {}) {
  return (target: Class): void => {
    checkOptions(`@model on ${target.name}`, options, MODEL_RULES);
    recordModel(target, withoutUndefined(options));
  };
}

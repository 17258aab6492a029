import { checkNoMore, checkOptions, isTexts, type RulesOf, that, withoutUndefined } from "../util/options.js";
import type { Class } from "./class.js";
import { assertCalled, type BareClass, classTarget, type Mistake } from "./decorator-target.js";
import { type ModelOptions, recordModel } from "./metadata.js";

const MODEL_RULES: RulesOf<ModelOptions> = {
  name: that("a name", (value) => typeof value === "string" && value !== ""),
  key: that("a list of names of fields, at least one", (value) => isTexts(value) && value.length > 0),
};

/**
 * Registers a class so that its instances can be serialized (to threads, containers and caches) and compared by
 * content.
 *
 * @param options see {@link ModelOptions}.
 * @returns a class decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on a class.
 *
 * @example
 * ```ts
 * @model({ key: ["name", "temperature"] }) class Settings { ... }
 * ```
 */
export function model<A extends unknown[] = never>(
  options?: ModelOptions | BareClass<A>,
): [A] extends [never] ? (target: Class) => void : Mistake<"write @model(), with parentheses">;
export function model(...given: unknown[]): unknown {
  assertCalled("@model", given, "@model()");
  checkNoMore("@model({ name, key })", given.slice(1));
  const [options = {}] = given as [ModelOptions?];
  return (...[target, second, third]: unknown[]): void => {
    // It has no wiring to check, so it may be a standard decorator.
    const isStandard = (second as { readonly kind?: unknown } | undefined)?.kind === "class";
    const type = classTarget("@model", isStandard ? [target] : [target, second, third]);
    checkOptions(`@model on ${type.name}`, options, MODEL_RULES);
    recordModel(type, withoutUndefined(options));
  };
}

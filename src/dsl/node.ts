import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { Dependencies } from "./dependency-types.js";
import { recordMember } from "./metadata.js";
import type { MethodAt, MethodKey, PlainMethod } from "./method-types.js";

/**
 * Declares a method whose result is computed once per run.
 *
 * @param dependencies the members that the parameters receive, in order: inputs, nodes, resources, nested pipelines, or
 * paths into their values (`"split.train"`); then an optional {@link NodeOptions}.
 * @returns a method decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance method.
 *
 * @example
 * ```ts
 * @node("encoded", { retries: 2 })
 * index(encoded: EncodedPassage[]): VectorIndex { return new VectorIndex(encoded); }
 * ```
 */
export function node<T, K extends string, P extends unknown[], R, const D extends readonly (string | object)[]>(
  ...dependencies: Dependencies<T, K, P, D, "@node">
): (target: T, key: MethodKey<T, K>, ...method: MethodAt<T, PlainMethod<P, R, D, "@node">>) => void;
export function node(...given: unknown[]) {
  assertCalled("@node", given, '@node("texts")');
  const parsed = splitOptions(given);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "node", ...parsed }, third);
}

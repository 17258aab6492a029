import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { Dependencies } from "./dependency-types.js";
import { recordMember } from "./metadata.js";
import type { MethodAt, MethodKey, OutputMethod } from "./method-types.js";

/**
 * Declares a node whose value `run` returns. The method returns `Output<T>`. A class without `@output` returns every
 * node.
 *
 * @param dependencies the members that the parameters receive, as in {@link node}; then an optional {@link
 * NodeOptions}.
 * @returns a method decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance method.
 *
 * @example
 * ```ts
 * @output("hits") best(hits: Hit[][]): Output<Hit[]> { return hits.map(([first]) => first!); }
 * ```
 */
export function output<T, K extends string, P extends unknown[], R, const D extends readonly (string | object)[]>(
  ...dependencies: Dependencies<T, K, P, D, "@output">
): (target: T, key: MethodKey<T, K>, ...method: MethodAt<T, OutputMethod<P, R, D>>) => void;
export function output(...given: unknown[]) {
  assertCalled("@output", given, '@output("hits")');
  const parsed = splitOptions(given);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "output", ...parsed }, third);
}

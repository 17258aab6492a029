import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { Dependencies } from "./dependency-types.js";
import { recordMember } from "./metadata.js";
import type { MethodAt, MethodKey, PlainMethod } from "./method-types.js";

/**
 * Declares a resource: something nodes use that is not itself a value, such as a model or a connection. It is built
 * when first needed and at most once per owner (a run, an open pipeline, a thread or a container); it is never
 * serialized and never cached. When its owner ends, it is disposed of through `Symbol.asyncDispose` or
 * `Symbol.dispose`.
 *
 * @param dependencies the members that the parameters receive: inputs and other resources.
 * @returns a method decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance method.
 *
 * @example
 * ```ts
 * @resource() encoder(): Encoder { return new Encoder(); }
 * ```
 */
export function resource<T, K extends string, P extends unknown[], R, const D extends readonly (string | object)[]>(
  ...dependencies: Dependencies<T, K, P, D, "@resource">
): (target: T, key: MethodKey<T, K>, ...method: MethodAt<T, PlainMethod<P, R, D, "@resource">>) => void;
export function resource(...given: unknown[]) {
  assertCalled("@resource", given, "@resource()");
  const parsed = splitOptions(given);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "resource", ...parsed }, third);
}

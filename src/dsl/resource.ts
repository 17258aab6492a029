import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { Dependencies } from "./dependency-types.js";
import { recordMember } from "./metadata.js";
import type { MethodAt, MethodKey, PlainMethod } from "./method-types.js";

/**
 * A method that builds what nodes use but what is no value: a model, a connection. Built at most once per owner (a
 * run, an open pipeline, a thread, a container), where it is first needed; never serialised, never cached; disposed
 * of through `Symbol.asyncDispose` or `Symbol.dispose` when its owner ends.
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
  const said = splitOptions(given);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "resource", ...said }, third);
}

import { split } from "./arguments.js";
import type { Method } from "./brands.js";
import { recordMember } from "./metadata.js";
import type { Dependable, Dependencies, NodeMethod } from "./wiring.js";

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
export function resource<T, M extends Method, const D extends readonly Dependable<T>[]>(
  ...dependencies: Dependencies<T, M, D>
): (target: T, key: string, method: NodeMethod<M, D, "@resource">) => void;
export function resource(...given: unknown[]) {
  const said = split(given);
  return (target: object, key: unknown): void => recordMember(target, key, { role: "resource", ...said });
}

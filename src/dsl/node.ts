import { split } from "./arguments.js";
import type { Method } from "./brands.js";
import { recordMember } from "./metadata.js";
import type { Dependable, Dependencies, NodeMethod } from "./wiring.js";

/**
 * A method that is computed once, from the members it names: inputs, nodes, resources, nested pipelines, or paths
 * into what they give (`"split.train"`), in the order of its parameters. A last object gives {@link NodeOptions}.
 *
 * @example
 * ```ts
 * @node("encoded", { retries: 2 })
 * index(encoded: EncodedPassage[]): VectorIndex { return new VectorIndex(encoded); }
 * ```
 */
export function node<T, M extends Method, const D extends readonly Dependable<T>[]>(
  ...dependencies: Dependencies<T, M, D>
): (target: T, key: string, method: NodeMethod<M, D, "@node">) => void;
export function node(...given: unknown[]) {
  const said = split(given);
  return (target: object, key: unknown): void => recordMember(target, key, { role: "node", ...said });
}

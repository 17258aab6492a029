import { split } from "./arguments.js";
import type { Method } from "./brands.js";
import { recordMember } from "./metadata.js";
import type { Dependable, Dependencies, OutputMethod } from "./wiring.js";

/**
 * A node whose value `run` returns. It takes what `@node` takes; the method returns `Output<T>`. A class with no
 * `@output` returns every node.
 */
export function output<T, M extends Method, const D extends readonly Dependable<T>[]>(
  ...dependencies: Dependencies<T, M, D>
): (target: T, key: string, method: OutputMethod<M, D>) => void;
export function output(...given: unknown[]) {
  const said = split(given);
  return (target: object, key: unknown): void => recordMember(target, key, { role: "output", ...said });
}

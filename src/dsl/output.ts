import { split } from "./arguments.js";
import { recordMember } from "./metadata.js";
import type { OutputMethod } from "./methods.js";
import type { Dependencies } from "./wiring.js";

/**
 * A node whose value `run` returns. It takes what `@node` takes; the method returns `Output<T>`. A class with no
 * `@output` returns every node.
 */
export function output<T, P extends unknown[], R, const D extends readonly (string | object)[]>(
  ...dependencies: Dependencies<T, P, D>
): (target: T, key: string, method: OutputMethod<P, R, D>) => void;
export function output(...given: unknown[]) {
  const said = split(given);
  return (target: object, key: unknown): void => recordMember(target, key, { role: "output", ...said });
}

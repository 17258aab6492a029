import { checkNoMore, readAllOptions } from "../util/options.js";
import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import type { ExecutionOptions } from "./pipeline-options.js";

/**
 * Sets how the pipeline runs its nodes and the elements of its mapped nodes. A nested pipeline inherits the options of
 * its parent unless it has its own.
 *
 * @param options execution modes and limits: {@link ExecutionOptions}.
 * @returns a class decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on a class.
 * @default `{ nodes: "async", maps: "async", maxWorkers: 16 }`
 *
 * @example
 * ```ts
 * @execution({ maps: "threaded", maxWorkers: 8 })
 * class Retrieval extends Pipeline { ... }
 * ```
 */
export function execution<A extends unknown[] = never>(
  options: ExecutionOptions | BareClass<A>,
): ClassDecoratorOf<A, "write @execution({ ... }), with parentheses">;
export function execution(...given: unknown[]): unknown {
  assertCalled("@execution", given, "@execution({ ... })");
  checkNoMore("@execution({ ... })", given.slice(1));
  const options = readAllOptions("@execution({ ... })", given[0] as ExecutionOptions);
  return (...place: unknown[]): void => recordOptions(classTarget("@execution", place), { execution: options });
}

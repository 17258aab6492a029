import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import type { ExecutionOptions } from "./pipeline-options.js";

/** How the pipeline runs: its nodes, and the elements of its maps. A nested pipeline inherits it from its parent unless it has its own. */
export function execution<A extends unknown[] = never>(
  options: ExecutionOptions | BareClass<A>,
): ClassDecoratorOf<A, "write @execution({ ... }), with parentheses">;
export function execution(...given: unknown[]): unknown {
  assertCalled("@execution", given, "@execution({ ... })");
  const [options] = given as [ExecutionOptions];
  return (...place: unknown[]): void => recordOptions(classTarget("@execution", place), { execution: options });
}

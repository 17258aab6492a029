import type { ExecutionOptions } from "./choices.js";
import { recordChoices } from "./metadata.js";
import { type BareClass, type ClassDecoratorOf, checkCalled, classAt } from "./place.js";

/** How the pipeline runs: its nodes, and the elements of its maps. A nested pipeline inherits it from its parent unless it has its own. */
export function execution<A extends unknown[] = never>(
  options: ExecutionOptions | BareClass<A>,
): ClassDecoratorOf<A, "write @execution({ ... }), with parentheses">;
export function execution(...given: unknown[]): unknown {
  checkCalled("@execution", given, "@execution({ ... })");
  const [options] = given as [ExecutionOptions];
  return (...place: unknown[]): void => recordChoices(classAt("@execution", place), { execution: options });
}

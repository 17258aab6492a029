import { checkNoMore } from "../util/options.js";
import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import type { Placement } from "./pipeline-options.js";

/**
 * Sets the host that runs the pipeline. A nested pipeline inherits the placement of its parent unless it has its own.
 *
 * @param placement `local()` or `modal(...)`.
 * @returns a class decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on a class.
 * @default local()
 *
 * @example
 * ```ts
 * @runOn(modal({ gpu: "A10G" }))
 * class Training extends Pipeline { ... }
 * ```
 */
export function runOn<A extends unknown[] = never>(
  placement: Placement | BareClass<A>,
): ClassDecoratorOf<A, "write @runOn(local()), with parentheses">;
export function runOn(...given: unknown[]): unknown {
  assertCalled("@runOn", given, "@runOn(local())");
  checkNoMore("@runOn(placement)", given.slice(1));
  const [placement] = given as [Placement];
  return (...place: unknown[]): void => recordOptions(classTarget("@runOn", place), { runOn: placement });
}

import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import type { Placement } from "./pipeline-options.js";

/** Where the pipeline runs. Default: here. A nested pipeline inherits it from its parent unless it has its own. */
export function runOn<A extends unknown[] = never>(
  placement: Placement | BareClass<A>,
): ClassDecoratorOf<A, "write @runOn(local()), with parentheses">;
export function runOn(...given: unknown[]): unknown {
  assertCalled("@runOn", given, "@runOn(local())");
  const [placement] = given as [Placement];
  return (...place: unknown[]): void => recordOptions(classTarget("@runOn", place), { runOn: placement });
}

import type { Placement } from "./choices.js";
import { recordChoices } from "./metadata.js";
import { type BareClass, type ClassDecoratorOf, checkCalled, classAt } from "./place.js";

/** Where the pipeline runs. Default: here. A nested pipeline inherits it from its parent unless it has its own. */
export function runOn<A extends unknown[] = never>(
  placement: Placement | BareClass<A>,
): ClassDecoratorOf<A, "write @runOn(local()), with parentheses">;
export function runOn(...given: unknown[]): unknown {
  checkCalled("@runOn", given, "@runOn(local())");
  const [placement] = given as [Placement];
  return (...place: unknown[]): void => recordChoices(classAt("@runOn", place), { runOn: placement });
}

import type { CacheStore } from "./choices.js";
import { recordChoices } from "./metadata.js";
import { type BareClass, type ClassDecoratorOf, checkCalled, classAt } from "./place.js";

/** What remembers the pipeline's values from run to run. Default: nothing does. A nested pipeline inherits it from its parent unless it has its own. */
export function cached<A extends unknown[] = never>(
  store: CacheStore | BareClass<A>,
): ClassDecoratorOf<A, "write @cached(memory()), with parentheses">;
export function cached(...given: unknown[]): unknown {
  checkCalled("@cached", given, "@cached(memory())");
  const [store] = given as [CacheStore];
  return (...place: unknown[]): void => recordChoices(classAt("@cached", place), { cache: store });
}

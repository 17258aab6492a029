import { assertCalled, type BareClass, type ClassDecoratorOf, classTarget } from "./decorator-target.js";
import { recordOptions } from "./metadata.js";
import type { CacheStore } from "./pipeline-options.js";

/** What remembers the pipeline's values from run to run. Default: nothing does. A nested pipeline inherits it from its parent unless it has its own. */
export function cached<A extends unknown[] = never>(
  store: CacheStore | BareClass<A>,
): ClassDecoratorOf<A, "write @cached(memory()), with parentheses">;
export function cached(...given: unknown[]): unknown {
  assertCalled("@cached", given, "@cached(memory())");
  const [store] = given as [CacheStore];
  return (...place: unknown[]): void => recordOptions(classTarget("@cached", place), { cache: store });
}

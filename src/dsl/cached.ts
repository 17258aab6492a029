import type { CacheStore } from "./choices.js";
import { type Class, recordChoices } from "./metadata.js";

/** What remembers the pipeline's values from run to run. Default: nothing does. A nested pipeline inherits it from its parent unless it has its own. */
export function cached(store: CacheStore) {
  return (target: Class, context?: undefined): void => recordChoices(target, { cache: store }, context);
}

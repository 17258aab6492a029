import type { Placement } from "./choices.js";
import { type Class, recordChoices } from "./metadata.js";

/** Where the pipeline runs. Default: here. A nested pipeline inherits it from its parent unless it has its own. */
export function runOn(placement: Placement) {
  return (target: Class, context?: undefined): void => recordChoices(target, { runOn: placement }, context);
}

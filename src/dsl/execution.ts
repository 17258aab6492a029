import type { ExecutionOptions } from "./choices.js";
import { type Class, recordChoices } from "./metadata.js";

/** How the pipeline runs: its nodes, and the elements of its maps. A nested pipeline inherits it from its parent unless it has its own. */
export function execution(options: ExecutionOptions) {
  return (target: Class, context?: undefined): void => recordChoices(target, { execution: options }, context);
}

import type { Placement } from "../dsl/pipeline-options.js";

/**
 * Runs the pipeline in this process. This is the default.
 *
 * @returns the placement, for `@runOn`.
 */
export function local(): Placement {
  return { kind: "local" };
}

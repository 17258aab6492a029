import type { Placement } from "../dsl/pipeline-options.js";

/** Runs the pipeline in this process. This is the default. */
export function local(): Placement {
  return { kind: "local" };
}

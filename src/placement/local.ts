import type { Placement } from "../dsl/pipeline-options.js";

/** Here: in this process. The default. */
export function local(): Placement {
  return { kind: "local" };
}

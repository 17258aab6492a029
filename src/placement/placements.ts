import type { Placement } from "../dsl/choices.js";

/** Here: in this process. The default. */
export function local(): Placement {
  return { kind: "local" };
}

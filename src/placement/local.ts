import type { Placement } from "../dsl/pipeline-options.js";
import { checkNoMore } from "../util/options.js";

/**
 * Runs the pipeline in this process. This is the default.
 *
 * @returns the placement, for `@runOn`.
 * @throws {HypernodesError} `BAD_OPTION`, if an argument is passed.
 *
 * @example
 * ```ts
 * const here = new Retrieval().with({ runOn: local() });   // the class has @runOn(modal({ ... }))
 * ```
 */
export function local(): Placement;
export function local(...more: unknown[]): Placement {
  checkNoMore("local()", more, "For options of the run, put @execution({ ... }) on the class.");
  return { kind: "local" };
}

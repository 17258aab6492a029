import type { Plan } from "../../graph/plan.js";
import type { List } from "../elements/lists.js";
import type { MapSlice } from "../elements/map-slice.js";
import { Execution } from "../execute-plan.js";
import { CollectedError } from "../failures/collected.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import type { RunContext } from "../lifecycle/run-context.js";
import type { Program } from "../program/program.js";
import type { ResolvedExecution } from "../settings.js";

/** Some steps as they are made where they are computed, and what all parts of their elements share. */
export interface StageProgram {
  readonly program: Program;
  readonly settings: ResolvedExecution;
  /** By slot. */
  readonly values: readonly unknown[];
  /** The pipeline's place in the run. */
  readonly spec: { readonly path: string };
}

/**
 * Computes a part of the elements of a stage.
 *
 * @param lists what the part brings of each list that is cut.
 * @returns the values by slot, or a promise of them.
 */
export function runSlice(
  { program, settings, values: shared, spec }: StageProgram,
  lists: readonly List[],
  window: MapSlice,
  run: RunContext,
  scope: CancelScope,
): unknown[] | Promise<unknown[]> {
  const values = shared.slice();
  // The slots of what is cut are the last ones.
  for (const [i, list] of lists.entries()) values[values.length - lists.length + i] = list;
  const running = new Execution(program, values, run, scope, settings, undefined, { path: spec.path }, window).start();
  if (running === undefined) return values;
  return scope.raceWithStop(running).then(() => values);
}

/** Adds to each step's count how many of its elements have failed. */
export function countErrors({ steps }: Plan, slots: readonly unknown[], failed: number[]): void {
  for (const [i, { slot, map }] of steps.entries()) if (map) failed[i]! += errorsIn(slots[slot] as List);
}

function errorsIn(values: List | undefined): number {
  let errors = 0;
  for (let i = 0; i < (values?.length ?? 0); i++) if (CollectedError.is(values![i])) errors++;
  return errors;
}

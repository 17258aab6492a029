import type { Step } from "../graph/plan.js";
import { land } from "./landing.js";
import type { ListsRead } from "./lists.js";
import type { Program } from "./program.js";
import type { Scope } from "./scope.js";
import { isPrimitive, promiseOf } from "./thenable.js";

/** Where a straight run left off: a step that has to be waited for, or that failed. */
export type LeftOff =
  | { readonly step: Step; readonly promise: Promise<unknown> }
  | { readonly step: Step; readonly error: unknown };

/**
 * Runs plain synchronous methods one after another, from a step on: a loop, and nothing else.
 *
 * @param run what the run has read of lists.
 * @returns undefined if all steps at the beginning that are plain have ended, or the scope was stopped.
 */
export function runStraight(
  program: Program,
  values: unknown[],
  scope: Scope,
  from: number,
  run: { readonly lists: ListsRead },
): LeftOff | undefined {
  const { methods, self, straight } = program;
  const { steps } = program.plan;
  let step: Step | undefined;
  try {
    for (let i = from; i < straight && !scope.stopped; i++) {
      step = steps[i]!;
      const method = methods[i]!;
      const args = step.arguments;
      let value: unknown;
      if (args.length === 1) value = method.call(self, values[args[0]!.slot]);
      else if (args.length === 2) value = method.call(self, values[args[0]!.slot], values[args[1]!.slot]);
      else {
        value = method.apply(
          self,
          args.map(({ slot }) => values[slot]),
        );
      }
      if (!isPrimitive(value)) {
        const promise = promiseOf(value);
        if (promise !== undefined) return { step, promise };
        // Most objects can't be gone through: that is all that is asked of them.
        if (step.uses !== undefined || Symbol.iterator in (value as object)) value = land(value, step.uses, run.lists);
      }
      values[step.slot] = value;
    }
  } catch (error) {
    return { step: step!, error };
  }
  return undefined;
}

import type { Step } from "../../graph/plan.js";
import { isPrimitive, promiseOf } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import type { ListsRead } from "../elements/lists.js";
import type { FastPathExit } from "../executor.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import type { Program } from "../program/program.js";

/**
 * Runs plain synchronous methods one after another, from a step on: a loop, and nothing else.
 *
 * @param run what the run has read of lists.
 * @returns undefined if all steps at the beginning that are plain have ended, or the scope was stopped.
 */
export function runFastPath(
  program: Program,
  values: unknown[],
  scope: CancelScope,
  from: number,
  run: { readonly lists: ListsRead },
): FastPathExit | undefined {
  const { methods, self, fastPathLength } = program;
  const { steps } = program.plan;
  let step: Step | undefined;
  try {
    for (let i = from; i < fastPathLength && !scope.stopped; i++) {
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
        if (step.uses !== undefined || Symbol.iterator in (value as object))
          value = convertInputs(value, step.uses, run.lists);
      }
      values[step.slot] = value;
    }
  } catch (error) {
    return { step: step!, error };
  }
  return undefined;
}

import type { Step } from "../../graph/plan.js";
import { CollectedError } from "../collected.js";
import { now } from "../events.js";
import type { Execution } from "../execution.js";
import { wrongResult } from "./checked-result.js";
import { Fragment } from "./fragment.js";
import { barren, Losses, type LostCall, MOST_BARREN, tellFailed } from "./losses.js";
import { companyOf } from "./spread.js";

/**
 * Computes a node in a thread: attempts, limits of time and events are there what they are here.
 *
 * @throws {NodeError}
 */
export async function callAway(execution: Execution, step: Step): Promise<unknown> {
  const fragment = new Fragment(execution, [step], [step], [], 1);
  const losses = new Losses();
  const startedAt = now();
  try {
    for (let ended = 0; ; ) {
      const visit = await fragment.visit(undefined, [], companyOf(execution.settings.nodes));
      const outcome = await visit.outcome;
      if (outcome.kind === "stopped") throw execution.scope.reason;
      if (outcome.kind === "home") {
        if (outcome.result.failure !== undefined) throw outcome.result.failure.error;
        const wrong = wrongResult(outcome.result, 1, 1, execution.placeOf(step));
        if (wrong !== undefined) throw wrong;
        return outcome.result.values[0]![0];
      }
      if (outcome.kind !== "lost") continue;
      if (outcome.held.length === 0) {
        if (++ended >= MOST_BARREN) throw barren(outcome.cause, execution.placeOf(step));
        continue;
      }
      const call: LostCall = {
        execution,
        step,
        element: undefined,
        inputs: execution.inputsOf(step),
        cause: outcome.cause,
      };
      const counted = losses.count(call);
      if ("error" in counted) {
        tellFailed(call, counted.error, startedAt);
        if (step.node.options.onError === "collect") return new CollectedError(counted.error);
        throw counted.error;
      }
      await counted.wait;
    }
  } finally {
    await fragment.end();
  }
}

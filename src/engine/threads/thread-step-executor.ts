import type { Step } from "../../graph/plan.js";
import { wrongResult } from "../chunks/checked-result.js";
import { isolationFor } from "../chunks/concurrency.js";
import {
  type CrashedCall,
  CrashRetries,
  crashLoopError,
  emitCrashFailure,
  MAX_STARTUP_CRASHES,
} from "../chunks/crash-retries.js";
import { Stage } from "../chunks/stage.js";
import type { RunningExecution } from "../executor.js";
import { CollectedError } from "../failures/collected.js";
import { now } from "../lifecycle/events.js";
import { ThreadChunkExecutor } from "./thread-chunk-executor.js";

/**
 * Computes a node in a thread: attempts, limits of time and events are there what they are here.
 *
 * @throws {NodeError}
 */
export async function callInThread(execution: RunningExecution, step: Step): Promise<unknown> {
  const executor = new ThreadChunkExecutor(new Stage(execution, [step], [step], [], 1));
  const losses = new CrashRetries();
  const startedAt = now();
  try {
    for (let ended = 0; ; ) {
      const handle = await executor.submit(undefined, [], isolationFor(execution.settings.nodes));
      const outcome = await handle.outcome;
      if (outcome.kind === "cancelled") throw execution.scope.reason;
      if (outcome.kind === "completed") {
        if (outcome.result.failure !== undefined) throw outcome.result.failure.error;
        const wrong = wrongResult(outcome.result, 1, 1, execution.pathOf(step));
        if (wrong !== undefined) throw wrong;
        return outcome.result.values[0]![0];
      }
      if (outcome.kind !== "crashed") continue;
      if (outcome.inFlight.length === 0) {
        if (++ended >= MAX_STARTUP_CRASHES) throw crashLoopError(outcome.cause, execution.pathOf(step));
        continue;
      }
      const call: CrashedCall = {
        execution,
        step,
        element: undefined,
        inputs: execution.inputsOf(step),
        cause: outcome.cause,
      };
      const counted = losses.count(call);
      if ("error" in counted) {
        emitCrashFailure(call, counted.error, startedAt);
        if (step.node.options.onError === "collect") return new CollectedError(counted.error);
        throw counted.error;
      }
      await counted.wait;
    }
  } finally {
    await executor.close();
  }
}

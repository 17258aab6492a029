import { HypernodesError, type NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { describeChain } from "../../util/describe.js";
import { showFramesOf } from "../../util/user-frames.js";
import type { RunningExecution } from "../executor.js";
import { nodeError } from "../failures/node-errors.js";
import { backoffDelay, resolveRetries } from "../failures/retry-policy.js";
import { type CallPath, failedWith, retried, started } from "../lifecycle/call-events.js";
import { sleepUnlessStopped } from "../lifecycle/cancel-scope.js";

import { now } from "../lifecycle/events.js";

/** A call whose thread ended under it. */
export interface CrashedCall {
  readonly execution: RunningExecution;
  readonly step: Step;
  readonly element: number | undefined;
  readonly inputs: readonly unknown[];
  readonly cause: Error;
}

/** Counts how often threads ended under calls: each is one attempt. */
export class CrashRetries {
  private readonly attempts = new Map<number, number>();

  /**
   * One more attempt of a call has ended with its thread.
   *
   * @returns the error that the call fails with, if it may not be tried again; else what to wait for before it is.
   */
  count(call: CrashedCall): { readonly error: NodeError } | { readonly wait: Promise<void> } {
    const { execution, step, element, inputs, cause } = call;
    const key = element ?? 0;
    const attempts = (this.attempts.get(key) ?? 0) + 1;
    this.attempts.set(key, attempts);
    const retries = resolveRetries(step.node.options);
    if (attempts > retries.times) {
      const error = nodeError(cause, { step, path: execution.path, element, inputs, attempts });
      return { error: showFramesOf(error, cause.cause) };
    }
    const delayMs = backoffDelay(attempts, retries);
    execution.run.emit?.(retried(pathOf(call), cause, attempts, delayMs));
    return { wait: sleepUnlessStopped(delayMs, execution.scope) };
  }
}

/** Emits the failure of a call that ended with its thread, whose own events were lost. */
export function emitCrashFailure(call: CrashedCall, error: NodeError, startedAt: number): void {
  const place = pathOf(call);
  call.execution.run.emit?.(started(place));
  call.execution.run.emit?.(failedWith(place, error, now() - startedAt));
}

function pathOf({ execution, step, element }: CrashedCall): CallPath {
  return { path: execution.pathOf(step, element), name: step.name, element };
}

/** The number of times that threads may end with nothing in flight before the run fails. */
export const MAX_STARTUP_CRASHES = 2;

/** Threads end before they begin with anything: the module, or what they are given, ends them. */
export function crashLoopError(cause: Error, where: string): HypernodesError {
  const error = new HypernodesError({
    code: "THREAD_LOST",
    where,
    problem: `${MAX_STARTUP_CRASHES} threads ended before they ran a node: ${cause instanceof HypernodesError ? cause.problem : describeChain(cause)}`,
    advice: "Importing the class's module, or reading the inputs, ends the thread.",
    cause,
  });
  return showFramesOf(error, cause.cause ?? cause);
}

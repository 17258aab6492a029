import { HypernodesError, type NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { describeChain } from "../../util/describe.js";
import { showFramesOf } from "../../util/user-frames.js";
import { delayAfter, retriesOf, waiting } from "../attempt.js";
import { type CallPlace, failedWith, retried, started } from "../call-events.js";
import { now } from "../events.js";
import type { Execution } from "../execution.js";
import { nodeError } from "../failure.js";

/** A call whose thread ended under it. */
export interface LostCall {
  readonly execution: Execution;
  readonly step: Step;
  readonly element: number | undefined;
  readonly inputs: readonly unknown[];
  readonly cause: Error;
}

/** Counts how often threads ended under calls: each is one attempt. */
export class Losses {
  private readonly attempts = new Map<number, number>();

  /**
   * One more attempt of a call has ended with its thread.
   *
   * @returns the error that the call fails with, if it may not be tried again; else what to wait for before it is.
   */
  count(call: LostCall): { readonly error: NodeError } | { readonly wait: Promise<void> } {
    const { execution, step, element, inputs, cause } = call;
    const key = element ?? 0;
    const attempts = (this.attempts.get(key) ?? 0) + 1;
    this.attempts.set(key, attempts);
    const retries = retriesOf(step.node.options);
    if (attempts > retries.times) {
      const error = nodeError(cause, { step, path: execution.path, element, inputs, attempts });
      return { error: showFramesOf(error, cause.cause) };
    }
    const delayMs = delayAfter(attempts, retries);
    execution.run.tell?.(retried(placeOf(call), cause, attempts, delayMs));
    return { wait: waiting(delayMs, execution.scope) };
  }
}

/** Tells of a call that has failed with its thread, which took its own events along. */
export function tellFailed(call: LostCall, error: NodeError, startedAt: number): void {
  const place = placeOf(call);
  call.execution.run.tell?.(started(place));
  call.execution.run.tell?.(failedWith(place, error, now() - startedAt));
}

function placeOf({ execution, step, element }: LostCall): CallPlace {
  return { path: execution.placeOf(step, element), name: step.name, element };
}

/** How often threads may end while nothing was under way in them, before there is no use in going on. */
export const MOST_BARREN = 2;

/** Threads end before they begin with anything: the module, or what they are given, ends them. */
export function barren(cause: Error, where: string): HypernodesError {
  const error = new HypernodesError({
    code: "THREAD_LOST",
    where,
    problem: `${MOST_BARREN} threads ended before they came to a node: ${cause instanceof HypernodesError ? cause.problem : describeChain(cause)}`,
    advice: "They had imported the class's module, and read what they were given: one of these ends them.",
    cause,
  });
  return showFramesOf(error, cause.cause ?? cause);
}

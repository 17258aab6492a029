import { AsyncLocalStorage } from "node:async_hooks";
import { HypernodesError } from "../errors.js";

/** What a node can see of the run it is part of. */
export interface CurrentRun {
  /** The run's id, as in its events. */
  readonly id: string;
  /** Aborted when this call's result is no longer wanted: the run was stopped or failed, or the call timed out. */
  readonly signal: AbortSignal;
}

const asynchronous = new AsyncLocalStorage<CurrentRun>();
let synchronous: CurrentRun | undefined;

/**
 * The run that the calling node is part of. Hand its signal to what the node waits for:
 * `fetch(url, { signal: currentRun().signal })`.
 *
 * @throws {HypernodesError} `NO_RUN` outside of a node.
 */
export function currentRun(): CurrentRun {
  const current = asynchronous.getStore() ?? synchronous;
  if (current === undefined) {
    throw new HypernodesError({
      code: "NO_RUN",
      where: "currentRun()",
      problem: "no node is running here",
      advice: "Call it inside a node, and in a method that is not async before it returns its promise.",
    });
  }
  return current;
}

/**
 * Calls what is synchronous, as far as we know: `currentRun` costs it nothing. An async method keeps its run across
 * awaits, through `AsyncLocalStorage`, which slows every promise of a process: only those methods pay for it.
 */
export function entering(run: CurrentRun): CurrentRun | undefined {
  const before = synchronous;
  synchronous = run;
  return before;
}

export function leaving(before: CurrentRun | undefined): void {
  synchronous = before;
}

/** A method that keeps its run across awaits. */
export function keepingRun(run: CurrentRun, self: object, method: (...args: unknown[]) => unknown): typeof method {
  return (...args) => asynchronous.run(run, () => method.apply(self, args));
}

const AsyncFunction = (async () => {}).constructor;

export function isAsync(method: Function): boolean {
  return method instanceof AsyncFunction;
}

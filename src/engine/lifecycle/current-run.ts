import { AsyncLocalStorage } from "node:async_hooks";
import { HypernodesError } from "../../errors.js";

/**
 * The run that a node is part of, as the node sees it.
 *
 * @example
 * ```ts
 * const { id, signal }: CurrentRun = currentRun(); // inside a node
 * await fetch(url, { signal });
 * ```
 */
export interface CurrentRun {
  /** The run's id, as in its events. */
  readonly id: string;
  /** Aborted when this call's result is no longer wanted: the run was stopped or failed, or the call timed out. */
  readonly signal: AbortSignal;
}

const asynchronous = new AsyncLocalStorage<CurrentRun>();
let synchronous: CurrentRun | undefined;

/**
 * The run that the calling node is part of. Pass its signal to the functions that the node awaits:
 * `fetch(url, { signal: currentRun().signal })`.
 *
 * @returns the run's id, and the signal of this call.
 * @throws {HypernodesError} `NO_RUN` outside of a node.
 *
 * @example
 * ```ts
 * @node("url") page(url: string): Promise<string> {
 *   return fetch(url, { signal: currentRun().signal }).then((response) => response.text());
 * }
 * ```
 */
export function currentRun(): CurrentRun {
  const current = activeRun();
  if (current === undefined) {
    throw new HypernodesError({
      code: "NO_RUN",
      where: "currentRun()",
      problem: "no node is running",
      advice: "Call it inside a node, and in a method that is not async before it returns its promise.",
    });
  }
  return current;
}

function activeRun(): CurrentRun | undefined {
  return synchronous ?? asynchronous.getStore();
}

/**
 * Enters a run: all that runs until `exitRun` is in it. `currentRun` costs it nothing.
 *
 * @returns the value for `exitRun`.
 */
export function enterRun(run: CurrentRun): CurrentRun | undefined {
  const before = synchronous;
  synchronous = run;
  return before;
}

export function exitRun(before: CurrentRun | undefined): void {
  synchronous = before;
}

/**
 * Calls a function within a run; with `acrossAwaits`, so is all that continues from it. `AsyncLocalStorage` slows
 * every promise of a process (docs/decisions/current-run.md), so only pipelines with async methods pay for it.
 */
export function withRun<R>(run: CurrentRun, acrossAwaits: boolean, call: () => R): R {
  const before = enterRun(run);
  try {
    return acrossAwaits ? asynchronous.run(run, call) : call();
  } finally {
    exitRun(before);
  }
}

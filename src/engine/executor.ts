import type { Step } from "../graph/plan.js";
import type { ElementSelection } from "./elements/element-selection.js";
import type { List } from "./elements/lists.js";
import type { ExecutionContext } from "./execution-context.js";
import type { CancelScope } from "./lifecycle/cancel-scope.js";
import type { NestedProgram } from "./program/program.js";
import type { ResolvedExecution } from "./settings.js";

/** One call of a step: for the step as a whole, for an element, or for a batch that begins with it. */
export interface StepCall {
  readonly execution: RunningExecution;
  readonly step: Step;
  readonly inputs: readonly unknown[];
  readonly element: number | undefined;
}

/** The mapped steps of one execution. Its methods are called once for a map, never for an element. */
export interface MapExecutor {
  /** The number of maps that were started and have not settled, held ones included. */
  readonly active: number;
  /** Starts a mapped step whose dependencies have all settled. */
  start(step: Step): void;
  /** Starts the maps that were held back to be fused with others. @returns whether anything was started. */
  flushHeld(): boolean;
  /** The first elements of a step that have started and not settled, as far as they are known in this process. */
  elementsInFlight?(step: Step): readonly number[];
  /** The execution has failed: the maps end before their last element. */
  close(error: unknown): void;
}

/** A map in flight, of which no more is wanted than its elements. */
export interface RunningElements {
  close(error: unknown): void;
}

/** The part of the scheduler that executors see. */
export interface SchedulerHandle {
  /** True if the execution has failed or was stopped: nothing more starts. */
  readonly stopped: boolean;
  /** A step has its value: the steps that depend on it may start. */
  complete(step: Step, value: unknown): void;
  /** Completes a step with a value or, later, with the value of a promise; if that rejects, the execution fails. */
  completeWhenSettled(step: Step, value: unknown): void;
  /** Ends the execution: nothing more starts, and running maps are closed. The first error is the one that counts. */
  fail(error: unknown): void;
  /** Waits for a promise that is part of the execution, then continues the run. */
  whenSettled(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void;
  /**
   * The same for many promises, one after another.
   *
   * @param next takes a value before `ended`: the promise that is waited for in its place, if nothing else is to be done.
   * @returns the function that waits for a promise. It makes no closure for each of them.
   */
  waiter(
    ended: (value: unknown) => void,
    failed: (error: unknown) => void,
    next: (value: unknown) => Promise<unknown> | undefined,
  ): (promise: Promise<unknown>) => void;
  /** From now on, a started step may settle after later ones have started. */
  startCounting(): void;
  /**
   * The maps over a started map's elements that wait for nothing else. They count as started: their elements stream in the same
   * task. A map whose followers were not taken releases them when it completes.
   */
  takeFollowers(step: Step): readonly Step[];
  /** The number of dependencies that a step waits for; undefined if it has started. */
  missingFor(step: Step): number | undefined;
  /** Steps that are started together with another one. */
  markStarted(steps: readonly Step[]): void;
}

/** Runs nested pipelines for the calls of a step. */
interface NestedRunner {
  /**
   * The settings of a nested pipeline.
   *
   * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
   */
  settingsFor(step: Step, child: NestedProgram): ResolvedExecution;
  /** Tells if a step is computed in this process: its values are no copies, and the cache sees its collected errors. */
  isInProcess(step: Step): boolean;
  /** Tells if calls of a nested pipeline need no execution of their own: it has plain methods only, and no listener. */
  isFastPathChild(step: Step, child: NestedProgram): boolean;
  /** Runs a nested pipeline for a call, on the host of its placement. */
  callNested(call: StepCall, child: NestedProgram, scope: CancelScope): unknown;
  /** A thread or another process has computed steps. */
  computedAt(host: string, steps: readonly Step[]): void;
  /** A resource was built in this process. */
  resourceBuilt(index: number): void;
  /** Continues a nested pipeline at the step where its fast path stopped. */
  resumeNested(
    child: NestedProgram,
    values: unknown[],
    step: Step,
    element: number | undefined,
    exit: FastPathExit,
  ): unknown;
}

/** An execution as executors see it. */
export interface RunningExecution extends ExecutionContext, SchedulerHandle, NestedRunner {}

/** Computes an unmapped step without looking it up in a cache. Returns its value, or a promise if it needs one. */
export type StepExecutor = (step: Step) => unknown;

/** Computes elements of a mapped step without looking them up in a cache, on the host that its route names. */
export interface ElementsExecutor {
  /** @throws {InputError} */
  runElements(
    step: Step,
    lists: readonly List[],
    selection: (ElementSelection & { readonly lists: readonly List[] }) | undefined,
    ended: (results: unknown[] | undefined) => void,
    failed: (error: unknown) => void,
  ): RunningElements | undefined;
}

/** The exit of the fast path: a step that has to be waited for, or that failed. */
export type FastPathExit =
  | { readonly step: Step; readonly promise: Promise<unknown> }
  | { readonly step: Step; readonly error: unknown };

import type { Step } from "../../graph/plan.js";
import { isPromise } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import { ExecutionContext } from "../execution-context.js";
import type { FastPathExit, MapExecutor, SchedulerHandle } from "../executor.js";
import { enterRun, exitRun, withRun } from "../lifecycle/current-run.js";
import { now } from "../lifecycle/events.js";
import { runFastPath } from "./fast-path.js";
import { ReadyQueue } from "./ready-queue.js";

/**
 * The order of one execution: which step starts next, what waits for which step, when the execution has ended. As long as every
 * step ends at once, it makes no promise. It does not know where a step runs, nor whether it is cached.
 */
export abstract class Scheduler extends ExecutionContext implements SchedulerHandle {
  private readonly readyQueue = new ReadyQueue(this.plan.steps);
  /** The number of promises that the execution waits for. */
  private calls = 0;
  private failure: { readonly error: unknown } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;

  /** Starts a step: it notifies the scheduler when it has a value. */
  protected abstract startStep(step: Step): void;

  /** The executor of mapped steps, once there is one. */
  protected abstract get maps(): MapExecutor | undefined;

  /** True if plain methods can be called with nothing around them. */
  protected abstract readonly isBare: boolean;

  /** True if one step at a time runs. */
  protected abstract get isSequential(): boolean;

  get stopped(): boolean {
    return this.failure !== undefined || this.scope.stopped;
  }

  /**
   * Starts the steps that may start.
   *
   * @param exit the place where the fast path of a nested pipeline stopped, to continue from there.
   * @returns undefined if all steps ended at once; else a promise of their end.
   */
  start(exit?: FastPathExit): Promise<void> | undefined {
    if (this.plan.canStream) this.readyQueue.startCounting();
    if (exit !== undefined) this.exitFastPath(exit);
    withRun(this.currentRun, this.program.hasAsyncMethod, () => this.advance());
    if (this.isFinished()) {
      const error = this.finalError();
      if (error !== undefined) throw error.error;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  /** The steps of the plan are started by somebody else, as those of a stream are. */
  protected skipAll(): void {
    this.readyQueue.skipTo(this.plan.steps.length);
  }

  private isFinished(): boolean {
    return this.failure !== undefined || (this.calls === 0 && (this.activeMaps === 0 || this.scope.stopped));
  }

  private get activeMaps(): number {
    return this.maps?.active ?? 0;
  }

  private finalError(): { readonly error: unknown } | undefined {
    if (this.failure === undefined && this.scope.stopped) this.fail(this.scope.reason);
    return this.failure;
  }

  private advance(): void {
    const { readyQueue, isSequential } = this;
    if (readyQueue.isInOrder && this.isBare && !this.plan.collectsErrors) this.runFastPath();
    while (!this.stopped && !(isSequential && this.calls + this.activeMaps > 0)) {
      const step = readyQueue.next();
      if (step === undefined) break;
      this.startStep(step);
    }
    while (!this.stopped) {
      const step = readyQueue.nextReady();
      if (step === undefined) break;
      this.startStep(step);
    }
    if (this.maps?.flushHeld()) this.advance();
  }

  /** Runs the plain methods at the beginning, and continues where the fast path stopped. */
  private runFastPath(): void {
    if (this.readyQueue.at >= this.program.fastPathLength) return;
    const exit = runFastPath(this.program, this.values, this.scope, this.readyQueue.at, this.run);
    if (exit !== undefined) this.exitFastPath(exit);
    else if (!this.scope.stopped) this.readyQueue.skipTo(this.program.fastPathLength);
  }

  private exitFastPath(exit: FastPathExit): void {
    const { step } = exit;
    this.readyQueue.skipTo(step.index + 1);
    if ("error" in exit) this.fail(this.failed(step, exit.error));
    else {
      const value = Promise.resolve(exit.promise).then((settled) => convertInputs(settled, step.uses, this.run.lists));
      // A method that is not declared async may return a promise: its rejection is a failure of the node, too.
      const failed = (error: unknown) => {
        throw this.failed(step, error);
      };
      this.completeWhenSettled(step, value.then(undefined, failed));
    }
  }

  completeWhenSettled(step: Step, value: unknown): void {
    if (isPromise(value))
      this.whenSettled(
        value,
        (settled) => this.complete(step, settled),
        (error) => this.fail(error),
      );
    else this.complete(step, value);
  }

  whenSettled(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.beginWait();
    promise.then(
      (value) => this.continueRun(ended, value),
      (error: unknown) => this.continueRun(failed, error),
    );
  }

  waiter(
    ended: (value: unknown) => void,
    failed: (error: unknown) => void,
    next: (value: unknown) => Promise<unknown> | undefined,
  ): (promise: Promise<unknown>) => void {
    const onValue = (value: unknown) => {
      const following = this.stopped ? undefined : this.callInRun(next, value);
      if (following === undefined) this.continueRun(ended, value);
      else following.then(onValue, onError);
    };
    const onError = (error: unknown) => this.continueRun(failed, error);
    return (promise) => {
      this.beginWait();
      promise.then(onValue, onError);
    };
  }

  private beginWait(): void {
    this.readyQueue.startCounting();
    this.calls++;
    this.run.beginWork();
  }

  private callInRun<R>(call: (value: unknown) => R, value: unknown): R {
    const before = enterRun(this.currentRun);
    try {
      return call(value);
    } finally {
      exitRun(before);
    }
  }

  private continueRun(then: (settled: unknown) => void, settled: unknown): void {
    this.calls--;
    this.run.endWork();
    // The execution has failed already, and nobody waits for it.
    if (this.settle === undefined && this.failure !== undefined) return;
    const before = enterRun(this.currentRun);
    try {
      then(settled);
      this.advance();
      if (!this.isFinished() || this.settle === undefined) return;
      const { resolve, reject } = this.settle;
      this.settle = undefined;
      const error = this.finalError();
      if (error === undefined) resolve();
      else reject(error.error);
    } finally {
      exitRun(before);
    }
  }

  complete(step: Step, value: unknown): void {
    this.values[step.slot] = value;
    if (this.endedAt !== undefined) this.endedAt[step.slot] = now();
    this.readyQueue.end(step);
  }

  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error: this.scope.stopped ? this.scope.reason : error };
    this.maps?.close(this.failure.error);
  }

  startCounting(): void {
    this.readyQueue.startCounting();
  }

  takeFollowers(step: Step): readonly Step[] {
    return this.readyQueue.takeFollowers(step);
  }

  missingFor(step: Step): number | undefined {
    return this.readyQueue.missingFor(step);
  }

  markStarted(steps: readonly Step[]): void {
    for (const step of steps) this.readyQueue.markStarted(step);
  }

  /** The paths of the steps, or of their elements, that have started and not settled. */
  stepsInFlight(): string[] {
    return this.plan.steps
      .filter((step) => this.readyQueue.isRunning(step))
      .flatMap((step) => {
        const elements = this.maps?.elementsInFlight?.(step) ?? [];
        return elements.length === 0 ? [this.pathOf(step)] : elements.map((element) => this.pathOf(step, element));
      });
  }
}

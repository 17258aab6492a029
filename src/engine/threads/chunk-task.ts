import { HypernodesError } from "../../errors.js";
import { describeChain, isError, messageOf, readProperty } from "../../util/describe.js";
import { type LongTimeout, startTimeout } from "../../util/long-timeout.js";
import { showFramesOf } from "../../util/user-frames.js";
import { decode } from "../../values/codec.js";
import { decodeEach, unreadable } from "../chunks/encode-each.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult } from "../chunks/protocol.js";
import type { Stage } from "../chunks/stage.js";
import { elementIndex } from "../elements/elements.js";
import { type InFlightElement, TaskProgress } from "../elements/task-progress.js";
import { timeoutError } from "../failures/retry-policy.js";
import { now } from "../lifecycle/events.js";
import { ChunkTelemetry } from "./chunk-telemetry.js";
import type { WorkerPool } from "./pool.js";
import type { ChunkRequest } from "./protocol.js";
import { serveStores } from "./store-proxy.js";
import type { ThreadStart } from "./thread-start.js";
import type { InFlightTask } from "./worker-selection.js";

type TaskParts = Omit<ChunkRequest, "progress" | "stores" | "events" | "carrier"> & {
  readonly range: ChunkRangeState | undefined;
};

/** Milliseconds between checks of a task whose calls have limits. */
const CHECK_INTERVAL_MS = 10;

/** A task in flight: it is watched, and cancelled when it is not wanted any more; its thread is terminated if it does not stop. */
export class ThreadChunkTask {
  readonly outcome: Promise<ChunkOutcome>;
  private readonly progress: TaskProgress;
  private readonly task: InFlightTask;
  private readonly stores: ReturnType<typeof serveStores> | undefined;
  private readonly telemetry: ChunkTelemetry | undefined;
  private isStopped = false;
  private late: Error | undefined;
  private grace: LongTimeout | undefined;
  private abandon!: () => void;
  private readonly abandoned = new Promise<undefined>((resolve) => {
    this.abandon = () => resolve(undefined);
  });

  constructor(
    private readonly pool: WorkerPool,
    private readonly stage: Stage,
    private readonly parts: TaskParts,
    starting: ThreadStart | undefined,
  ) {
    const { range } = parts;
    this.progress = TaskProgress.for(range?.count ?? 1);
    const sent = range && { first: range.first, count: range.count, indices: range.indices, budgetMs: range.budgetMs };
    this.stores = stage.sessions && serveStores(stage.sessions);
    const { run } = stage.execution;
    this.telemetry = run.emit && new ChunkTelemetry(run, stage, range, starting);
    const message = {
      ...parts,
      range: sent,
      progress: this.progress.buffer,
      stores: this.stores?.port,
      events: this.telemetry?.port,
      carrier: this.telemetry?.carrier,
    };
    this.task = pool.submit(message, () => this.progress.elementsInFlight().length > 0);
    this.outcome = this.follow();
  }

  inFlight(): readonly InFlightElement[] {
    return this.progress.elementsInFlight();
  }

  /** Cancels it; if it has not stopped after the grace period, terminates its thread. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.progress.stop();
    if (this.task.thread === undefined) this.pool.kill(this.task);
    else if (this.progress.hasStarted) this.abandonSoon();
    // It is still waiting for its turn, and will see that there is nothing to do.
    else this.abandon();
  }

  private abandonSoon(): void {
    this.pool.broadcast({ chunkCancelled: this.parts.task });
    this.grace = startTimeout(() => this.pool.kill(this.task), this.stage.execution.settings.graceMs);
  }

  private async follow(): Promise<ChunkOutcome> {
    const forget = this.stage.execution.scope.onStop(() => this.stop());
    const watch = this.stage.isTimed ? setInterval(() => this.checkDeadline(), CHECK_INTERVAL_MS) : undefined;
    let outcome: ChunkOutcome | undefined;
    try {
      outcome = await this.ending();
      return outcome;
    } finally {
      this.telemetry?.end(outcome);
      forget();
      clearInterval(watch);
      this.grace?.clear();
      this.stores?.close();
    }
  }

  private async ending(): Promise<ChunkOutcome> {
    try {
      const bytes = await Promise.race([this.task.promise, this.abandoned]);
      if (this.isStopped || bytes === undefined) return { kind: "cancelled" };
      const result = await this.result(new Uint8Array(bytes));
      this.stage.execution.computedAt(`thread ${result.thread}`, this.stage.steps);
      if (result.hasResources) this.pool.noteResources(this.task.thread);
      if (result.failure === undefined) return { kind: "completed", result };
      const error = this.stage.errorOf(result.failure.error);
      if (error instanceof HypernodesError && error.code === "RUN_AT_IMPORT") this.pool.retireAll(this.task.thread);
      return { kind: "completed", result: { ...result, failure: { error } } };
    } catch (error) {
      return this.onCrash(error);
    }
  }

  /** Reads a result; one that can't be read is requested value by value, to find the value at fault. */
  private async result(bytes: Uint8Array): Promise<ChunkResult> {
    const { range } = this.parts;
    try {
      return decode(bytes) as ChunkResult;
    } catch (error) {
      try {
        const apart = await this.pool.encodeEach(bytes, this.task);
        return decodeEach(new Uint8Array(apart), this.stage, range);
      } catch {
        return unreadable(error, this.stage, range);
      }
    }
  }

  /** A call that computes without an end never comes to see that its time is over: its thread is ended. */
  private checkDeadline(): void {
    const { deadline } = this.progress;
    if (deadline === 0 || now() < deadline + this.stage.execution.settings.graceMs) return;
    const [inFlight] = this.progress.elementsInFlight();
    if (inFlight === undefined) return;
    this.late = this.timeoutOf(inFlight);
    this.pool.kill(this.task);
  }

  private timeoutOf({ index, step }: InFlightElement): Error {
    const { execution, steps } = this.stage;
    const { range } = this.parts;
    const where = execution.pathOf(steps[step]!, range === undefined ? undefined : elementIndex(range, index));
    const { timeoutMs } = steps[step]!.node.options;
    if (timeoutMs !== undefined) return timeoutError(where, timeoutMs);
    const problem = "a nested node in it took longer than its timeoutMs, and did not stop";
    return new HypernodesError({
      code: "TIMEOUT",
      where,
      problem,
      advice: "Make it stop by itself on currentRun().signal.",
    });
  }

  private onCrash(error: unknown): ChunkOutcome {
    if (this.isStopped) return { kind: "cancelled" };
    const isEvicted = this.task.isTerminated === true && this.late === undefined;
    const isWaiting = this.task.thread !== undefined && !this.progress.hasStarted && this.task.coTenants.length > 0;
    if (isEvicted || isWaiting) return { kind: "evicted" };
    return {
      kind: "crashed",
      inFlight: this.progress.elementsInFlight(),
      hadCoTenants: this.task.coTenants.some(({ isInFlight }) => isInFlight()),
      cause: this.late ?? this.onThreadLost(error),
    };
  }

  private onThreadLost(error: unknown): HypernodesError {
    const code = isError(error) ? readProperty(error, "code") : undefined;
    const exit = isError(error) ? /^worker exited with code: (\d+)$/.exec(messageOf(error)) : null;
    const [problem, advice] =
      exit !== null
        ? [
            `its thread was ended with exit code ${exit[1]}, as by process.exit()`,
            "Throw an error instead of calling process.exit().",
          ]
        : code === "ERR_WORKER_OUT_OF_MEMORY"
          ? [
              "its thread ran out of memory",
              "Use smaller elements, or give threads more memory: @execution({ resourceLimits: { maxOldGenerationSizeMb } }).",
            ]
          : [
              `its thread ended with an uncaught error: ${describeChain(error)}`,
              "Await the promise, or handle the event, that has the error.",
            ];
    const where = this.stage.execution.path;
    const crash = new HypernodesError({ code: "THREAD_LOST", where, problem, advice, cause: error });
    return showFramesOf(crash, error);
  }
}

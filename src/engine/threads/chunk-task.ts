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

/** How often a visit whose calls have limits is looked at, in milliseconds. */
const CHECK_INTERVAL_MS = 10;

/** A visit under way: watched, stopped when it is not wanted any more, its thread ended if it does not stop. */
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
    private readonly fragment: Stage,
    private readonly parts: TaskParts,
    starting: ThreadStart | undefined,
  ) {
    const { range } = parts;
    this.progress = TaskProgress.for(range?.count ?? 1);
    const sent = range && { first: range.first, count: range.count, indices: range.indices, budgetMs: range.budgetMs };
    this.stores = fragment.sessions && serveStores(fragment.sessions);
    const { run } = fragment.execution;
    this.telemetry = run.emit && new ChunkTelemetry(run, fragment, range, starting);
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

  /** Tells it to stop; if it has not after the grace, ends its thread. */
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
    this.pool.broadcast({ stopped: this.parts.task });
    this.grace = startTimeout(() => this.pool.kill(this.task), this.fragment.execution.settings.graceMs);
  }

  private async follow(): Promise<ChunkOutcome> {
    const forget = this.fragment.execution.scope.onStop(() => this.stop());
    const watch = this.fragment.isTimed ? setInterval(() => this.checkDeadline(), CHECK_INTERVAL_MS) : undefined;
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
      if (this.isStopped || bytes === undefined) return { kind: "stopped" };
      const result = await this.result(new Uint8Array(bytes));
      if (result.holds) this.pool.hasResources(this.task.thread);
      const { error } = result.failure ?? {};
      if (error instanceof HypernodesError && error.code === "RUN_AT_IMPORT") this.pool.retireAll(this.task.thread);
      return { kind: "home", result };
    } catch (error) {
      return this.onCrash(error);
    }
  }

  /** What can't be read here is asked for value by value: so it is known which one that is. */
  private async result(bytes: Uint8Array): Promise<ChunkResult> {
    const { range } = this.parts;
    try {
      return decode(bytes) as ChunkResult;
    } catch (error) {
      try {
        const apart = await this.pool.isApart(bytes, this.task);
        return decodeEach(new Uint8Array(apart), this.fragment, range);
      } catch {
        return unreadable(error, this.fragment, range);
      }
    }
  }

  /** A call that computes without an end never comes to see that its time is over: its thread is ended. */
  private checkDeadline(): void {
    const { deadline } = this.progress;
    if (deadline === 0 || now() < deadline + this.fragment.execution.settings.graceMs) return;
    const [held] = this.progress.elementsInFlight();
    if (held === undefined) return;
    this.late = this.timeoutOf(held);
    this.pool.kill(this.task);
  }

  private timeoutOf({ index, step }: InFlightElement): Error {
    const { execution, steps } = this.fragment;
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
    if (this.isStopped) return { kind: "stopped" };
    const isDragged = this.task.isTerminated === true && this.late === undefined;
    const isWaiting = this.task.thread !== undefined && !this.progress.hasStarted && this.task.coTenants.length > 0;
    if (isDragged || isWaiting) return { kind: "dragged" };
    return {
      kind: "lost",
      held: this.progress.elementsInFlight(),
      crowded: this.task.coTenants.some(({ isInFlight: isUnderWay }) => isUnderWay()),
      cause: this.late ?? this.onThreadLost(error),
    };
  }

  private onThreadLost(error: unknown): HypernodesError {
    const code = isError(error) ? readProperty(error, "code") : undefined;
    const exit = isError(error) ? /^worker exited with code: (\d+)$/.exec(messageOf(error)) : null;
    const problem =
      exit !== null
        ? `its thread was ended with exit code ${exit[1]}, as by process.exit()`
        : code === "ERR_WORKER_OUT_OF_MEMORY"
          ? "its thread ran out of memory"
          : `its thread ended with what nobody caught: ${describeChain(error)}`;
    const lost = new HypernodesError({
      code: "THREAD_LOST",
      where: this.fragment.execution.path,
      problem,
      advice:
        code === "ERR_WORKER_OUT_OF_MEMORY"
          ? "Make its parts smaller, or give threads more: @execution({ resourceLimits: { maxOldGenerationSizeMb } })."
          : undefined,
      cause: error,
    });
    return showFramesOf(lost, error);
  }
}

import path from "node:path";
import { type ClassLocation, locationPath } from "../../dsl/class-location.js";
import { getOrCreate } from "../../util/get-or-create.js";
import type { ExecutionContext } from "../execution-context.js";
import { now } from "../lifecycle/events.js";
import type { RunContext } from "../lifecycle/run-context.js";
import type { WorkerPool } from "./pool.js";

/** For each run and module, the start of threads for it. */
const starts = new WeakMap<RunContext, Map<string, ThreadStart>>();

/**
 * The start of the threads that a run waits for. A run emits its events once for a module.
 *
 * @param origin the location of the pipeline's class.
 * @returns undefined if there is no listener, or if a thread has imported the module.
 */
export function startOf(
  pool: WorkerPool,
  execution: ExecutionContext,
  { file }: ClassLocation,
): ThreadStart | undefined {
  const { run } = execution;
  if (run.emit === undefined || file === undefined || pool.hasImported(file)) return undefined;
  const ofRun = getOrCreate(starts, run, () => new Map<string, ThreadStart>());
  return getOrCreate(ofRun, file, () => new ThreadStart(pool, execution, file));
}

/** Emits that threads start and import a pipeline's module, and that the first of them has. */
export class ThreadStart {
  private readonly startedAt = now();
  private readonly threadsBefore: number;
  private state: "new" | "emitted" | "ready" = "new";

  constructor(
    private readonly pool: WorkerPool,
    private readonly execution: ExecutionContext,
    private readonly file: string,
  ) {
    this.threadsBefore = pool.threadCount;
    // When all that can be sent at once has been sent, it is known how many threads that takes.
    setImmediate(() => this.begin());
  }

  private begin(): void {
    const { execution, pool, file } = this;
    if (this.state !== "new" || execution.scope.stopped) return;
    this.state = "emitted";
    const threads = Math.max(0, pool.threadCount - this.threadsBefore);
    execution.run.emit!({
      type: "threads",
      phase: "start",
      ...this.place,
      threads,
      module: path.basename(locationPath(file)),
    });
  }

  /**
   * Something has come from a thread that has imported the module.
   *
   * @param at when it happened there, in milliseconds since the Unix epoch.
   */
  ready(at: number): void {
    if (this.state === "ready") return;
    const { state, execution, startedAt } = this;
    this.state = "ready";
    this.pool.noteImport(this.file);
    if (state === "new") return;
    const { run } = execution;
    const durationMs = Math.max(0, at - startedAt);
    run.forward({ type: "threads", phase: "ready", run: run.id, at, ...this.place, durationMs });
  }

  private get place() {
    const { path, program } = this.execution;
    return { path, name: program.pipeline.name };
  }
}

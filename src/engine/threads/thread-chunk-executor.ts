import type { ThreadLimits } from "../../dsl/pipeline-options.js";
import type { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { encode } from "../../values/codec.js";
import type { ChunkExecutor } from "../chunks/chunk-executor.js";
import { ChunkSizer, THREAD_CHUNK_POLICY } from "../chunks/chunk-sizer.js";
import { MAX_THREADS, threadConcurrency } from "../chunks/concurrency.js";
import { serialisableError } from "../chunks/encode-result.js";
import type { ChunkRangeState, Isolation } from "../chunks/protocol.js";
import type { Stage } from "../chunks/stage.js";
import type { KnownFailure } from "../elements/map-slice.js";
import type { RunningExecution } from "../executor.js";
import { ThreadChunkTask } from "./chunk-task.js";
import { workerPoolFor } from "./thread-pools.js";
import { startOf, type ThreadStart } from "./thread-start.js";

/** By the first step of a stage, the milliseconds that an element took in the last run: the next one need not probe. */
const elementTimes = new WeakMap<Step, number>();

let stageIds = 0;
let taskIds = 0;

/** The encoded data that all chunks of a stage share, as the threads of this process see it. */
export class SharedStageBytes {
  readonly id = ++stageIds;
  readonly memory: SharedArrayBuffer[] = [];
  spec: SharedArrayBuffer | undefined;

  /** No more chunks come: threads may drop the stage. */
  async end(resourceLimits: ThreadLimits | undefined): Promise<void> {
    if (this.spec !== undefined) (await workerPoolFor(resourceLimits)).broadcast({ stageClosed: this.id });
  }
}

/** Computes the chunks of a stage in worker threads of this process. */
export class ThreadChunkExecutor implements ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  readonly maxInFlight: number;
  readonly sizer: ChunkSizer;
  /** Emits that threads start, until the first one has imported the pipeline's module; undefined: no listener, or one has it. */
  private starting: ThreadStart | undefined;

  /** @param shared the bytes of the stage, where several executors share them. */
  constructor(
    private readonly stage: Stage,
    private readonly shared = new SharedStageBytes(),
  ) {
    this.execution = stage.execution;
    this.steps = stage.steps;
    const { maxInFlight } = threadConcurrency(this.execution.settings);
    this.maxInFlight = maxInFlight;
    const workers = () => Math.min(maxInFlight, MAX_THREADS);
    this.sizer = new ChunkSizer(workers, stage.multiple, THREAD_CHUNK_POLICY, elementTimes.get(stage.steps[0]!));
  }

  /**
   * Submits elements, or a node that has none, to a thread.
   *
   * @throws {NodeError} `UNSERIALISABLE`.
   */
  async submit(
    range: ChunkRangeState | undefined,
    elements: readonly ArrayLike<unknown>[],
    isolation: Isolation,
  ): Promise<ThreadChunkTask> {
    const { stage, shared, execution } = this;
    const pool = await workerPoolFor(execution.settings.resourceLimits);
    shared.spec ??= stage.encodeForThreads(shared.memory);
    const elementMemory: SharedArrayBuffer[] = [];
    const bytes =
      range === undefined || elements.length === 0
        ? undefined
        : stage.namingElements(elements, range, 0, () =>
            encode(stage.converted(elements), { unchecked: true, memory: elementMemory, levelsAround: 2 }),
          );
    const known =
      range === undefined || range.known.length === 0
        ? undefined
        : encode(withoutFields(range.known), { unchecked: true });
    const origin = stage.origin();
    this.starting ??= startOf(pool, execution, origin);
    const request = {
      stage: shared.id,
      task: ++taskIds,
      origin,
      spec: shared.spec,
      memory: shared.memory,
      range,
      elements: bytes,
      elementMemory,
      known,
      isolation,
    };
    return new ThreadChunkTask(pool, stage, request, this.starting);
  }

  close(): Promise<void> {
    const { meanMs } = this.sizer;
    if (meanMs !== undefined) elementTimes.set(this.steps[0]!, meanMs);
    return this.shared.end(this.execution.settings.resourceLimits);
  }
}

function withoutFields(known: readonly KnownFailure[]): KnownFailure[] {
  return known.map((each) => ({ ...each, error: serialisableError(each.error) as NodeError }));
}

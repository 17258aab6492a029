import type { Step } from "../../graph/plan.js";
import type { ElementRange } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { InFlightElement } from "../elements/task-progress.js";
import type { RunningExecution } from "../executor.js";
import type { ChunkSizer } from "./chunk-sizer.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult, Isolation } from "./protocol.js";
import type { Stage } from "./stage.js";

/** Computes elements of some steps, in chunks: in threads of this process, or at workers on other hosts. */
export interface ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  /** The maximum number of chunks in flight. It may change meanwhile. */
  readonly maxInFlight: number;
  readonly sizer: Pick<ChunkSizer, "next" | "record" | "limit">;
  /** @throws {NodeError} `UNSERIALISABLE`. */
  submit(range: ChunkRangeState, elements: readonly List[], isolation: Isolation): Promise<ChunkHandle>;
  /**
   * Prepares the executor, if that takes time.
   *
   * @param elements a part's elements of each list; undefined where cached elements were left out before.
   * @returns the chunks that an earlier run has left, if any: they do not overlap, and are in order.
   */
  open?(
    length: number,
    elements: ((part: ElementRange) => readonly List[]) | undefined,
  ): Promise<readonly RestoredChunk[]>;
  /** Closes the executor: no more chunks come. */
  close(): void | Promise<void>;
}

/** A chunk that was computed before. */
export interface RestoredChunk {
  readonly range: ElementRange;
  readonly result: ChunkResult;
}

/** A chunk that was submitted. */
export interface ChunkHandle {
  readonly outcome: Promise<ChunkOutcome>;
  /** The elements in flight, as far as this process knows: their indices within the chunk, and the step of each. */
  inFlight?(): readonly InFlightElement[];
  /** Cancels the chunk. */
  stop(): void;
}

/** Gives a stage the executor of its chunks: the threads of this process, a queue's workers or a pool of hosts. */
export type ChunkExecutorFactory = (stage: Stage) => ChunkExecutor;

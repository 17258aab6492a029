import type { Step } from "../../graph/plan.js";
import type { ElementRange } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { InFlightElement } from "../elements/task-progress.js";
import type { RunningExecution } from "../executor.js";
import type { ChunkSizer } from "./chunk-sizer.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult, Isolation } from "./protocol.js";
import type { Stage } from "./stage.js";

/** Where the elements of some steps are computed: in threads of this process, or by workers elsewhere. */
export interface ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  /** How many visits there may be at once. It may change while they last. */
  readonly maxInFlight: number;
  readonly sizer: Pick<ChunkSizer, "next" | "record" | "limit">;
  /** @throws {NodeError} `UNSERIALISABLE`. */
  submit(range: ChunkRangeState, elements: readonly List[], company: Isolation): Promise<ChunkHandle>;
  /**
   * Gets ready, where that takes its time.
   *
   * @param elements what a part brings of each list; undefined where what is known was left out before.
   * @returns what an earlier run has done, if one left something: parts that do not overlap, in order.
   */
  open?(
    length: number,
    elements: ((part: ElementRange) => readonly List[]) | undefined,
  ): Promise<readonly RestoredChunk[]>;
  /** It will not be visited again. */
  close(): void | Promise<void>;
}

/** Some elements that were computed before. */
export interface RestoredChunk {
  readonly range: ElementRange;
  readonly result: ChunkResult;
}

/** Some elements on their way. */
export interface ChunkHandle {
  readonly outcome: Promise<ChunkOutcome>;
  /** What has begun and not ended, as far as it is known here: indices within the visit, and in which of the steps. */
  inFlight?(): readonly InFlightElement[];
  /** They are not wanted any more. */
  stop(): void;
}

/** Gives a stage the executor of its chunks: the threads of this process, a queue's workers or a pool of hosts. */
export type ChunkExecutorFactory = (stage: Stage) => ChunkExecutor;

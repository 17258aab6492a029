import type { MapQueue, Placement } from "../../dsl/pipeline-options.js";
import type { ChunkExecutor } from "../chunks/chunk-executor.js";
import type { Stage } from "../chunks/stage.js";
import type { RemoteTask } from "./remote-task.js";

/** Does work in other places, for one run. */
export interface HostRegistry {
  /** @returns the record of the outputs. */
  runTask(placement: Placement, task: RemoteTask): Promise<Record<string, unknown>>;
  /** The workers of a queue that take chunks of a stage. */
  queueExecutor(queue: MapQueue, stage: Stage): ChunkExecutor;
  /** A pool of hosts that share the chunks of a stage. */
  hostPoolExecutor(placement: Placement, stage: Stage): ChunkExecutor;
  /** Closes the hosts: the run has ended. @param isDone true if it has its results. */
  close(isDone: boolean): Promise<unknown> | undefined;
}

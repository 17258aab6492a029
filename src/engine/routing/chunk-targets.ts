import type { ChunkExecutor } from "../chunks/chunk-executor.js";
import type { Stage } from "../chunks/stage.js";
import type { HostRegistry } from "../remote/host-registry.js";
import { ThreadChunkExecutor } from "../threads/thread-chunk-executor.js";

import type { ChunkTarget } from "./routes.js";

/** The executor of a stage's chunks on the target of its route. */
export function chunkExecutorFor(stage: Stage, target: ChunkTarget, hosts: HostRegistry | undefined): ChunkExecutor {
  if (target.kind === "threads" || hosts === undefined) return new ThreadChunkExecutor(stage);
  if (target.kind === "hosts") return hosts.hostPoolExecutor(target.placement, stage);
  return hosts.queueExecutor(target.queue, stage);
}

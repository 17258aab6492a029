import os from "node:os";
import type { ExecutionMode } from "../../dsl/pipeline-options.js";
import type { Isolation } from "../chunks/protocol.js";
import { isSerial, type ResolvedExecution } from "../settings.js";

export function isolationFor(mode: ExecutionMode): Isolation {
  return isSerial(mode) ? "serial" : "concurrent";
}

/**
 * The concurrency of a map in threads: the number of tasks in flight, and of elements in flight in each. Two tasks for each
 * thread: when one ends, the other keeps the thread busy.
 */
export function threadConcurrency({ maps, maxWorkers }: ResolvedExecution): {
  readonly maxInFlight: number;
  readonly elementConcurrency: number;
} {
  if (isSerial(maps))
    return { maxInFlight: maxWorkers < MAX_THREADS ? maxWorkers : 2 * MAX_THREADS, elementConcurrency: 1 };
  const maxInFlight = Math.min(2 * MAX_THREADS, maxWorkers);
  return { maxInFlight, elementConcurrency: Math.floor(maxWorkers / maxInFlight) };
}

/** The maximum number of threads that compute at once: one for each core. */
export const MAX_THREADS = os.availableParallelism();

import os from "node:os";
import type { ExecutionMode } from "../../dsl/pipeline-options.js";
import type { Isolation } from "../chunks/protocol.js";
import { isSerial, type ResolvedExecution } from "../settings.js";

export function isolationFor(mode: ExecutionMode): Isolation {
  return isSerial(mode) ? "serial" : "overlapping";
}

/**
 * How a map is spread: how many visits there are at once, and how many elements are under way in each. Two visits to each
 * thread: when one comes to its end, the other keeps the thread busy.
 */
export function threadConcurrency({ maps, maxWorkers }: ResolvedExecution): {
  readonly visitors: number;
  readonly overlapping: number;
} {
  if (isSerial(maps)) return { visitors: maxWorkers < MAX_THREADS ? maxWorkers : 2 * MAX_THREADS, overlapping: 1 };
  const visitors = Math.min(2 * MAX_THREADS, maxWorkers);
  return { visitors, overlapping: Math.floor(maxWorkers / visitors) };
}

/** How many threads compute at once: one for each core. */
export const MAX_THREADS = os.availableParallelism();

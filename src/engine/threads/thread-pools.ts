import type { ExecutionMode, ThreadLimits } from "../../dsl/pipeline-options.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { MAX_THREADS } from "../chunks/concurrency.js";
import { workerContext } from "../lifecycle/worker-context.js";
import { isOfThreads } from "../settings.js";
import type { WorkerPool } from "./pool.js";

const pools = new Map<string, Promise<WorkerPool>>();

/** The pool of the process; one more for each set of limits that somebody asks for. Loaded when it is first needed. */
export function workerPoolFor(resourceLimits: ThreadLimits | undefined): Promise<WorkerPool> {
  return getOrCreate(pools, JSON.stringify(resourceLimits ?? {}), async () => {
    const { WorkerPool } = await import("./pool.js");
    return new WorkerPool(MAX_THREADS, resourceLimits, typeof module === "object");
  });
}

/** Tells if a mode uses threads. In a thread none does: there is no pool inside a pool. */
export function usesThreads(mode: ExecutionMode): boolean {
  return isOfThreads(mode) && !workerContext.isPoolWorker;
}

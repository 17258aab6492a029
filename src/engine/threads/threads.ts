import os from "node:os";
import type { ExecutionMode, ThreadLimits } from "../../dsl/choices.js";
import { remembered } from "../../graph/remembered.js";
import { thread } from "./inside.js";
import type { Pool } from "./pool.js";

/** How many threads compute at once: one for each core. */
export const THREADS = os.availableParallelism();

const pools = new Map<string, Promise<Pool>>();

/** The pool of the process; one more for each set of limits that somebody asks for. Loaded when it is first needed. */
export function poolFor(resourceLimits: ThreadLimits | undefined): Promise<Pool> {
  return remembered(pools, JSON.stringify(resourceLimits ?? {}), async () => {
    const { Pool } = await import("./pool.js");
    return new Pool(THREADS, resourceLimits, typeof module === "object");
  });
}

/** Whether what has this mode goes to threads. In a thread it does not: there is no pool inside a pool. */
export function goesAway(mode: ExecutionMode): boolean {
  return (mode === "threaded" || mode === "parallel") && !thread.isOne;
}

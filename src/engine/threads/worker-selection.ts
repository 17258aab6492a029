import type { Isolation } from "../chunks/protocol.js";

/** A request on its way to a thread, in it, and back. */
export interface InFlightTask {
  readonly isolation: Isolation;
  readonly isInFlight: () => boolean;
  readonly target: number | undefined;
  readonly controller: AbortController;
  readonly promise: Promise<Uint8Array>;
  /** The thread's id, once the task has started. */
  thread: number | undefined;
  /** The other tasks that were in the thread meanwhile. */
  readonly coTenants: InFlightTask[];
  /** True if the pool has terminated its thread, for any reason. */
  isTerminated?: boolean;
  fail?: (error: unknown) => void;
}

/** A thread, and what is in it. */
export interface WorkerState {
  readonly id: number;
  readonly tasks: Set<InFlightTask>;
  /** The number of requests that it has been sent. */
  requests: number;
  hasResources: boolean;
  draining: boolean;
  /** True if it gets no more tasks. */
  retired: boolean;
  idle: NodeJS.Timeout | undefined;
  /** The process may end though the thread has not answered. It waits for it again when it is asked for more. */
  unref(): void;
}

/**
 * Selects the thread of a task: one that has nothing to do; else a new one, if there may be more; else one whose tasks it may
 * run together with.
 *
 * @param waiting all tasks that no thread has yet.
 */
export function selectWorker<W extends { readonly id: number }>(
  task: InFlightTask,
  workers: readonly W[],
  threads: ReadonlyMap<number, WorkerState>,
  waiting: ReadonlySet<InFlightTask>,
  canGrow: boolean,
): W | undefined {
  let chosen: W | undefined;
  let least = Number.POSITIVE_INFINITY;
  // One thread empties for a task that has to be alone: it never would if others came without a pause.
  const isReserved =
    task.isolation !== "exclusive" && [...waiting].some(({ isolation: other }) => other === "exclusive");
  for (const worker of isReserved ? workers.slice(1) : workers) {
    const { tasks: others = NO_TASKS, draining = false, retired = false } = threads.get(worker.id) ?? {};
    if (draining || retired) continue;
    if (others.size === 0) return worker;
    if (others.size >= least || !canShareThread(task, others)) continue;
    chosen = worker;
    least = others.size;
  }
  return canGrow ? undefined : chosen;
}

/** The number of serial tasks in a thread, one of which waits there for its turn: no message is needed to start it. */
const MAX_QUEUED_PER_WORKER = 2;

function canShareThread({ isolation }: InFlightTask, others: ReadonlySet<InFlightTask>): boolean {
  if (isolation === "exclusive" || [...others].some((other) => other.isolation !== isolation)) return false;
  return isolation === "concurrent" || others.size < MAX_QUEUED_PER_WORKER;
}

const NO_TASKS: ReadonlySet<InFlightTask> = new Set();

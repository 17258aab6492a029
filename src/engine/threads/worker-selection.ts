import type { Isolation } from "../chunks/protocol.js";

/** A request on its way to a thread, in it, and back. */
export interface InFlightTask {
  readonly isolation: Isolation;
  readonly isInFlight: () => boolean;
  readonly target: number | undefined;
  readonly controller: AbortController;
  readonly promise: Promise<Uint8Array>;
  /** The thread's id, once it has begun. */
  thread: number | undefined;
  /** What else was in the thread meanwhile. */
  readonly coTenants: InFlightTask[];
  /** Whether we ended its thread, for whatever reason. */
  isTerminated?: boolean;
  fail?: (error: unknown) => void;
}

/** A thread, and what is in it. */
export interface WorkerState {
  readonly id: number;
  readonly tasks: Set<InFlightTask>;
  /** How many requests it has been sent. */
  requests: number;
  hasResources: boolean;
  draining: boolean;
  /** True if no more visits go there. */
  retired: boolean;
  idle: NodeJS.Timeout | undefined;
  /** The process may end though the thread has not answered. It waits for it again when it is asked for more. */
  unref(): void;
}

/**
 * The thread that a visit goes to: one that has nothing to do; else a new one, if there may be more; else one whose visits
 * it goes together with.
 *
 * @param waiting all visits that no thread has yet.
 */
export function selectWorker<W extends { readonly id: number }>(
  visiting: InFlightTask,
  workers: readonly W[],
  threads: ReadonlyMap<number, WorkerState>,
  waiting: ReadonlySet<InFlightTask>,
  canGrow: boolean,
): W | undefined {
  let chosen: W | undefined;
  let least = Number.POSITIVE_INFINITY;
  // One thread empties for whoever has to be alone, and would never be if others came without a pause.
  const isKeptFree = visiting.isolation !== "none" && [...waiting].some(({ isolation: company }) => company === "none");
  for (const worker of isKeptFree ? workers.slice(1) : workers) {
    const { tasks: visits = NO_TASKS, draining: resting = false, retired = false } = threads.get(worker.id) ?? {};
    if (resting || retired) continue;
    if (visits.size === 0) return worker;
    if (visits.size >= least || !canShareThread(visiting, visits)) continue;
    chosen = worker;
    least = visits.size;
  }
  return canGrow ? undefined : chosen;
}

/** Visits that go one after another may wait in the thread for their turn: it then goes on without a word from here. */
const MAX_QUEUED_PER_WORKER = 2;

function canShareThread({ isolation: company }: InFlightTask, others: ReadonlySet<InFlightTask>): boolean {
  if (company === "none" || [...others].some((other) => other.isolation !== company)) return false;
  return company === "overlapping" || others.size < MAX_QUEUED_PER_WORKER;
}

const NO_TASKS: ReadonlySet<InFlightTask> = new Set();

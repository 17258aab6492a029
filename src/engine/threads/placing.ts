import type { Company } from "./protocol.js";

/** A request on its way to a thread, in it, and back. */
export interface Visiting {
  readonly company: Company;
  readonly isUnderWay: () => boolean;
  readonly target: number | undefined;
  readonly controller: AbortController;
  readonly promise: Promise<Uint8Array>;
  /** The thread's id, once it has begun. */
  thread: number | undefined;
  /** What else was in the thread meanwhile. */
  readonly neighbours: Visiting[];
  /** Whether we ended its thread, for whatever reason. */
  killed?: boolean;
  fail?: (error: unknown) => void;
}

/** A thread, and what is in it. */
export interface Thread {
  readonly id: number;
  readonly visits: Set<Visiting>;
  /** How many requests it has been sent. */
  requests: number;
  holds: boolean;
  resting: boolean;
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
export function placeFor<W extends { readonly id: number }>(
  visiting: Visiting,
  workers: readonly W[],
  threads: ReadonlyMap<number, Thread>,
  waiting: ReadonlySet<Visiting>,
  canGrow: boolean,
): W | undefined {
  let chosen: W | undefined;
  let least = Number.POSITIVE_INFINITY;
  // One thread empties for whoever has to be alone, and would never be if others came without a pause.
  const isKeptFree = visiting.company !== "none" && [...waiting].some(({ company }) => company === "none");
  for (const worker of isKeptFree ? workers.slice(1) : workers) {
    const { visits = NOBODY, resting = false, retired = false } = threads.get(worker.id) ?? {};
    if (resting || retired) continue;
    if (visits.size === 0) return worker;
    if (visits.size >= least || !goTogether(visiting, visits)) continue;
    chosen = worker;
    least = visits.size;
  }
  return canGrow ? undefined : chosen;
}

/** Visits that go one after another may wait in the thread for their turn: it then goes on without a word from here. */
const QUEUED = 2;

function goTogether({ company }: Visiting, others: ReadonlySet<Visiting>): boolean {
  if (company === "none" || [...others].some((other) => other.company !== company)) return false;
  return company === "overlapping" || others.size < QUEUED;
}

const NOBODY: ReadonlySet<Visiting> = new Set();

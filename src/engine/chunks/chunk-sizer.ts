/** The policy for the sizes of chunks. */
export interface ChunkPolicy {
  /** Milliseconds that a chunk should take. */
  readonly targetChunkMs: number;
  /** Milliseconds below which a chunk is not worth a task of its own. */
  readonly minChunkMs: number;
  /** The number of elements of the first chunks, while it is not known how long one takes. */
  readonly probeSize: number;
  /** Milliseconds after which such a chunk is returned, though it is not done. */
  readonly probeBudgetMs: number | undefined;
  /** The factor by which the next chunk may be larger than all that was measured. */
  readonly growth: number;
}

const GROWTH = 16;
/** A task in a thread costs about 0.1 ms. */
export const THREAD_CHUNK_POLICY: ChunkPolicy = {
  targetChunkMs: 50,
  minChunkMs: 1,
  probeSize: 256,
  probeBudgetMs: 5,
  growth: GROWTH,
};
/** A chunk takes at most this part of what is left for each worker: so none holds a big last one. */
const TAIL = 2;
/** The maximum weight of earlier chunks in the mean, in chunks. */
const MEMORY = 4;

/**
 * Chooses the number of elements of the next chunk. Guided self-scheduling (Polychronopoulos and Kuck, 1987), bounded by the time
 * that an element was measured to take.
 */
export class ChunkSizer {
  private elementMs: number | undefined;
  private max = Number.POSITIVE_INFINITY;
  /** The most elements in a chunk that was measured. */
  private measured = 0;
  /** The most elements in a chunk while none was measured: a worker's part of all. */
  private share = 0;
  /** The number of elements that the mean stands for. */
  private weight = 0;

  /**
   * @param workers how many chunks are computed at once. It may change.
   * @param multiple chunks begin at multiples of this, so that batches are whole.
   * @param expectedMs the milliseconds that an element took in an earlier run: they hold until one of this run is measured.
   */
  constructor(
    private readonly workers: () => number,
    private readonly multiple: number,
    private readonly pace: ChunkPolicy,
    private readonly expectedMs?: number,
  ) {}

  /** The milliseconds that an element takes, if any was measured. */
  get meanMs(): number | undefined {
    return this.elementMs;
  }

  /** No chunk has more elements from now on. */
  limit(most: number): void {
    this.max = most;
  }

  /**
   * @param left the number of elements that wait.
   * @returns the number of elements of the chunk, and the milliseconds after which it is returned though some are not done.
   */
  next(left: number): { readonly count: number; readonly budgetMs: number | undefined } {
    const { probeSize, probeBudgetMs, targetChunkMs, growth } = this.pace;
    if (this.elementMs !== undefined)
      return { count: this.sizeFor(left, this.elementMs, this.measured * growth), budgetMs: undefined };
    if (this.expectedMs === undefined)
      return { count: this.roundToMultiple(left, Math.min(probeSize, this.guided(left))), budgetMs: probeBudgetMs };
    this.share = Math.max(this.share, Math.ceil(left / this.workers()));
    return { count: this.sizeFor(left, this.expectedMs, this.share), budgetMs: targetChunkMs };
  }

  private sizeFor(left: number, elementMs: number, most: number): number {
    const byTime = Math.min(this.pace.targetChunkMs / elementMs, most);
    const size = Math.max(Math.min(this.guided(left), byTime), Math.min(this.pace.minChunkMs / elementMs, byTime));
    return this.roundToMultiple(left, size);
  }

  private guided(left: number): number {
    return left / (TAIL * this.workers());
  }

  private roundToMultiple(left: number, size: number): number {
    return Math.min(left, Math.max(1, Math.floor(Math.min(size, this.max) / this.multiple)) * this.multiple);
  }

  record(elements: number, ms: number): void {
    const before = Math.min(this.weight, MEMORY * Math.max(this.measured, elements));
    this.weight = before + elements;
    this.elementMs = ((this.elementMs ?? 0) * before + Math.max(ms, 0.001)) / this.weight;
    this.measured = Math.max(this.measured, elements);
  }
}

/**
 * Chooses how many elements of a chunk with a budget are done next, in the thread: few, then as many as there is time for.
 *
 * @param done the number of elements that are done, in `ms` milliseconds.
 * @param stage the multiple that chunks are cut at, and the number of elements in flight at once.
 * @returns 0: its time is over.
 */
export function nextWithinBudget(
  done: number,
  ms: number,
  budgetMs: number,
  { multiple, elementConcurrency }: { readonly multiple: number; readonly elementConcurrency: number },
): number {
  const whole = (size: number) => Math.ceil(size / multiple) * multiple;
  if (done === 0) return whole(elementConcurrency);
  const size = Math.min(done * GROWTH, ((budgetMs - ms) / Math.max(ms, 0.001)) * done);
  return size < 1 ? 0 : whole(size);
}

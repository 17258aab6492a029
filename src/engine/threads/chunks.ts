/** Milliseconds that a chunk should take: a visit costs about 0.1 ms. */
const TARGET_MS = 25;
/** Milliseconds below which a chunk is not worth a visit of its own. */
const LEAST_MS = 1;
/** How much more than all that was measured the next chunk may hold. */
const GROWTH = 16;
/** A chunk takes at most this part of what is left for each visitor: so none holds a big last one. */
const TAIL = 3;
/** How much the newest measurement counts. */
const WEIGHT = 0.5;

/**
 * How many elements the next visit takes. Guided self-scheduling (Polychronopoulos and Kuck, 1987), bounded by the time
 * that an element was measured to take.
 */
export class ChunkSizes {
  private elementMs: number | undefined;
  private measured = 0;

  /**
   * @param visitors how many visits are under way at once.
   * @param multiple chunks begin at multiples of this, so that batches are whole.
   * @param most elements in one chunk.
   */
  constructor(
    private readonly visitors: number,
    private readonly multiple: number,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {}

  /** @param left how many elements wait for a visit. */
  next(left: number): number {
    const { elementMs } = this;
    const share = Math.ceil(left / this.visitors);
    let size = 1;
    if (elementMs !== undefined) {
      const byTime = Math.min(TARGET_MS / elementMs, this.measured * GROWTH);
      const guided = Math.min(byTime, left / (TAIL * this.visitors));
      size = Math.min(share, Math.max(guided, Math.min(LEAST_MS / elementMs, byTime)));
    }
    const whole = Math.max(1, Math.floor(Math.min(size, this.most) / this.multiple)) * this.multiple;
    return Math.min(left, whole);
  }

  took(elements: number, ms: number): void {
    const each = Math.max(ms, 0.001) / elements;
    this.elementMs = this.elementMs === undefined ? each : this.elementMs * (1 - WEIGHT) + each * WEIGHT;
    this.measured = Math.max(this.measured, elements);
  }
}

import { type LongTimeout, startTimeout } from "./long-timeout.js";

/**
 * Decides when gathered entries are flushed: none waits longer than a delay. Code that blocks the event loop lets no timer run,
 * so entries that are due are flushed with the next one.
 */
export class FlushTimer {
  private timer: LongTimeout | undefined;
  /** The time that the delay is counted from. */
  private since: number | undefined;

  /**
   * @param delayMs milliseconds that an entry may wait.
   * @param flush flushes everything that was gathered.
   * @param isEager true if an entry is flushed at once when nothing was flushed for the delay. Else it waits for later ones.
   */
  constructor(
    private readonly delayMs: number,
    private readonly flush: () => void,
    private readonly isEager = false,
  ) {
    this.since = isEager ? Number.NEGATIVE_INFINITY : undefined;
  }

  /** @param isFull true if the entries are flushed now, because of their number or size. */
  add(isFull = false): void {
    const now = performance.now();
    this.since ??= now;
    if (isFull || now - this.since >= this.delayMs) this.fire();
    else this.timer ??= startTimeout(() => this.fire(), this.delayMs).unref();
  }

  /** The entries were flushed in another way, or are not to be flushed. */
  reset(): void {
    this.timer?.clear();
    this.timer = undefined;
    this.since = this.isEager ? performance.now() : undefined;
  }

  private fire(): void {
    this.reset();
    this.flush();
  }
}

/** Milliseconds for which events are gathered, so that many of them go together. */
const FLUSH_INTERVAL_MS = 20;

/**
 * When gathered events go: at once if none went for a while, else after a short time. What computes for long lets no timer
 * run, so what is due goes with the next event.
 */
export class EventBatcher {
  private flushedAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly go: () => void) {}

  add(): void {
    if (performance.now() - this.flushedAt >= FLUSH_INTERVAL_MS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  private flush(): void {
    this.noteFlushed();
    this.go();
  }

  /** All that was gathered has gone. */
  noteFlushed(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flushedAt = performance.now();
  }
}

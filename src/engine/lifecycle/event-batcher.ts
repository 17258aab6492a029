/** Milliseconds for which events are gathered, so that many of them go together. */
const FLUSH_INTERVAL_MS = 20;

/**
 * Decides when events are flushed: at once if none were for a while, else after a short time. A long computation lets no
 * timer run, so events that are due are flushed with the next one.
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

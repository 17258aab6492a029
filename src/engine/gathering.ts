/** Milliseconds for which events are gathered, so that many of them go together. */
const GATHER_MS = 20;

/**
 * When gathered events go: at once if none went for a while, else after a short time. What computes for long lets no timer
 * run, so what is due goes with the next event.
 */
export class Gathering {
  private wentAt = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly go: () => void) {}

  added(): void {
    if (performance.now() - this.wentAt >= GATHER_MS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), GATHER_MS).unref();
  }

  private flush(): void {
    this.went();
    this.go();
  }

  /** All that was gathered has gone. */
  went(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wentAt = performance.now();
  }
}

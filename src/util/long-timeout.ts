/** Maximum delay of Node's timers in milliseconds: a timer with a longer delay fires after one millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

/** A timer for any number of milliseconds, including more than Node's timers allow, and infinity. */
export interface LongTimeout {
  /** Stops the timer. */
  clear(): void;
  /** Allows the process to exit while the timer is active. */
  unref(): this;
}

/** Calls a function once, after a delay in milliseconds. */
export function startTimeout(callback: () => void, ms: number): LongTimeout {
  return new Timer(callback, ms, false);
}

/** Calls a function repeatedly, at an interval in milliseconds. */
export function startInterval(callback: () => void, ms: number): LongTimeout {
  return new Timer(callback, ms, true);
}

/** Resolves after a delay in milliseconds, or when the signal is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = () => {
      timer.clear();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = startTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}

class Timer implements LongTimeout {
  private timer: NodeJS.Timeout | undefined;
  private isUnref = false;

  constructor(
    private readonly callback: () => void,
    private readonly ms: number,
    private readonly isRepeated: boolean,
  ) {
    this.wait(ms);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  unref(): this {
    this.isUnref = true;
    this.timer?.unref();
    return this;
  }

  private wait(ms: number): void {
    const delayMs = Math.min(ms, LONGEST_MS);
    this.timer = setTimeout(() => this.fire(ms - delayMs), delayMs);
    if (this.isUnref) this.timer.unref();
  }

  private fire(remainingMs: number): void {
    if (remainingMs > 0) {
      this.wait(remainingMs);
      return;
    }
    this.timer = undefined;
    if (this.isRepeated) this.wait(this.ms);
    this.callback();
  }
}

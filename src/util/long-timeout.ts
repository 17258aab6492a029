/** Milliseconds, the most that a timer of Node's waits: with more it fires after one. */
const LONGEST_MS = 2 ** 31 - 1;

/** A timer for any number of milliseconds, also more than Node's timers take, or infinitely many. */
export interface LongTimeout {
  /** Stops it: it does not fire any more. */
  clear(): void;
  /** Lets the process end though it is waiting. */
  unref(): this;
}

/** Calls once, after some milliseconds. */
export function startTimeout(callback: () => void, ms: number): LongTimeout {
  return new Timer(callback, ms, false);
}

/** Calls again and again, each time after some milliseconds. */
export function startInterval(callback: () => void, ms: number): LongTimeout {
  return new Timer(callback, ms, true);
}

/** Resolves after some milliseconds, or when the signal is aborted. */
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
    const now = Math.min(ms, LONGEST_MS);
    this.timer = setTimeout(() => this.goOn(ms - now), now);
    if (this.isUnref) this.timer.unref();
  }

  private goOn(leftMs: number): void {
    if (leftMs > 0) {
      this.wait(leftMs);
      return;
    }
    this.timer = undefined;
    if (this.isRepeated) this.wait(this.ms);
    this.callback();
  }
}

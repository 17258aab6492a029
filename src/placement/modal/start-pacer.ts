import { sleep } from "../../util/long-timeout.js";

/** The number of containers that Modal lets a workspace start in a window of milliseconds: five a second, and clocks differ. */
const MAX_STARTS = 5;
const WINDOW_MS = 1_100;

/** Starts of containers, in turn: no more of them in a second than Modal takes. */
export class StartPacer {
  private readonly recent: number[] = Array(MAX_STARTS).fill(Number.NEGATIVE_INFINITY);

  /** Resolves when the next one may start, or at the abort. */
  async next(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.recent.shift()! + WINDOW_MS);
    this.recent.push(at);
    if (at > now) await sleep(at - now, signal);
  }
}

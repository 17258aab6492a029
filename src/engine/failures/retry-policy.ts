import type { NodeOptions, Retries } from "../../dsl/node-options.js";
import { TimeoutError } from "../../errors.js";

/** Tells if a call needs a scope of its own: its failure is not yet the failure of the run. */
export function isGuarded({ retries, timeoutMs, onError }: NodeOptions): boolean {
  return retries !== undefined || timeoutMs !== undefined || onError === "collect";
}

export function timeoutError(where: string, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: "TIMEOUT",
    where,
    problem: `it took longer than its timeoutMs of ${timeoutMs} ms`,
    advice: "Allow it more time, or make it stop by itself on currentRun().signal.",
  });
}

/** Milliseconds between an attempt that failed and the next one. */
export function backoffDelay(attempt: number, { delayMs, factor, maxDelayMs }: Required<Retries>): number {
  return delayMs === 0 ? 0 : Math.min(delayMs * factor ** (attempt - 1), maxDelayMs);
}

export function resolveRetries({ retries = 0 }: NodeOptions): Required<Retries> {
  const { times, delayMs = 100, factor = 2, maxDelayMs } = typeof retries === "number" ? { times: retries } : retries;
  // A first wait that is longer than the longest one by default is meant.
  return { times, delayMs, factor, maxDelayMs: maxDelayMs ?? Math.max(10_000, delayMs) };
}

import { getOrCreate } from "./get-or-create.js";
import { type LongTimeout, startTimeout } from "./long-timeout.js";

const rejections = new WeakMap<AbortSignal, Promise<never>>();

/**
 * A promise that is rejected with the signal's reason when the signal is aborted. There is one promise for a signal, so that
 * many calls add one listener.
 */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return getOrCreate(rejections, signal, () => {
    const rejected = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    rejected.catch(() => {});
    return rejected;
  });
}

/**
 * Waits for a promise for a limited time.
 *
 * @param ms the limit in milliseconds.
 * @param lateError makes the error of a promise that takes longer.
 * @throws the error of `lateError`.
 */
export async function withDeadline<T>(promise: PromiseLike<T>, ms: number, lateError: () => Error): Promise<T> {
  let timer: LongTimeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = startTimeout(() => reject(lateError()), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.clear();
  }
}

/**
 * Waits until a promise has settled, but not longer than a limit. Its error is ignored.
 *
 * @param ms the limit in milliseconds.
 * @returns true if it has settled, false if the time was over before.
 */
export async function settlesWithin(promise: PromiseLike<unknown>, ms: number): Promise<boolean> {
  let timer: LongTimeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = startTimeout(() => resolve(false), ms);
  });
  const settled = () => true;
  try {
    return await Promise.race([promise.then(settled, settled), late]);
  } finally {
    timer?.clear();
  }
}

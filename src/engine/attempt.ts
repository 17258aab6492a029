import type { NodeOptions, Retries } from "../dsl/options.js";
import { TimeoutError } from "../errors.js";
import { type LongTimeout, sleep, startTimeout } from "../util/long-timeout.js";
import { now } from "./events.js";

import { hasChangedInput } from "./failure.js";
import { Scope } from "./scope.js";
import { isPromise } from "./thenable.js";

/** How one call may be repeated and how long it may take. */
export interface Policy {
  readonly where: () => string;
  readonly options: NodeOptions;
  readonly scope: Scope;
  readonly retried: ((error: unknown, attempt: number, delayMs: number) => void) | undefined;
  /** Makes the error that ends it. */
  readonly failed: (error: unknown, attempts: number) => unknown;
}

/** Whether a call needs a scope of its own: its failure is not yet the failure of what is around it. */
export function isGuarded({ retries, timeoutMs, onError }: NodeOptions): boolean {
  return retries !== undefined || timeoutMs !== undefined || onError === "collect";
}

/**
 * Calls, and calls again while it fails and may. A call that returns at once costs no promise.
 *
 * @throws what `failed` makes of the last error.
 */
export function attempt(policy: Policy, call: (scope: Scope) => unknown): unknown {
  const scope = scopeFor(policy);
  let first: unknown;
  try {
    first = call(scope);
  } catch (thrown) {
    const error = endedBy(scope, policy, thrown);
    scope.leave();
    return again(policy, call, error);
  }
  if (!isPromise(first)) {
    scope.leave();
    return first;
  }
  return inTime(policy, scope, () => first).catch((error: unknown) => again(policy, call, error));
}

function again(policy: Policy, call: (scope: Scope) => unknown, error: unknown): unknown {
  const retries = retriesOf(policy.options);
  if (retries.times === 0 || policy.scope.stopped || hasChangedInput(error)) throw policy.failed(error, 1);
  return repeat(policy, call, error, retries);
}

async function repeat(
  policy: Policy,
  call: (scope: Scope) => unknown,
  first: unknown,
  retries: Required<Retries>,
): Promise<unknown> {
  let error = first;
  for (let attempts = 1; attempts <= retries.times; attempts++) {
    const delayMs = delayAfter(attempts, retries);
    policy.retried?.(error, attempts, delayMs);
    await waiting(delayMs, policy.scope);
    if (policy.scope.stopped || hasChangedInput(error)) throw policy.failed(error, attempts);
    const scope = scopeFor(policy);
    try {
      return await inTime(policy, scope, () => call(scope));
    } catch (thrown) {
      error = thrown;
    }
  }
  throw policy.failed(error, retries.times + 1);
}

/** Waits for a call, but no longer than it may take: then its scope is stopped, and it is left to itself. */
async function inTime(policy: Policy, scope: Scope, call: () => unknown): Promise<unknown> {
  const { timeoutMs } = policy.options;
  let timer: LongTimeout | undefined;
  try {
    const value = call();
    if (timeoutMs === undefined || !isPromise(value)) return await value;
    const late = new Promise<never>((_, reject) => {
      timer = startTimeout(() => reject(timeoutError(policy.where(), timeoutMs)), timeoutMs);
    });
    return await Promise.race([value, late]);
  } catch (error) {
    throw endedBy(scope, policy, error);
  } finally {
    timer?.clear();
    scope.leave();
  }
}

/** The scope of one attempt, which knows how long it may take. */
function scopeFor({ scope: outer, options: { timeoutMs }, where }: Policy): Scope {
  const scope = new Scope(outer);
  if (timeoutMs !== undefined) scope.limit(now() + timeoutMs, () => timeoutError(where(), timeoutMs));
  return scope;
}

/** An attempt has failed: what else it has begun is wanted no more. If it was stopped for its time, that is the reason. */
function endedBy(scope: Scope, policy: Policy, error: unknown): unknown {
  if (scope.stopped && !policy.scope.stopped) return scope.reason;
  scope.stop(error);
  return error;
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
export function delayAfter(attempt: number, { delayMs, factor, maxDelayMs }: Required<Retries>): number {
  return delayMs === 0 ? 0 : Math.min(delayMs * factor ** (attempt - 1), maxDelayMs);
}

/** Resolves after some milliseconds, or when the scope is stopped. */
export function waiting(ms: number, scope: Scope): Promise<void> {
  return sleep(ms, scope.signal);
}

export function retriesOf({ retries = 0 }: NodeOptions): Required<Retries> {
  const { times, delayMs = 100, factor = 2, maxDelayMs } = typeof retries === "number" ? { times: retries } : retries;
  // A first wait that is longer than the longest one by default is meant.
  return { times, delayMs, factor, maxDelayMs: maxDelayMs ?? Math.max(10_000, delayMs) };
}

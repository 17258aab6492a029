import type { NodeOptions, Retries } from "../../dsl/node-options.js";
import { withDeadline } from "../../util/deadline.js";
import { isPromise } from "../../util/thenable.js";
import { hasChangedInput } from "../failures/node-errors.js";
import { backoffDelay, resolveRetries, timeoutError } from "../failures/retry-policy.js";
import { CancelScope, sleepUnlessStopped } from "../lifecycle/cancel-scope.js";
import { now } from "../lifecycle/events.js";

/** The retries and the timeout of one call. */
export interface CallPolicy {
  readonly path: () => string;
  readonly options: NodeOptions;
  readonly scope: CancelScope;
  readonly retried: ((error: unknown, attempt: number, delayMs: number) => void) | undefined;
  /** Makes the error that ends it. */
  readonly failed: (error: unknown, attempts: number) => unknown;
}

/**
 * Calls, and calls again while it fails and may. A call that returns at once costs no promise.
 *
 * @throws what `failed` makes of the last error.
 */
export function callWithPolicy(policy: CallPolicy, call: (scope: CancelScope) => unknown): unknown {
  const scope = scopeOfCall(policy);
  let first: unknown;
  try {
    first = call(scope);
  } catch (thrown) {
    const error = stopReason(scope, policy, thrown);
    scope.close();
    return retryAfter(policy, call, error);
  }
  if (!isPromise(first)) {
    scope.close();
    return first;
  }
  return withTimeout(policy, scope, () => first).catch((error: unknown) => retryAfter(policy, call, error));
}

function retryAfter(policy: CallPolicy, call: (scope: CancelScope) => unknown, error: unknown): unknown {
  const retries = resolveRetries(policy.options);
  if (retries.times === 0 || policy.scope.stopped || hasChangedInput(error)) throw policy.failed(error, 1);
  return retryLoop(policy, call, error, retries);
}

async function retryLoop(
  policy: CallPolicy,
  call: (scope: CancelScope) => unknown,
  first: unknown,
  retries: Required<Retries>,
): Promise<unknown> {
  let error = first;
  for (let attempts = 1; attempts <= retries.times; attempts++) {
    const delayMs = backoffDelay(attempts, retries);
    policy.retried?.(error, attempts, delayMs);
    await sleepUnlessStopped(delayMs, policy.scope);
    if (policy.scope.stopped || hasChangedInput(error)) throw policy.failed(error, attempts);
    const scope = scopeOfCall(policy);
    try {
      return await withTimeout(policy, scope, () => call(scope));
    } catch (thrown) {
      error = thrown;
    }
  }
  throw policy.failed(error, retries.times + 1);
}

/** Waits for a call, but no longer than it may take: then its scope is stopped, and it is left to itself. */
async function withTimeout(policy: CallPolicy, scope: CancelScope, call: () => unknown): Promise<unknown> {
  const { timeoutMs } = policy.options;
  try {
    const value = call();
    if (timeoutMs === undefined || !isPromise(value)) return await value;
    return await withDeadline(value, timeoutMs, () => timeoutError(policy.path(), timeoutMs));
  } catch (error) {
    throw stopReason(scope, policy, error);
  } finally {
    scope.close();
  }
}

/** The scope of one attempt, which knows how long it may take. */
function scopeOfCall({ scope: outer, options: { timeoutMs }, path: where }: CallPolicy): CancelScope {
  const scope = new CancelScope(outer);
  if (timeoutMs !== undefined) scope.limit(now() + timeoutMs, () => timeoutError(where(), timeoutMs));
  return scope;
}

/** Stops the scope of a failed attempt. If it was stopped for its time, that is the reason. */
function stopReason(scope: CancelScope, policy: CallPolicy, error: unknown): unknown {
  if (scope.stopped && !policy.scope.stopped) return scope.reason;
  scope.stop(error);
  return error;
}

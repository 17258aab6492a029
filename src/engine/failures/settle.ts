import { isPromise } from "../../util/thenable.js";

/** Calls, and does the same after an end at once as after one that is waited for. */
export function settle(
  call: () => unknown,
  ended: ((value: unknown) => void) | undefined,
  failure: (error: unknown) => unknown,
): unknown {
  const fail = (error: unknown): never => {
    throw failure(error);
  };
  const end =
    ended === undefined
      ? undefined
      : (value: unknown): unknown => {
          ended(value);
          return value;
        };
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return fail(error);
  }
  if (isPromise(value)) return value.then(end, fail);
  return end === undefined ? value : end(value);
}

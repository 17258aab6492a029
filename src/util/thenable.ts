import { types } from "node:util";

const nativeThen = Promise.prototype.then;

/**
 * Converts a value of user code into a native promise, as `await` does; undefined if there is nothing to await. A
 * thenable's `then` is read once and called once, with both callbacks, whatever it returns. It is used once, where the
 * value enters: the code behind it only sees native promises.
 */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (isPrimitive(value)) return undefined;
  let then: unknown;
  try {
    then = (value as { then?: unknown }).then;
    if (typeof then !== "function") return undefined;
    // `await` uses a promise of exactly this class as it is, whatever its `then`.
    if (types.isPromise(value) && value.constructor === Promise) {
      return then === nativeThen ? value : nativeThen.call(value);
    }
  } catch (error) {
    return Promise.reject(error);
  }
  return adopt(value, then as Then);
}

type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => unknown;

function adopt(thenable: object, then: Then): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // As with `await`, it is called after the current code.
    queueMicrotask(() => {
      try {
        then.call(thenable, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Returns a value of user code, or a native promise of it. */
export function adopted(value: unknown): unknown {
  return promiseOf(value) ?? value;
}

/** Tells if a value is neither an object nor a function, so that nothing about it needs to be read. */
export function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return (typeof value !== "object" && typeof value !== "function") || value === null;
}

/** Tells if an adopted value has to be awaited. No code of the value runs. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && types.isPromise(value);
}

/** Handles the rejection of a promise that is not awaited, because it is refused: it must not end the process. */
export function ignoreRejection(value: unknown): void {
  if (isPromise(value)) nativeThen.call(value, undefined, () => {});
}

/** Tells if a record is really something to await: a promise, or an object whose class has `then()`. */
export function isAwaitable(value: unknown): boolean {
  if (isPrimitive(value)) return false;
  if (types.isPromise(value)) return true;
  try {
    return !Object.hasOwn(value as object, "then") && typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

import { types } from "node:util";

const nativeThen = Promise.prototype.then;

/**
 * A native promise of what a value of user code will be, as `await` takes it; undefined if it is not to be waited for. A
 * thenable's `then` is read once and called once, with both callbacks, whatever it returns. Called once, where the value
 * comes in: everything behind has native promises.
 */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (isPrimitive(value)) return undefined;
  let then: unknown;
  try {
    then = (value as { then?: unknown }).then;
    if (typeof then !== "function") return undefined;
    // `await` takes a promise of this very class as it is, whatever `then` was put on it.
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
    // As `await` does: not before what is running now has ended.
    queueMicrotask(() => {
      try {
        then.call(thenable, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** A value of user code, or a native promise of it. */
export function adopted(value: unknown): unknown {
  return promiseOf(value) ?? value;
}

/** Whether a value is neither an object nor a function: nothing about it has to be asked. */
export function isPrimitive(value: unknown): value is string | number | bigint | boolean | symbol | null | undefined {
  return (typeof value !== "object" && typeof value !== "function") || value === null;
}

/** Whether an adopted value has to be waited for. No code of the value's own runs. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && types.isPromise(value);
}

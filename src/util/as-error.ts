import { types } from "node:util";

/** Returns a thrown value as an error: unchanged if it is one. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error || types.isNativeError(thrown)) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error(`a value of type ${typeof thrown} that can't be printed`);
  }
}

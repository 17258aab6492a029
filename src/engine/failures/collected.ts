import { model } from "../../dsl/model.js";
import type { NodeError } from "../../errors.js";

/**
 * Stands in a slot, or in a mapped node's list, for a value that its step could not give: only the engine makes one, so an
 * error that is an ordinary value is never taken for a failure. Nodes and callers see the error itself.
 */
export class CollectedError {
  readonly #error: NodeError;

  constructor(error: NodeError) {
    this.#error = error;
  }

  get error(): NodeError {
    return this.#error;
  }

  /** Tells if a value is one. No code of the value's own runs. */
  static is(value: unknown): value is CollectedError {
    return typeof value === "object" && value !== null && #error in value;
  }

  toJSON(): NodeError {
    return this.#error;
  }

  static fromJSON(error: NodeError): CollectedError {
    return new CollectedError(error);
  }
}

model({ name: "hypernodes/CollectedError" })(CollectedError);

/** Tells if a value is a list in which errors were collected. It may be a long one with few elements, or without methods. */
export function hasCollected(value: unknown): value is unknown[] {
  return Array.isArray(value) && Object.values(value).some(CollectedError.is);
}

/** A value as nodes and callers see it: of a mapped node's list, errors stand where elements have failed. */
export function withErrors(value: unknown): unknown {
  if (CollectedError.is(value)) return value.error;
  if (!hasCollected(value)) return value;
  return value.map((element: unknown) => (CollectedError.is(element) ? element.error : element));
}

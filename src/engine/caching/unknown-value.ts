import type { ContentRef } from "../../cache/content-ref.js";

/** Stands for a value that only a run can know, where it is looked at what a run would do. */
export class Unknown {
  readonly #elements: readonly unknown[] | undefined;

  /** @param elements of the list of a mapped node, those that are known and what stands for the others; undefined: not even how many. */
  constructor(elements?: readonly unknown[]) {
    this.#elements = elements;
  }

  get elements(): readonly unknown[] | undefined {
    return this.#elements;
  }

  /** Tells if a value is one. No code of the value's own runs. */
  static is(value: unknown): value is Unknown {
    return typeof value === "object" && value !== null && #elements in value;
  }
}

export const UNKNOWN = new Unknown();

/** Of some values it is only known in a run what they are. */
export class NotKnown {
  /** @param refs what is known of each; undefined: nothing. */
  constructor(readonly refs: readonly (ContentRef | undefined)[]) {}
}

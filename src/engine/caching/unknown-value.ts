import type { ContentRef } from "../../cache/content-ref.js";

/** Stands for a value that only a run can know, where it is looked at what a run would do. */
export class Unknown {
  /** @param elements of the list of a mapped node, those that are known and what stands for the others; undefined: not even how many. */
  constructor(readonly elements?: readonly unknown[]) {}
}

export const UNKNOWN = new Unknown();

/** Of some values it is only known in a run what they are. */
export class NotKnown {
  /** @param refs what is known of each; undefined: nothing. */
  constructor(readonly refs: readonly (ContentRef | undefined)[]) {}
}

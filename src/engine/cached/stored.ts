import type { Ref } from "../../cache/keys.js";

/** Stands for a value that is in the store, until somebody needs the value itself. */
export class Stored {
  constructor(
    readonly key: string,
    readonly ref: Ref,
  ) {}
}

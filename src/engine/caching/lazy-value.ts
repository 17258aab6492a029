import type { ContentRef } from "../../cache/content-ref.js";

/** Stands for a value that is in the store, until somebody needs the value itself. */
export class LazyValue {
  constructor(
    readonly key: string,
    readonly ref: ContentRef,
  ) {}
}

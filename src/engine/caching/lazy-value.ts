import type { ContentRef } from "../../cache/content-ref.js";

/** Stands for a value that is in the store, until somebody needs the value itself. */
export class LazyValue {
  readonly #key: string;

  constructor(
    key: string,
    readonly ref: ContentRef,
  ) {
    this.#key = key;
  }

  get key(): string {
    return this.#key;
  }

  /** Tells if a value is one. No code of the value's own runs. */
  static is(value: unknown): value is LazyValue {
    return typeof value === "object" && value !== null && #key in value;
  }
}

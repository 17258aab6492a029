import type { Executor } from "./model-files.js";

/** What a text is: some encoders treat questions and passages in different ways. */
export type TextRole = "query" | "passage";

/** Makes texts into dense vectors of length 1. Each thread and container has one of its own. */
export interface SentenceEncoder extends AsyncDisposable {
  /** The number of elements of a vector. */
  readonly dimensions: number;
  /** The executor that its session runs on. */
  readonly executor: Executor;
  /**
   * Encodes a batch of texts.
   *
   * @returns a vector for each text, in their order; of a text without a word, it may be all zeros.
   */
  encode(texts: readonly string[], role: TextRole): Promise<Float32Array[]>;
}

import { E5Encoder } from "./e5-encoder.js";
import type { Executor, ModelFiles } from "./model-files.js";
import { NgramSentenceEncoder } from "./ngram-encoder.js";

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

/**
 * Opens the encoder that checked files are for.
 *
 * @throws {ModelError} for a model or a tokenizer that is damaged, or is not one for the encoder.
 */
export function openEncoder(files: ModelFiles): Promise<SentenceEncoder> {
  return files.kind === "e5" ? E5Encoder.open(files) : NgramSentenceEncoder.open(files);
}

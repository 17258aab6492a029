import { E5Encoder } from "./e5-encoder.js";
import type { ModelFiles } from "./model-files.js";
import { NgramSentenceEncoder } from "./ngram-encoder.js";
import type { SentenceEncoder } from "./sentence-encoder.js";

/**
 * Opens the encoder that checked files are for.
 *
 * @throws {ModelError} for a model or a tokenizer that is damaged, or is not one for the encoder.
 */
export function openEncoder(files: ModelFiles): Promise<SentenceEncoder> {
  return files.kind === "e5" ? E5Encoder.open(files) : NgramSentenceEncoder.open(files);
}

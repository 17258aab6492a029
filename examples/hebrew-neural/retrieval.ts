import { Type } from "class-transformer";
import { ValidateNested } from "class-validator";
import { type Batch, type Each, input, mapOver, node, resource } from "../../src/index.js";
import type { Hit, Passage, Query } from "../hebrew-retrieval/models.js";
import { CANDIDATES, fuseByRank, HebrewRetrieval, rerankByScore } from "../hebrew-retrieval/retrieval.js";
import { DenseIndex } from "./dense-index.js";
import { openEncoder } from "./encoder.js";
import { checkModelFiles, EncoderSettings, type ModelFiles } from "./model-files.js";
import type { SentenceEncoder } from "./sentence-encoder.js";

/** How much the two branches count in the final score: chosen on the Declaration of Human Rights (`choose-weights.ts`). */
const WEIGHTS = { vectors: 0.7, words: 0.3 };
/** Texts that go to the encoder in one call. */
const BATCH = 64;

/**
 * Hybrid retrieval with a sentence encoder in place of the character n-grams: the branch of words of `HebrewRetrieval`, fused with
 * dense vectors from a model in ONNX. `rerank: false` fuses by rank alone. The n-gram branch of the class that it extends is not run,
 * since no output depends on it any more.
 */
export class NeuralHebrewRetrieval extends HebrewRetrieval {
  @input() @ValidateNested() @Type(() => EncoderSettings) model!: EncoderSettings;

  /** Runs each time, wherever the files are: a model that was replaced is another one for the cache. */
  @node("model", { cache: false }) modelFiles(model: EncoderSettings): Promise<ModelFiles> {
    return checkModelFiles(model);
  }

  /** One session for each thread or container. */
  @resource("modelFiles") sentenceEncoder(modelFiles: ModelFiles): Promise<SentenceEncoder> {
    return openEncoder(modelFiles);
  }

  @mapOver("passages", "sentenceEncoder", { batch: BATCH })
  async embedded(passages: Passage[], encoder: SentenceEncoder): Promise<Batch<Float32Array>> {
    return encoder.encode(
      passages.map(({ text }) => text),
      "passage",
    );
  }

  @node("embedded") denseIndex(embedded: Float32Array[]): DenseIndex {
    return new DenseIndex(embedded);
  }

  @mapOver("queries", "sentenceEncoder", { batch: BATCH })
  async embeddedQueries(queries: Query[], encoder: SentenceEncoder): Promise<Batch<Float32Array>> {
    return encoder.encode(
      queries.map(({ text }) => text),
      "query",
    );
  }

  @mapOver("embeddedQueries", "denseIndex", { batch: BATCH })
  byMeaning(queries: Float32Array[], denseIndex: DenseIndex): Batch<Hit[]> {
    return denseIndex.search(queries, CANDIDATES);
  }

  @mapOver(["byWords", "byMeaning"]) override fused(byWords: Hit[], byMeaning: Hit[]): Each<Hit[]> {
    return fuseByRank(byWords, byMeaning);
  }

  @mapOver(["fused", "byWords", "byMeaning"], "rerank")
  override reranked(fused: Hit[], byWords: Hit[], byMeaning: Hit[], rerank: boolean): Each<Hit[]> {
    return rerank ? rerankByScore(fused, byWords, byMeaning, WEIGHTS) : fused;
  }
}

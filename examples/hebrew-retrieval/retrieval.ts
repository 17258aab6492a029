import { Type } from "class-transformer";
import { IsInt, Min, ValidateNested } from "class-validator";
import { type Each, input, mapOver, node, type Output, output, Pipeline, resource } from "../../src/index.js";
import { Bm25, type Terms } from "./bm25.js";
import { evaluate, type Metrics } from "./evaluation.js";
import { type Hit, Passage, type Prediction, Query, ranked } from "./models.js";
import { withoutPrefixes, words } from "./text.js";
import { type Encoder, NgramEncoder, type Vector, VectorIndex } from "./vectors.js";

/** How many passages each branch hands on. */
export const CANDIDATES = 50;
/** What the word without its prefix letters counts beside the word itself. */
const STRIPPED = 0.7;
/** Reciprocal rank fusion: how little the first ranks stand out (Cormack, Clarke and Büttcher 2009). */
const FUSION_K = 60;
/** How much the two branches count in the final score. */
const WEIGHTS = { vectors: 0.7, words: 0.3 };

/**
 * Hybrid retrieval over Hebrew text: a branch of words (BM25) and a branch of character n-grams (vectors), fused by rank
 * and reranked by score. Subclass it: another `encoder`, another `fused`, another `reranked`.
 */
export class HebrewRetrieval extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => Passage) passages!: Passage[];
  @input() @ValidateNested({ each: true }) @Type(() => Query) queries!: Query[];
  @input() @IsInt() @Min(1) topK?: number = 10;
  @input() rerank?: boolean = true;

  @resource() encoder(): Encoder {
    return new NgramEncoder();
  }

  @mapOver("passages") terms(passage: Passage): Each<Terms> {
    return weighted(passage.text);
  }

  @node("terms") wordIndex(terms: Terms[]): Bm25 {
    return new Bm25(terms);
  }

  @mapOver("passages", "encoder") encoded(passage: Passage, encoder: Encoder): Each<Vector> {
    return encoder.encode(passage.text);
  }

  @node("encoded") vectorIndex(encoded: Vector[]): VectorIndex {
    return new VectorIndex(encoded);
  }

  @mapOver("queries", "wordIndex") byWords(query: Query, wordIndex: Bm25): Each<Hit[]> {
    return wordIndex.search(weighted(query.text), CANDIDATES);
  }

  @mapOver("queries", "encoder") encodedQueries(query: Query, encoder: Encoder): Each<Vector> {
    return encoder.encode(query.text);
  }

  @mapOver("encodedQueries", "vectorIndex") byVectors(query: Vector, vectorIndex: VectorIndex): Each<Hit[]> {
    return vectorIndex.search(query, CANDIDATES);
  }

  @mapOver(["byWords", "byVectors"]) fused(byWords: Hit[], byVectors: Hit[]): Each<Hit[]> {
    return fuseByRank(byWords, byVectors);
  }

  @mapOver(["fused", "byWords", "byVectors"], "rerank")
  reranked(fused: Hit[], byWords: Hit[], byVectors: Hit[], rerank: boolean): Each<Hit[]> {
    return rerank ? rerankByScore(fused, byWords, byVectors, WEIGHTS) : fused;
  }

  @output("queries", "reranked", "passages", "topK")
  predictions(queries: Query[], reranked: Hit[][], passages: Passage[], topK: number): Output<Prediction[]> {
    return queries.map((query, i) => ({
      query: query.id,
      hits: reranked[i]!.slice(0, topK).map(({ passage, score }) => ({ id: passages[passage]!.id, score })),
    }));
  }

  @output("queries", "reranked", "passages")
  metrics(queries: Query[], reranked: Hit[][], passages: Passage[]): Output<Metrics> {
    return evaluate(
      queries,
      reranked.map((hits) => hits.map(({ passage }) => passages[passage]!.id)),
    );
  }
}

/** The words of a text with their weights: as written, and without prefix letters. */
export function weighted(text: string): Terms {
  const weights = new Map<string, number>();
  for (const word of words(text)) {
    for (const [stripped, form] of withoutPrefixes(word).entries()) {
      weights.set(form, (weights.get(form) ?? 0) + (stripped === 0 ? 1 : STRIPPED));
    }
  }
  return weights;
}

/** Reciprocal rank fusion of the hits of two branches. */
export function fuseByRank(byWords: readonly Hit[], byVectors: readonly Hit[]): Hit[] {
  const scores = new Map<number, number>();
  for (const hits of [byWords, byVectors]) {
    for (const [rank, { passage }] of hits.entries()) {
      scores.set(passage, (scores.get(passage) ?? 0) + 1 / (FUSION_K + rank + 1));
    }
  }
  return ranked([...scores].map(([passage, score]) => ({ passage, score })));
}

/** The passages of fused hits in the order of their weighted scores in the two branches. */
export function rerankByScore(
  fused: readonly Hit[],
  byWords: readonly Hit[],
  byVectors: readonly Hit[],
  weights: { readonly words: number; readonly vectors: number },
): Hit[] {
  const inWords = relative(byWords);
  const inVectors = relative(byVectors);
  const score = ({ passage }: Hit) =>
    weights.words * (inWords.get(passage) ?? 0) + weights.vectors * (inVectors.get(passage) ?? 0);
  return ranked(fused.map((hit) => ({ passage: hit.passage, score: score(hit) })));
}

/** Each passage's score as a share of the best one's. */
function relative(hits: readonly Hit[]): Map<number, number> {
  const best = hits[0]?.score ?? 1;
  return new Map(hits.map(({ passage, score }) => [passage, score / best]));
}

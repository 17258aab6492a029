/** The pattern of retrieval, with an encoder and an index that only pretend: load, encode, index, retrieve, summarise. */
import {
  type Each,
  input,
  mapOver,
  type Nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../src/index.js";

interface Text {
  readonly id: string;
  readonly text: string;
}
interface Prediction {
  readonly query: string;
  readonly passage: string;
  readonly score: number;
}
export interface Summary {
  readonly total: number;
  readonly uniqueQueries: number;
  readonly averageScore: number;
}

/** Makes a text into a vector of a few letters' counts: the same text always into the same one. */
class MockEncoder {
  encode(text: string): number[] {
    const vector = new Array<number>(8).fill(0);
    for (const letter of text) vector[letter.codePointAt(0)! % 8]!++;
    const norm = Math.hypot(...vector) || 1;
    return vector.map((count) => count / norm);
  }
}

class MockIndex {
  constructor(private readonly entries: readonly { id: string; vector: number[] }[]) {}

  search(query: number[], topK: number): { id: string; score: number }[] {
    return this.entries
      .map(({ id, vector }) => ({ id, score: vector.reduce((sum, value, i) => sum + value * query[i]!, 0) }))
      .sort((a, b) => b.score - a.score || a.id.localeCompare(b.id))
      .slice(0, topK);
  }
}

/** Encodes one passage. */
class EncodePassage extends Pipeline {
  @input() passage!: Text;
  @resource() encoder(): MockEncoder {
    return new MockEncoder();
  }
  @node("passage", "encoder") encoded(passage: Text, encoder: MockEncoder): { id: string; vector: number[] } {
    return { id: passage.id, vector: encoder.encode(passage.text) };
  }
}

/** Answers one query: encode it, find hits, make predictions of them. */
class Retrieve extends Pipeline {
  @input() query!: Text;
  @input() index!: MockIndex;
  @input() topK!: number;
  @resource() encoder(): MockEncoder {
    return new MockEncoder();
  }
  @node("query", "encoder") encoded(query: Text, encoder: MockEncoder): number[] {
    return encoder.encode(query.text);
  }
  @node("encoded", "index", "topK") hits(encoded: number[], index: MockIndex, topK: number) {
    return index.search(encoded, topK);
  }
  @node("query", "hits") predictions(query: Text, hits: { id: string; score: number }[]): Prediction[] {
    return hits.map(({ id, score }) => ({ query: query.id, passage: id, score }));
  }
}

export class HebrewMinimal extends Pipeline {
  @input() passageCount!: number;
  @input() queryCount!: number;
  @input() topK!: number;

  @node("passageCount") passages(count: number): Text[] {
    return Array.from({ length: count }, (_, i) => ({ id: `p${i}`, text: `פסקה מספר ${i} על ירושלים` }));
  }
  @node("queryCount") queries(count: number): Text[] {
    return Array.from({ length: count }, (_, i) => ({ id: `q${i}`, text: `שאלה מספר ${i}: מה נאמר על ירושלים?` }));
  }
  @mapOver("passages", EncodePassage, { passage: "passages" }, "encoded")
  encoded!: Nested<{ id: string; vector: number[] }[]>;

  @node("encoded") index(encoded: { id: string; vector: number[] }[]): MockIndex {
    return new MockIndex(encoded);
  }
  @mapOver("queries", Retrieve, { query: "queries", index: "index", topK: "topK" }, "predictions")
  retrieved!: Nested<Prediction[][]>;

  @mapOver("retrieved") scores(predictions: Prediction[]): Each<number> {
    return predictions.reduce((sum, { score }) => sum + score, 0);
  }
  @output("retrieved") predictions(retrieved: Prediction[][]): Output<Prediction[]> {
    return retrieved.flat();
  }
  @output("predictions", "scores") summary(predictions: Prediction[], scores: number[]): Output<Summary> {
    return {
      total: predictions.length,
      uniqueQueries: new Set(predictions.map(({ query }) => query)).size,
      averageScore: scores.reduce((sum, score) => sum + score, 0) / Math.max(1, predictions.length),
    };
  }
}

import { model } from "../../src/index.js";
import { type Hit, ranked } from "./models.js";
import { Postings } from "./postings.js";

/** Terms with weights: how often, or how surely, each is in a text. */
export type Terms = ReadonlyMap<string, number>;

const K1 = 0.8;
const B = 0.5;

/** An inverted index scored by Okapi BM25 (Robertson and Zaragoza 2009), with weights in the place of counts. */
@model()
export class Bm25 {
  /** The number of each term. */
  private readonly terms = new Map<string, number>();
  private readonly postings: Postings;
  private readonly lengths: Float64Array;
  private readonly averageLength: number;

  constructor(passages: readonly Terms[]) {
    this.lengths = Float64Array.from(passages, (terms) => [...terms.values()].reduce((sum, weight) => sum + weight, 0));
    this.averageLength = this.lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, passages.length);
    for (const terms of passages) {
      for (const term of terms.keys()) if (!this.terms.has(term)) this.terms.set(term, this.terms.size);
    }
    this.postings = new Postings(this.terms.size, (tell) => {
      for (const [passage, terms] of passages.entries()) {
        for (const [term, weight] of terms) tell(this.terms.get(term)!, passage, weight);
      }
    });
  }

  search(query: Terms, limit: number): Hit[] {
    const { starts, passages, weights } = this.postings;
    const scores = new Map<number, number>();
    for (const [text, queryWeight] of query) {
      const term = this.terms.get(text);
      if (term === undefined) continue;
      const count = this.postings.count(term);
      const rarity = Math.log(1 + (this.lengths.length - count + 0.5) / (count + 0.5));
      for (let at = starts[term]!; at < starts[term + 1]!; at++) {
        const [passage, weight] = [passages[at]!, weights[at]!];
        const length = 1 - B + B * (this.lengths[passage]! / this.averageLength);
        const score = queryWeight * rarity * ((weight * (K1 + 1)) / (weight + K1 * length));
        scores.set(passage, (scores.get(passage) ?? 0) + score);
      }
    }
    return ranked(
      [...scores].map(([passage, score]) => ({ passage, score })),
      limit,
    );
  }
}

import { type Hit, ranked } from "./models.js";

/** Terms with weights: how often, or how surely, each is in a text. */
export type Terms = ReadonlyMap<string, number>;

const K1 = 0.8;
const B = 0.5;

/** An inverted index scored by Okapi BM25 (Robertson and Zaragoza 2009), with weights in the place of counts. */
export class Bm25 {
  private readonly postings = new Map<string, { passage: number; weight: number }[]>();
  private readonly lengths: number[];
  private readonly averageLength: number;

  constructor(passages: readonly Terms[]) {
    this.lengths = passages.map((terms) => [...terms.values()].reduce((sum, weight) => sum + weight, 0));
    this.averageLength = this.lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, passages.length);
    for (const [passage, terms] of passages.entries()) {
      for (const [term, weight] of terms) {
        const list = this.postings.get(term);
        if (list === undefined) this.postings.set(term, [{ passage, weight }]);
        else list.push({ passage, weight });
      }
    }
  }

  search(query: Terms, limit: number): Hit[] {
    const scores = new Map<number, number>();
    for (const [term, queryWeight] of query) {
      const list = this.postings.get(term) ?? [];
      const rarity = Math.log(1 + (this.lengths.length - list.length + 0.5) / (list.length + 0.5));
      for (const { passage, weight } of list) {
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

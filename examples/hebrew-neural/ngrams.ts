import { words } from "../hebrew-retrieval/text.js";
import { fnv1a } from "../hebrew-retrieval/vectors.js";

/** Sizes of the character n-grams of a word, with a mark at both of its ends. */
const SIZES = [3, 4];
/** Words whose n-grams are kept: more than a language has in use at once, and a few dozen MB. */
const MAX_WORDS = 100_000;

/** The hashed n-grams of a text: buckets in ascending order, each with a weight that saturates as it is repeated. */
export interface Features {
  readonly buckets: Int32Array;
  readonly weights: Float32Array;
}

/** Splits texts into hashed character n-grams. The n-grams of a word are computed once. */
export class NgramHasher {
  private readonly bucketsOfWord = new Map<string, readonly number[]>();

  /** @param buckets the number of buckets that n-grams are hashed into. */
  constructor(private readonly buckets: number) {}

  /** @returns the features of a text; a text without a word has none. */
  features(text: string): Features {
    const counts = new Map<number, number>();
    for (const word of words(text)) {
      for (const bucket of this.hashWord(word)) counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    const buckets = Int32Array.from(counts.keys()).sort();
    const weights = new Float32Array(buckets.length);
    for (let i = 0; i < buckets.length; i++) {
      const count = counts.get(buckets[i]!)!;
      weights[i] = (2 * count) / (count + 1);
    }
    return { buckets, weights };
  }

  private hashWord(word: string): readonly number[] {
    const known = this.bucketsOfWord.get(word);
    if (known !== undefined) return known;
    const padded = `_${word}_`;
    const buckets: number[] = [];
    for (const size of SIZES) {
      for (let i = 0; i + size <= padded.length; i++) buckets.push(fnv1a(padded.slice(i, i + size)) % this.buckets);
    }
    if (this.bucketsOfWord.size >= MAX_WORDS) this.bucketsOfWord.clear();
    // A word that is longer than any of a language is not likely to come again.
    if (word.length <= 64) this.bucketsOfWord.set(word, buckets);
    return buckets;
  }
}

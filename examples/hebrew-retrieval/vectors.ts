import { model } from "../../src/index.js";
import { type Hit, ranked } from "./models.js";
import { Postings } from "./postings.js";
import { words } from "./text.js";

/** A sparse vector: the dimensions that are not zero, ascending, and their values. */
export interface Vector {
  readonly dimensions: Uint32Array;
  readonly values: Float32Array;
}

/** Makes texts into vectors. */
export interface Encoder {
  encode(text: string): Vector;
}

const BUCKETS = 1 << 18;

/** Character 3- and 4-grams of words, hashed into 2^18 dimensions; counts saturate, so that repetition tells little. */
export class NgramEncoder implements Encoder {
  constructor(private readonly sizes: readonly number[] = [3, 4]) {}

  encode(text: string): Vector {
    const counts = new Map<number, number>();
    for (const word of words(text)) {
      const padded = `_${word}_`;
      for (const size of this.sizes) {
        for (let i = 0; i + size <= padded.length; i++) {
          const bucket = fnv1a(padded.slice(i, i + size)) % BUCKETS;
          counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
        }
      }
    }
    const sorted = [...counts].sort(([a], [b]) => a - b);
    return {
      dimensions: Uint32Array.from(sorted, ([bucket]) => bucket),
      values: Float32Array.from(sorted, ([, count]) => (2 * count) / (count + 1)),
    };
  }
}

/** FNV-1a, 32 bits, over UTF-16 units (Fowler, Noll, Vo), with a final mix of its high bits into the low ones. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Cosine similarity to all passages at once, each dimension weighted by how few passages have it (TF-IDF). */
@model()
export class VectorIndex {
  private readonly postings: Postings;
  private readonly norms: Float32Array;
  private readonly size: number;

  constructor(vectors: readonly Vector[]) {
    this.size = vectors.length;
    this.postings = new Postings(BUCKETS, (tell) => {
      for (const [passage, { dimensions, values }] of vectors.entries()) {
        for (let i = 0; i < dimensions.length; i++) tell(dimensions[i]!, passage, values[i]!);
      }
    });
    this.norms = Float32Array.from(vectors, (vector) => this.norm(vector));
  }

  search(query: Vector, limit: number): Hit[] {
    const { starts, passages, weights } = this.postings;
    const products = new Float64Array(this.size);
    for (const [i, dimension] of query.dimensions.entries()) {
      const weight = query.values[i]! * this.rarity(dimension) ** 2;
      for (let at = starts[dimension]!; at < starts[dimension + 1]!; at++) {
        products[passages[at]!]! += weight * weights[at]!;
      }
    }
    const norm = this.norm(query);
    const hits: Hit[] = [];
    for (const [passage, product] of products.entries()) {
      if (product > 0) hits.push({ passage, score: product / (norm * this.norms[passage]!) });
    }
    return ranked(hits, limit);
  }

  private rarity(dimension: number): number {
    const passages = this.postings.count(dimension);
    return Math.log(1 + (this.size - passages + 0.5) / (passages + 0.5));
  }

  private norm({ dimensions, values }: Vector): number {
    let sum = 0;
    for (const [i, dimension] of dimensions.entries()) sum += (values[i]! * this.rarity(dimension)) ** 2;
    return Math.sqrt(sum);
  }
}

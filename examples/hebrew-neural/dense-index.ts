import { model } from "../../src/index.js";
import type { Hit } from "../hebrew-retrieval/models.js";

/** Bytes of the matrix that are read for all questions before the next ones: they stay in a core's second cache. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Exact search by cosine similarity: all vectors in one flat matrix, which travels and is cached as its bytes. A million passages of
 * 384 dimensions take 1.5 GB.
 */
@model()
export class DenseIndex {
  /** Rows of `dimensions` elements, one for each passage. */
  readonly matrix: Float32Array;
  readonly dimensions: number;

  /**
   * @param vectors of length 1 each, or all zeros: of passages without a word.
   * @throws {RangeError} for vectors of different sizes, and for one that is not of length 1.
   */
  constructor(vectors: readonly Float32Array[]) {
    this.dimensions = vectors[0]?.length ?? 0;
    this.matrix = new Float32Array(vectors.length * this.dimensions);
    for (const [passage, vector] of vectors.entries()) {
      if (vector.length !== this.dimensions)
        throw new RangeError(`vector ${passage} has ${vector.length} elements, and the first one ${this.dimensions}`);
      checkLength(vector, `vector ${passage}`);
      this.matrix.set(vector, passage * this.dimensions);
    }
  }

  /** The number of passages. */
  get size(): number {
    return this.dimensions === 0 ? 0 : this.matrix.length / this.dimensions;
  }

  /**
   * Finds the passages nearest to each of several questions. The matrix is read in blocks, once for all of them.
   *
   * @param limit the number of hits of a question at most.
   * @returns for each question its hits, best first; of equals the earlier passage.
   * @throws {RangeError} for a question of another size than the passages, or not of length 1.
   */
  search(queries: readonly Float32Array[], limit: number): Hit[][] {
    const { matrix, dimensions, size } = this;
    for (const [q, query] of queries.entries()) {
      if (size > 0 && query.length !== dimensions)
        throw new RangeError(`question ${q} has ${query.length} elements, and the passages ${dimensions}`);
      checkLength(query, `question ${q}`);
    }
    const best = queries.map(() => new BestHits(Math.min(limit, size)));
    const rows = Math.max(1, Math.floor(BLOCK_BYTES / (dimensions * 4)));
    for (let from = 0; from < size; from += rows) {
      const end = Math.min(size, from + rows);
      for (const [q, query] of queries.entries()) {
        const hits = best[q]!;
        for (let passage = from; passage < end; passage++) {
          const score = product(matrix, passage * dimensions, query);
          if (score > hits.threshold) hits.add(passage, score);
        }
      }
    }
    return best.map((hits) => hits.sorted());
  }
}

/** Products are cosines only for vectors of length 1; and one that is not a number is never above a threshold. */
function checkLength(vector: Float32Array, name: string): void {
  const length = Math.sqrt(product(vector, 0, vector));
  if (length === 0 || Math.abs(length - 1) < 0.001) return;
  throw new RangeError(`${name} has the length ${length}, and 1 is expected, or 0: see whether the model is damaged`);
}

/** The dot product of a row and a vector, in four sums: each addition waits for one of four before it. */
function product(matrix: Float32Array, from: number, vector: Float32Array): number {
  const { length } = vector;
  const even = length & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < even; i += 4) {
    a += matrix[from + i]! * vector[i]!;
    b += matrix[from + i + 1]! * vector[i + 1]!;
    c += matrix[from + i + 2]! * vector[i + 2]!;
    d += matrix[from + i + 3]! * vector[i + 3]!;
  }
  for (let i = even; i < length; i++) a += matrix[from + i]! * vector[i]!;
  return a + b + (c + d);
}

/** The best hits so far, as a heap with the worst of them at the top. Passages come in ascending order. */
class BestHits {
  /** Only a score above it is among the best. A passage without anything in common with the question is no hit. */
  threshold: number;
  private readonly scores: number[] = [];
  private readonly passages: number[] = [];

  constructor(private readonly limit: number) {
    this.threshold = limit === 0 ? Number.POSITIVE_INFINITY : 0;
  }

  add(passage: number, score: number): void {
    const { scores, passages, limit } = this;
    if (scores.length < limit) {
      scores.push(score);
      passages.push(passage);
      this.up(scores.length - 1);
    } else {
      scores[0] = score;
      passages[0] = passage;
      this.down();
    }
    if (scores.length === limit) this.threshold = scores[0]!;
  }

  sorted(): Hit[] {
    const hits = this.scores.map((score, i) => ({ passage: this.passages[i]!, score }));
    return hits.sort((a, b) => b.score - a.score || a.passage - b.passage);
  }

  private up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.isWorse(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  private down(): void {
    const { length } = this.scores;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= length) return;
      const worse = left + 1 < length && this.isWorse(left + 1, left) ? left + 1 : left;
      if (!this.isWorse(worse, at)) return;
      this.swap(at, worse);
      at = worse;
    }
  }

  /** Of equal scores the later passage is the worse. */
  private isWorse(a: number, b: number): boolean {
    const difference = this.scores[a]! - this.scores[b]!;
    return difference < 0 || (difference === 0 && this.passages[a]! > this.passages[b]!);
  }

  private swap(a: number, b: number): void {
    const { scores, passages } = this;
    [scores[a], scores[b]] = [scores[b]!, scores[a]!];
    [passages[a], passages[b]] = [passages[b]!, passages[a]!];
  }
}

import { model } from "../../src/index.js";
/** Told of each entry: a key, the passage that has it, and with what weight. */
export type Entry = (key: number, passage: number, weight: number) => void;

/** For each key the passages that have it, with their weights: flat arrays, which threads read without a copy. */
@model()
export class Postings {
  /** The entries of key k are those from `starts[k]` to `starts[k + 1]`. */
  readonly starts: Uint32Array;
  readonly passages: Uint32Array;
  readonly weights: Float64Array;

  /**
   * @param keys how many there are: 0 to keys - 1.
   * @param entries tells of all entries, passage by passage; it is asked twice.
   */
  constructor(keys: number, entries: (tell: Entry) => void) {
    this.starts = new Uint32Array(keys + 1);
    entries((key) => this.starts[key + 1]!++);
    for (let key = 0; key < keys; key++) this.starts[key + 1]! += this.starts[key]!;
    const next = this.starts.slice();
    this.passages = new Uint32Array(this.starts[keys]!);
    this.weights = new Float64Array(this.passages.length);
    entries((key, passage, weight) => {
      const at = next[key]!++;
      this.passages[at] = passage;
      this.weights[at] = weight;
    });
  }

  /** How many passages have a key. */
  count(key: number): number {
    return this.starts[key + 1]! - this.starts[key]!;
  }
}

import type { RecordableHistogram } from "node:perf_hooks";
import { onDemand } from "./on-demand.js";

const perfHooks = onDemand<typeof import("node:perf_hooks")>("node:perf_hooks");

/**
 * Maximum number of values that are stored exactly. For more values, a histogram has the percentiles to three digits.
 */
const MAX_EXACT = 1_000;
/** Steps of a histogram, which counts whole numbers, in one unit of the values. */
const STEPS = 1e6;

/** The percentiles of numbers from 0, by nearest rank: each is a number that was added. Memory is bounded. */
export class Percentiles {
  private exact: number[] = [];
  private isSorted = true;
  private histogram: RecordableHistogram | undefined;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    if (this.histogram !== undefined) record(this.histogram, value);
    else if (this.exact.length < MAX_EXACT) {
      this.exact.push(value);
      this.isSorted = false;
    } else this.toHistogram(value);
  }

  /**
   * @param percent from 0 to 100.
   * @returns 0 if nothing was added.
   */
  at(percent: number): number {
    if (this.max < this.min) return 0;
    if (percent <= 0) return this.min;
    if (percent >= 100) return this.max;
    if (this.histogram !== undefined) {
      return Math.min(this.max, Math.max(this.min, this.histogram.percentile(percent) / STEPS));
    }
    if (!this.isSorted) this.exact.sort((a, b) => a - b);
    this.isSorted = true;
    return this.exact[Math.ceil((percent / 100) * this.exact.length) - 1]!;
  }

  private toHistogram(value: number): void {
    this.histogram = perfHooks().createHistogram({ figures: 3 });
    for (const each of this.exact) record(this.histogram, each);
    record(this.histogram, value);
    this.exact = [];
  }
}

function record(histogram: RecordableHistogram, value: number): void {
  histogram.record(Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.round(value * STEPS))));
}

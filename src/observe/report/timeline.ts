import type { RunEvent } from "../../engine/lifecycle/events.js";

/** An interval in which a step was computing, in milliseconds since the Unix epoch. */
export interface BusyInterval {
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
}

/** Maximum number of intervals of a step: more would not be visible. */
const MAX_INTERVALS = 400;

/**
 * The intervals in which a step was computing. Intervals close to each other are merged, so that memory stays bounded
 * for a million calls.
 */
export class Timeline {
  private intervals: BusyInterval[] = [];
  /** Maximum gap in milliseconds between intervals that are merged. */
  private mergeGapMs = 0;

  add({ at, durationMs }: { readonly at: number; readonly durationMs: number }, phase: RunEvent["phase"]): void {
    this.intervals.push({ from: at - durationMs, to: at, failed: phase === "failed" });
    if (this.intervals.length > 2 * MAX_INTERVALS) this.compact();
  }

  /** The intervals in order, those with failures last: drawn in this order, no other one hides them. */
  get segments(): readonly BusyInterval[] {
    this.compact();
    return this.intervals.toSorted((a, b) => Number(a.failed) - Number(b.failed));
  }

  private compact(): void {
    this.intervals.sort((a, b) => a.from - b.from);
    this.merge();
    while (this.intervals.length > MAX_INTERVALS) {
      const spanMs = this.intervals.at(-1)!.to - this.intervals[0]!.from;
      this.mergeGapMs = Math.max(2 * this.mergeGapMs, spanMs / MAX_INTERVALS / 8);
      this.merge();
    }
  }

  private merge(): void {
    const merged: BusyInterval[] = [];
    for (const segment of this.intervals) {
      const last = merged.at(-1);
      if (last !== undefined && last.failed === segment.failed && segment.from - last.to <= this.mergeGapMs) {
        merged[merged.length - 1] = { ...last, to: Math.max(last.to, segment.to) };
      } else merged.push(segment);
    }
    this.intervals = merged;
  }
}

import type { RunEvent } from "../../engine/lifecycle/events.js";

/** An interval in which a step was computing, in milliseconds since the Unix epoch. */
export interface BusyInterval {
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
}

/** Maximum number of intervals of a step: more would not be visible. */
const MOST = 400;

/**
 * The intervals in which a step was computing. Intervals close to each other are merged, so that memory stays bounded
 * for a million calls.
 */
export class Timeline {
  private kept: BusyInterval[] = [];
  /** Maximum gap in milliseconds between intervals that are merged. */
  private mergeGapMs = 0;

  add({ at, durationMs }: { readonly at: number; readonly durationMs: number }, phase: RunEvent["phase"]): void {
    this.kept.push({ from: at - durationMs, to: at, failed: phase === "failed" });
    if (this.kept.length > 2 * MOST) this.compact();
  }

  /** The intervals in order; they overlap only if one of them has a failure. */
  get segments(): readonly BusyInterval[] {
    this.compact();
    return this.kept;
  }

  private compact(): void {
    this.kept.sort((a, b) => a.from - b.from);
    this.merge();
    while (this.kept.length > MOST) {
      const spanMs = this.kept.at(-1)!.to - this.kept[0]!.from;
      this.mergeGapMs = Math.max(2 * this.mergeGapMs, spanMs / MOST / 8);
      this.merge();
    }
  }

  private merge(): void {
    const merged: BusyInterval[] = [];
    for (const segment of this.kept) {
      const last = merged.at(-1);
      if (last !== undefined && last.failed === segment.failed && segment.from - last.to <= this.mergeGapMs) {
        merged[merged.length - 1] = { ...last, to: Math.max(last.to, segment.to) };
      } else merged.push(segment);
    }
    this.kept = merged;
  }
}

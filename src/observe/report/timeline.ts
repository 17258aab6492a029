import type { RunEvent } from "../../engine/lifecycle/events.js";

/** A time in which a step was computing. Milliseconds since the Unix epoch. */
export interface BusyInterval {
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
}

/** How many segments a step keeps at most: more could not be seen. */
const MOST = 400;

/** When a step was computing. Segments that are close to each other become one, so that a million calls need no more room. */
export class Timeline {
  private kept: BusyInterval[] = [];
  /** Milliseconds that may be between segments that become one. */
  private mergeGapMs = 0;

  add({ at, durationMs }: { readonly at: number; readonly durationMs: number }, phase: RunEvent["phase"]): void {
    this.kept.push({ from: at - durationMs, to: at, failed: phase === "failed" });
    if (this.kept.length > 2 * MOST) this.compact();
  }

  /** In order, none overlapping with the next but where one failed. */
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

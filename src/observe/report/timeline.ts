import type { RunEvent } from "../../engine/events.js";

/** A time in which a step was computing. Milliseconds since the Unix epoch. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
}

/** How many segments a step keeps at most: more could not be seen. */
const MOST = 400;

/** When a step was computing. Segments that are close to each other become one, so that a million calls need no more room. */
export class Timeline {
  private kept: Segment[] = [];
  /** Milliseconds that may be between segments that become one. */
  private gapMs = 0;

  add({ at, durationMs }: { readonly at: number; readonly durationMs: number }, phase: RunEvent["phase"]): void {
    this.kept.push({ from: at - durationMs, to: at, failed: phase === "failed" });
    if (this.kept.length > 2 * MOST) this.compact();
  }

  /** In order, none overlapping with the next but where one failed. */
  get segments(): readonly Segment[] {
    this.compact();
    return this.kept;
  }

  private compact(): void {
    this.kept.sort((a, b) => a.from - b.from);
    this.merge();
    while (this.kept.length > MOST) {
      const spanMs = this.kept.at(-1)!.to - this.kept[0]!.from;
      this.gapMs = Math.max(2 * this.gapMs, spanMs / MOST / 8);
      this.merge();
    }
  }

  private merge(): void {
    const merged: Segment[] = [];
    for (const segment of this.kept) {
      const last = merged.at(-1);
      if (last !== undefined && last.failed === segment.failed && segment.from - last.to <= this.gapMs) {
        merged[merged.length - 1] = { ...last, to: Math.max(last.to, segment.to) };
      } else merged.push(segment);
    }
    this.kept = merged;
  }
}

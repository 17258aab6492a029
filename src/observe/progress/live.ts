import type { WriteStream } from "node:tty";
import { createLogUpdate } from "log-update";
import pico from "picocolors";
import stringWidth from "string-width";
import { now } from "../../engine/lifecycle/events.js";
import type { RunStats, StepStats } from "../run-stats.js";
import { type Colors, isProbablySlow, renderFrame, Speeds } from "./render.js";

/** Milliseconds between two frames. */
const FRAME_MS = 80;
/** Time for frames between those, of nodes that start for the first time, in milliseconds: a run may have thousands of nodes. */
const FIRST_FRAMES_MS = 50;

/**
 * Progress bars at the bottom of a terminal. Other output is printed above them, line by line. Frames are drawn by a
 * timer and on events: while the process computes, no timer runs.
 */
export class LiveProgress {
  private readonly update: ReturnType<typeof createLogUpdate>;
  private readonly colors: Colors;
  private readonly speeds = new Speeds();
  private timer: NodeJS.Timeout | undefined;
  private drawnAt = 0;
  private firstFramesMs = 0;
  private isDrawing = false;
  /** True if the last output did not end its line, so that nothing can be drawn. */
  private isMidLine = false;
  private restore: (() => void) | undefined;

  constructor(
    private readonly stream: WriteStream,
    private readonly runs: ReadonlySet<RunStats>,
    color: boolean,
  ) {
    this.update = createLogUpdate(stream);
    this.colors = pico.createColors(color);
  }

  start(): void {
    if (this.restore !== undefined) return;
    const streams = [...new Set([process.stdout, process.stderr, this.stream])].filter(({ isTTY }) => isTTY);
    const restores = streams.map((stream) => this.interceptWrites(stream));
    this.restore = () => {
      for (const restore of restores) restore();
    };
    this.timer = setInterval(() => this.draw(), FRAME_MS).unref();
  }

  refresh(started?: StepStats): void {
    // A synchronous call leaves no time for another frame until it ends.
    const shown = started !== undefined && isProbablySlow(started) ? started : undefined;
    const at = performance.now();
    if (at - this.drawnAt >= FRAME_MS) this.draw(undefined, shown);
    else if (shown?.calls === 0 && shown.running === 1 && this.firstFramesMs < FIRST_FRAMES_MS) {
      this.draw(undefined, shown);
      this.firstFramesMs += performance.now() - at;
    }
  }

  /** Leaves the last frame of a run in place. */
  end(run: RunStats): void {
    this.draw(run);
    this.drawing(() => this.update.done());
    clearInterval(this.timer);
    this.restore?.();
    this.restore = undefined;
  }

  /** @param started a step that is shown although its call has just started. */
  private draw(last?: RunStats, started?: StepStats): void {
    if (this.isMidLine && last === undefined) return;
    this.drawnAt = performance.now();
    // A terminal without a known size has the size 0.
    const { columns, rows } = this.stream;
    const canvas = { columns: columns || 80, rows: rows || 24, colors: this.colors, widthOf: stringWidth };
    const visible = last === undefined ? [...this.runs] : [last];
    const lines = visible.flatMap((run) => renderFrame(run, this.speeds, now(), canvas, started));
    this.drawing(() => this.update(lines.join("\n")));
  }

  /** Replaces the bars by the output that is printed on the stream, and draws them again below it. */
  private interceptWrites(stream: NodeJS.WriteStream): () => void {
    const { write } = stream;
    stream.write = ((chunk: Uint8Array | string, ...rest: unknown[]) => {
      if (!this.isDrawing) {
        if (!this.isMidLine) this.drawing(() => this.update.clear());
        this.isMidLine = chunk.length > 0 && !endsLine(chunk);
      }
      return (write as (...args: unknown[]) => boolean).call(stream, chunk, ...rest);
    }) as typeof stream.write;
    return () => {
      stream.write = write;
    };
  }

  private drawing(draw: () => void): void {
    this.isDrawing = true;
    try {
      draw();
    } finally {
      this.isDrawing = false;
    }
  }
}

function endsLine(chunk: Uint8Array | string): boolean {
  const last = chunk[chunk.length - 1];
  return last === "\n" || last === 10;
}

import { now } from "../../engine/lifecycle/events.js";
import { escapeControls } from "../../util/control-characters.js";
import { formatCount, formatDuration } from "../../util/format.js";
import { type LongTimeout, startInterval } from "../../util/long-timeout.js";
import type { RunStats } from "../run-stats.js";
import { pace, progressOf, Speeds, startsOf } from "./render.js";

/** Progress as plain lines: for files, pipes, and the logs of CI. */
export class PlainProgress {
  private readonly speeds = new Speeds();
  private timer: LongTimeout | undefined;
  private writtenAt = performance.now();
  /** The runs whose starting threads were printed. */
  private readonly hasToldStart = new WeakSet<RunStats>();

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly tallies: ReadonlySet<RunStats>,
    private readonly everyMs: number,
  ) {}

  begin(): void {
    this.writtenAt = performance.now();
    this.timer ??= startInterval(() => this.happened(), this.everyMs).unref();
  }

  happened(): void {
    // Starting threads are printed at once, unless nothing is printed before the end.
    const isStarting = [...this.tallies].some((tally) => startsOf(tally).length > 0 && !this.hasToldStart.has(tally));
    const isDue = performance.now() - this.writtenAt >= this.everyMs;
    if (!isDue && !(isStarting && this.everyMs !== Number.POSITIVE_INFINITY)) return;
    this.writtenAt = performance.now();
    for (const tally of this.tallies) {
      if (startsOf(tally).length > 0) this.hasToldStart.add(tally);
      this.stream.write(`${line(tally, this.speeds)}\n`);
    }
  }

  end(tally: RunStats): void {
    this.timer?.clear();
    this.timer = undefined;
    const { name, durationMs, state } = tally;
    const told = maps(tally, this.speeds);
    const end = `${state === "failed" ? "failed" : "done"} in ${formatDuration(durationMs)}`;
    this.stream.write(`${escapeControls(`${name}: ${[end, ...told].join("; ")}`)}\n`);
  }
}

function line(tally: RunStats, speeds: Speeds): string {
  const running = tally.treeOrder().filter(({ kind, running }) => kind !== "map" && running > 0);
  const told = [...startsOf(tally), ...maps(tally, speeds), ...running.map(({ name }) => `${name} under way`)];
  return escapeControls(`${tally.name}: ${[formatDuration(now() - tally.startedAt), ...told].join("; ")}`);
}

function maps(tally: RunStats, speeds: Speeds): string[] {
  return tally
    .treeOrder()
    .filter(({ kind }) => kind === "map")
    .map((step) => {
      const { path, cached, failed } = step;
      const name = path.startsWith(`${tally.name}.`) ? path.slice(tally.name.length + 1) : path;
      const told = [
        progressOf(step),
        ...pace(step, tally, speeds, now()),
        cached > 0 && `${formatCount(cached)} cached`,
        failed > 0 && `${formatCount(failed)} failed`,
      ].filter(Boolean);
      return `${name} ${told.join(", ")}`;
    });
}

import { now } from "../../engine/lifecycle/events.js";
import { escapeControls } from "../../util/control-characters.js";
import { formatCount, formatDuration } from "../../util/format.js";
import { type LongTimeout, startInterval } from "../../util/long-timeout.js";
import type { RunStats, StepStats } from "../run-stats.js";
import { pace, progressOf, Speeds, startsOf } from "./render.js";

/** Progress as plain lines: for files, pipes, and the logs of CI. */
export class PlainProgress {
  private readonly speeds = new Speeds();
  private timer: LongTimeout | undefined;
  private writtenAt = performance.now();
  /** The runs whose starting threads were printed. */
  private readonly printedStarts = new WeakSet<RunStats>();

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly runs: ReadonlySet<RunStats>,
    private readonly everyMs: number,
  ) {}

  start(): void {
    this.writtenAt = performance.now();
    this.timer ??= startInterval(() => {
      if (this.isDue) this.write();
    }, this.everyMs).unref();
  }

  private get isDue(): boolean {
    return performance.now() - this.writtenAt >= this.everyMs;
  }

  refresh(): void {
    // Starting threads are printed at once, unless nothing is printed before the end.
    const isStarting = [...this.runs].some((run) => startsOf(run).length > 0 && !this.printedStarts.has(run));
    if (!this.isDue && !(isStarting && this.everyMs !== Number.POSITIVE_INFINITY)) return;
    // The next node may be synchronous, and leave no time for another line: the line is to name it.
    if (![...this.runs].every(isBetweenNodes)) this.write();
  }

  private write(): void {
    this.writtenAt = performance.now();
    for (const run of this.runs) {
      if (startsOf(run).length > 0) this.printedStarts.add(run);
      this.stream.write(`${line(run, this.speeds)}\n`);
    }
  }

  end(run: RunStats): void {
    this.timer?.clear();
    this.timer = undefined;
    const { name, durationMs, state } = run;
    const parts = maps(run, this.speeds);
    const end = `${state === "failed" ? "failed" : "done"} in ${formatDuration(durationMs)}`;
    this.stream.write(`${escapeControls(`${name}: ${[end, ...parts].join("; ")}`)}\n`);
  }
}

function line(run: RunStats, speeds: Speeds): string {
  const running = run.treeOrder().filter(({ kind, running }) => kind !== "map" && running > 0);
  const parts = [...startsOf(run), ...maps(run, speeds), ...running.map(({ name }) => `${name} running`)];
  return escapeControls(`${run.name}: ${[formatDuration(now() - run.startedAt), ...parts].join("; ")}`);
}

/** Tells if nothing is in progress, as when one node has ended and the next has not started. */
function isBetweenNodes(run: RunStats): boolean {
  return startsOf(run).length === 0 && [...run.steps.values()].every(isIdle);
}

function isIdle({ kind, running, done, elements }: StepStats): boolean {
  return kind === "map" ? done >= elements : running === 0;
}

function maps(run: RunStats, speeds: Speeds): string[] {
  return run
    .treeOrder()
    .filter(({ kind }) => kind === "map")
    .map((step) => {
      const { path, cached, failed } = step;
      const name = path.startsWith(`${run.name}.`) ? path.slice(run.name.length + 1) : path;
      const parts = [
        progressOf(step),
        ...pace(step, run, speeds, now()),
        cached > 0 && `${formatCount(cached)} cached`,
        failed > 0 && `${formatCount(failed)} failed`,
      ].filter(Boolean);
      return `${name} ${parts.join(", ")}`;
    });
}

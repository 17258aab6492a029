import type { WriteStream } from "node:tty";
import type { RunEvent } from "../../engine/lifecycle/events.js";
import { checkNoMore, checkOptions, hasMethods, isFlag, numberAbove, type RulesOf, that } from "../../util/options.js";
import { observerFactories, type RunObserver } from "../run-observer.js";
import { RunStats, type StepStats, stepPath } from "../run-stats.js";

/**
 * Options of `progress`.
 *
 * @example
 * ```ts
 * const options: ProgressOptions = { stream: process.stdout, everyMs: 10_000 };
 * await pipeline.run(inputs, { onEvent: progress(options) });
 * ```
 */
export interface ProgressOptions {
  /**
   * The stream to print on.
   *
   * @default process.stderr, so that stdout contains only the program's own output
   */
  readonly stream?: {
    /**
     * Writes text, like the streams of Node.
     *
     * @param text the text to print.
     * @returns anything; the result is ignored.
     */
    write(text: string): unknown;
  };
  /**
   * Turns all output off.
   *
   * @default false
   */
  readonly quiet?: boolean;
  /**
   * Interval between plain lines without a terminal, in milliseconds. `Infinity` prints none before the end.
   *
   * @default 3_000
   */
  readonly everyMs?: number;
}

const PROGRESS_RULES: RulesOf<ProgressOptions> = {
  stream: that("a stream that can be written to", (value) => hasMethods(value, "write")),
  quiet: isFlag,
  everyMs: numberAbove(0, "milliseconds above 0"),
};

type Stream = NonNullable<ProgressOptions["stream"]>;

/** A display of runs in progress. */
interface Display {
  start(): void;
  /** @param started the step of which a call starts with this event; it may keep the process busy until it ends. */
  refresh(started?: StepStats): void;
  end(run: RunStats): void;
}

/**
 * Creates an observer that shows the progress of runs: on a terminal, a bar for each mapped node with rate, remaining
 * time, cached and failed elements, and spinners for slow nodes, threads and containers; otherwise, and in CI, a plain
 * line every few seconds. While a synchronous node computes, nothing is redrawn: its row is drawn when it starts. Output of nodes is printed above the bars. `NO_COLOR` turns off colors, `quiet` all output.
 *
 * @param options see {@link ProgressOptions}.
 * @returns an observer for `onEvent`.
 * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid.
 *
 * @example
 * ```ts
 * await pipeline.run(inputs, { onEvent: progress() });
 * ```
 */
export function progress(options?: ProgressOptions): RunObserver;
export function progress(options: ProgressOptions = {}, ...more: unknown[]): RunObserver {
  checkNoMore("progress({ ... })", more);
  checkOptions("progress()", options, PROGRESS_RULES);
  const { stream = process.stderr, quiet = false, everyMs = 3_000 } = options;
  if (quiet) return { onEvent() {} };
  const byRun = new Map<string, RunStats>();
  const runs = new Set<RunStats>();
  let active: Display | undefined;
  return {
    async onBeforeRun() {
      active ??= await display(stream, runs, everyMs);
    },
    onEvent(event) {
      let run = byRun.get(event.run);
      if (run === undefined) {
        run = new RunStats();
        byRun.set(event.run, run);
        runs.add(run);
        active?.start();
      }
      run.add(event);
      active?.refresh(startedStep(run, event));
      if (run.state === "running") return;
      byRun.delete(event.run);
      active?.end(run);
      runs.delete(run);
      if (runs.size > 0) active?.start();
    },
  };
}

observerFactories(progress);

/** Returns the node or the resource of which a call starts. A map has a row of its own before its elements start. */
function startedStep(run: RunStats, event: RunEvent): StepStats | undefined {
  if ((event.type !== "node" && event.type !== "resource") || event.phase !== "start") return undefined;
  return run.steps.get(stepPath(event));
}

async function display(stream: Stream, runs: ReadonlySet<RunStats>, everyMs: number): Promise<Display> {
  const { CI, TERM, NO_COLOR } = process.env;
  const isLive = (stream as Partial<WriteStream>).isTTY === true && !CI && TERM !== "dumb";
  if (isLive) {
    const { LiveProgress } = await import("./live.js");
    return new LiveProgress(stream as Stream & WriteStream, runs, !NO_COLOR);
  }
  const { PlainProgress } = await import("./lines.js");
  return new PlainProgress(stream as NodeJS.WritableStream, runs, everyMs);
}

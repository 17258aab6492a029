import type { WriteStream } from "node:tty";
import { checkOptions, hasMethods, isFlag, numberAbove, type RulesOf, that } from "../../util/options.js";
import { observerFactories, type RunObserver } from "../run-observer.js";
import { RunStats } from "../run-stats.js";

/** How progress is shown. */
export interface ProgressOptions {
  /** Where it is shown. Default: stderr, so that what a program prints on stdout stays clean. */
  readonly stream?: {
    /** Takes a piece of text, as the streams of Node do. */
    write(text: string): unknown;
  };
  /** Shows nothing. */
  readonly quiet?: boolean;
  /** Milliseconds between plain lines, where there is no terminal. Default: 3,000; `Infinity`: none before the end. */
  readonly everyMs?: number;
}

const PROGRESS_RULES: RulesOf<ProgressOptions> = {
  stream: that("a stream that can be written to", (value) => hasMethods(value, "write")),
  quiet: isFlag,
  everyMs: numberAbove(0, "milliseconds above 0"),
};

type Stream = NonNullable<ProgressOptions["stream"]>;

/** What shows the tallies of runs under way. */
interface Shown {
  begin(): void;
  happened(): void;
  end(tally: RunStats): void;
}

/**
 * Shows how far runs are: on a terminal bars, one for each map, with rate, time left, cached and failed elements, spinners for
 * long nodes, threads and containers; elsewhere, and in CI, a plain line every few seconds. What nodes print stands above the
 * bars. `NO_COLOR` takes the colours away, `quiet` everything.
 *
 * @example
 * ```ts
 * await pipeline.run(inputs, { onEvent: progress() });
 * ```
 */
export function progress(options: ProgressOptions = {}): RunObserver {
  checkOptions("progress()", options, PROGRESS_RULES);
  const { stream = process.stderr, quiet = false, everyMs = 3_000 } = options;
  if (quiet) return {};
  const byRun = new Map<string, RunStats>();
  const tallies = new Set<RunStats>();
  let shown: Shown | undefined;
  return {
    async onBeforeRun() {
      shown ??= await display(stream, tallies, everyMs);
    },
    onEvent(event) {
      let tally = byRun.get(event.run);
      if (tally === undefined) {
        tally = new RunStats();
        byRun.set(event.run, tally);
        tallies.add(tally);
        shown?.begin();
      }
      tally.add(event);
      shown?.happened();
      if (tally.state === "running") return;
      byRun.delete(event.run);
      shown?.end(tally);
      tallies.delete(tally);
      if (tallies.size > 0) shown?.begin();
    },
  };
}

observerFactories(progress);

async function display(stream: Stream, tallies: ReadonlySet<RunStats>, everyMs: number): Promise<Shown> {
  const { CI, TERM, NO_COLOR } = process.env;
  const isLive = (stream as Partial<WriteStream>).isTTY === true && !CI && TERM !== "dumb";
  if (isLive) {
    const { LiveProgress } = await import("./live.js");
    return new LiveProgress(stream as Stream & WriteStream, tallies, !NO_COLOR);
  }
  const { PlainProgress } = await import("./lines.js");
  return new PlainProgress(stream as NodeJS.WritableStream, tallies, everyMs);
}

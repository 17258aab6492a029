import type { RunEvent } from "../../engine/lifecycle/events.js";
import { checkNoMore } from "../../util/options.js";
import { widthOf } from "../../util/terminal.js";
import { isKnown } from "../event-kinds.js";
import { type ObserverHooks, observerFactories } from "../run-observer.js";
import { RunStats, type StepStats, stepPath } from "../run-stats.js";
import { reportPage } from "./page.js";
import { type ReportRow, table } from "./table.js";
import { type BusyInterval, Timeline } from "./timeline.js";
import { waterfall } from "./waterfall.js";

/** Longer bars are harder to read. */
const MAX_WATERFALL = 100;

/**
 * Report of the most recently observed run, as text or HTML.
 *
 * @example
 * ```ts
 * const seen: Report = report();
 * await pipeline.run(inputs, { onEvent: seen });
 * console.log(seen.table());
 * ```
 */
export interface Report extends ObserverHooks {
  /** One row per step, in tree order. */
  readonly rows: readonly ReportRow[];
  /**
   * Renders the rows as a table: calls, cached, failed, times, bytes. Columns for which there is no room are left out,
   * and then names are cut off; the summary above the table is always complete.
   *
   * @param columns width of the text in columns; default: that of the terminal, if standard output is one, or no limit.
   * @returns lines of text.
   */
  table(columns?: number): string;
  /**
   * Renders the times at which each step was computing, as bars.
   *
   * @param columns width of the text in columns; default: that of the terminal, if standard output is one, at most 100.
   * @returns lines of text.
   */
  waterfall(columns?: number): string;
  /**
   * Renders the table and the bars as one self-contained HTML page.
   *
   * @returns an HTML document.
   */
  toHtml(): string;
  /**
   * Renders a summary of the run, the table and the bars.
   *
   * @param columns width of the text in columns; default: that of the terminal, if standard output is one.
   * @returns lines of text.
   */
  toString(columns?: number): string;
}

/**
 * Creates an observer that records a run and renders a report of it.
 *
 * @returns an observer for `onEvent` with the methods of {@link Report}.
 * @throws {HypernodesError} `BAD_OPTION`, if an argument is passed.
 *
 * @example
 * ```ts
 * const seen = report();
 * await pipeline.run(inputs, { onEvent: seen });
 * console.log(seen.table());
 * await writeFile("run.html", seen.toHtml());
 * ```
 */
export function report(): Report;
export function report(...more: unknown[]): Report {
  checkNoMore("report()", more);
  return new RunReport();
}

observerFactories(report);

/**
 * Creates the report of a run from its events.
 *
 * @param events the events of one run, as `readEvents` returns them.
 * @returns the report.
 * @throws {HypernodesError} `BAD_OPTION`, if another argument is passed.
 *
 * @example
 * ```ts
 * console.log(reportOf(readEvents("run.jsonl")).table());
 * ```
 */
export function reportOf(events: Iterable<RunEvent>): Report;
export function reportOf(events: Iterable<RunEvent>, ...more: unknown[]): Report {
  checkNoMore("reportOf(events)", more);
  const read = new RunReport();
  for (const event of events) read.onEvent(event);
  return read;
}

class RunReport implements Report {
  private run = new RunStats();
  private timelines = new Map<string, Timeline>();

  onEvent(event: RunEvent): void {
    if (!isKnown(event)) return;
    if (event.type === "run" && event.phase === "start") {
      this.run = new RunStats();
      this.timelines = new Map();
    }
    this.run.add(event);
    if (!("durationMs" in event) || event.type === "run" || event.type === "map" || event.type === "threads") return;
    if (event.type === "container" && event.phase === "start") return;
    const path = stepPath(event);
    let timeline = this.timelines.get(path);
    if (timeline === undefined) {
      timeline = new Timeline();
      this.timelines.set(path, timeline);
    }
    timeline.add(event, event.phase);
  }

  get rows(): readonly ReportRow[] {
    return this.run.treeOrder().map((step) => rowOf(step, this.timelines.get(step.path)?.segments ?? []));
  }

  table(columns = widthOf(process.stdout)): string {
    return table(this.run, this.rows, columns);
  }

  waterfall(columns = Math.min(MAX_WATERFALL, widthOf(process.stdout))): string {
    return waterfall(this.run, this.rows, columns);
  }

  toHtml(): string {
    return reportPage(this.run, this.rows);
  }

  toString(columns = widthOf(process.stdout)): string {
    return `${this.table(columns)}\n\n${this.waterfall(Math.min(MAX_WATERFALL, columns))}`;
  }
}

function rowOf(step: StepStats, segments: readonly BusyInterval[]): ReportRow {
  const { running: _running, lastStartedAt: _last, elements: _elements, done: _done, durations, ...row } = step;
  return { ...row, p50Ms: durations.at(50), p95Ms: durations.at(95), maxMs: durations.at(100), segments };
}

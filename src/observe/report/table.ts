import { escapeControls } from "../../util/control-characters.js";
import { formatBytes, formatCount, formatDuration } from "../../util/format.js";
import type { RunStats, StepStats } from "../run-stats.js";
import { renderColumns } from "./columns.js";
import type { BusyInterval } from "./timeline.js";

/**
 * Statistics of one step of a run over all its calls. Times are in milliseconds.
 *
 * @example
 * ```ts
 * const slowest = (rows: readonly ReportRow[]) => rows.toSorted((a, b) => b.computeMs - a.computeMs)[0];
 * console.log(slowest(seen.rows)?.path);
 * ```
 */
export interface ReportRow {
  /** Path without indices: `Corpus.essays[].count`. */
  readonly path: string;
  /** Last part of the path. */
  readonly name: string;
  /** Kind of the step. */
  readonly kind: StepStats["kind"];
  /** Number of pipelines and maps that contain the step. */
  readonly depth: number;
  /** Number of computed calls, including failed ones; a batch is one call. */
  readonly calls: number;
  /** Number of elements, or calls of a node, whose value was cached. */
  readonly cached: number;
  /** Number of failed elements, or of failed calls of a node. */
  readonly failed: number;
  /** Number of failed attempts that were retried. */
  readonly retried: number;
  /** Total time of its calls, in milliseconds; concurrent calls each count in full. */
  readonly computeMs: number;
  /** Time spent waiting to start (for a slot, a thread or a resource) plus retry delays, in milliseconds. */
  readonly waitMs: number;
  /** Median time of one call, in milliseconds. */
  readonly p50Ms: number;
  /** 95th percentile of the time of one call, in milliseconds. */
  readonly p95Ms: number;
  /** Longest time of one call, in milliseconds. */
  readonly maxMs: number;
  /** Bytes read from the cache. */
  readonly bytesRead: number;
  /** Bytes written to the cache. */
  readonly bytesStored: number;
  /** Start of the first call or map, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** End of the last call or map, in milliseconds since the Unix epoch. */
  readonly endedAt: number;
  /** Intervals in which it was computing. */
  readonly segments: readonly BusyInterval[];
}

const HEAD = ["node", "calls", "cached", "failed", "total", "p50", "p95", "max", "wait", "bytes"];
/** The columns of a report without rows, too. */
const ALWAYS = new Set(HEAD.slice(0, 2));

/** The columns that a narrow terminal has no room for, the least important first. */
const OMITTED = ["bytes", "wait", "p50", "p95", "max", "cached", "total", "failed"];
/** A shorter name is useless. */
const MIN_NAME = 8;

/**
 * Formats the rows of the table, and its header. Columns without any value are left out: all ten are wider than many
 * terminals.
 *
 * @param omitted other columns to leave out.
 */
export function tableCells(
  rows: readonly ReportRow[],
  omitted: readonly string[] = [],
): { readonly head: string[]; readonly body: string[][] } {
  const all = rows.map((row) => [label(row), ...cells(row)]);
  const isShown = (_: string, i: number) =>
    ALWAYS.has(HEAD[i]!) || (!omitted.includes(HEAD[i]!) && all.some((row) => row[i] !== ""));
  return { head: HEAD.filter(isShown), body: all.map((row) => row.filter(isShown)) };
}

function cells(row: ReportRow): string[] {
  const time = (ms: number) => (row.calls === 0 ? "" : formatDuration(ms));
  const some = (value: number) => (value === 0 ? "" : formatCount(value));
  const { bytesRead, bytesStored } = row;
  return [
    formatCount(row.calls),
    some(row.cached),
    some(row.failed),
    ...[row.computeMs, row.p50Ms, row.p95Ms, row.maxMs].map(time),
    row.waitMs >= 1 ? formatDuration(row.waitMs) : "",
    [bytesRead > 0 && `${formatBytes(bytesRead)} read`, bytesStored > 0 && `${formatBytes(bytesStored)} stored`]
      .filter(Boolean)
      .join(", "),
  ];
}

/** Summarizes a run in one line. */
export function summary({ name, state, durationMs, threads, containersSeen, error }: RunStats): string {
  const parts = [
    state === "running"
      ? "still running"
      : `${state === "failed" ? "failed after" : "done in"} ${formatDuration(durationMs)}`,
    threads.size > 0 && `${threads.size} ${threads.size === 1 ? "thread" : "threads"}`,
    containersSeen.size > 0 && `${containersSeen.size} ${containersSeen.size === 1 ? "container" : "containers"}`,
    error?.message.split("\n")[0],
  ];
  return escapeControls(`${name}: ${parts.filter(Boolean).join(" · ")}`);
}

export function label({ kind, name, depth }: Pick<ReportRow, "kind" | "name" | "depth">): string {
  const text = kind === "resource" || kind === "container" ? `${name} (${kind})` : name;
  return `${"  ".repeat(depth)}${escapeControls(text)}`;
}

/** @param columns maximum width of the rows; the summary above them is never cut off. */
export function table(run: RunStats, rows: readonly ReportRow[], columns: number): string {
  return [summary(run), "", renderRows(rows, columns)].join("\n");
}

function renderRows(rows: readonly ReportRow[], columns: number): string {
  let { text, width } = renderTable(rows, []);
  for (let omitted = 1; width > columns && omitted <= OMITTED.length; omitted++) {
    ({ text, width } = renderTable(rows, OMITTED.slice(0, omitted)));
  }
  if (width <= columns) return text;
  const counts = renderTable(rows, OMITTED, MIN_NAME).width - MIN_NAME;
  return renderTable(rows, OMITTED, Math.max(MIN_NAME, columns - counts)).text;
}

function renderTable(rows: readonly ReportRow[], omitted: readonly string[], firstWidth?: number) {
  const { head, body } = tableCells(rows, omitted);
  const aligns = head.map((heading) => (heading === "node" || heading === "bytes" ? "left" : "right"));
  const text = renderColumns(body, aligns, head, firstWidth);
  return { text, width: text.split("\n").find((line) => line.startsWith("─"))?.length ?? 0 };
}

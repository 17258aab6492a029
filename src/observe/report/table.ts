import { escapeControls } from "../../util/control-characters.js";
import { formatBytes, formatCount, formatDuration } from "../../util/format.js";
import type { RunStats, StepStats } from "../run-stats.js";
import { renderColumns } from "./columns.js";
import type { BusyInterval } from "./timeline.js";

/** A step of a run, all its calls together. Times in milliseconds. */
export interface ReportRow {
  /** Its place without indices: `Corpus.essays[].count`. */
  readonly path: string;
  readonly name: string;
  readonly kind: StepStats["kind"];
  /** How many pipelines and maps it is in. */
  readonly depth: number;
  /** Calls that were computed, well or not; a batch is one. */
  readonly calls: number;
  /** Elements, or calls of a node, whose value was remembered. */
  readonly cached: number;
  readonly failed: number;
  /** Attempts that failed and were followed by another. */
  readonly retried: number;
  /** What its calls took in all: of calls that overlap, each counts. */
  readonly computeMs: number;
  /** For how long it could have begun and did not (for a turn, a thread, a resource), and pauses between attempts. */
  readonly waitMs: number;
  /** The time of one call: the median, that of 95 in 100, the longest. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** What came from the cache, and what went there. */
  readonly bytesRead: number;
  readonly bytesStored: number;
  /** When it began, and when it ended. Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** When it was computing. */
  readonly segments: readonly BusyInterval[];
}

export const HEAD = ["node", "calls", "cached", "failed", "total", "p50", "p95", "max", "wait", "bytes"];

/** What a row says, in the order of the head. */
export function cells(row: ReportRow): string[] {
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

/** How a run went, in a line. */
export function summary({ name, state, durationMs, threads, containersSeen, error }: RunStats): string {
  const told = [
    state === "running"
      ? "still running"
      : `${state === "failed" ? "failed after" : "done in"} ${formatDuration(durationMs)}`,
    threads.size > 0 && `${threads.size} ${threads.size === 1 ? "thread" : "threads"}`,
    containersSeen.size > 0 && `${containersSeen.size} ${containersSeen.size === 1 ? "container" : "containers"}`,
    error?.message.split("\n")[0],
  ];
  return escapeControls(`${name}: ${told.filter(Boolean).join(" · ")}`);
}

export function label({ kind, name, depth }: Pick<ReportRow, "kind" | "name" | "depth">): string {
  const text = kind === "resource" || kind === "container" ? `${name} (${kind})` : name;
  return `${"  ".repeat(depth)}${escapeControls(text)}`;
}

export function table(tally: RunStats, rows: readonly ReportRow[]): string {
  const aligns = HEAD.map((_, i) => (i === 0 || i === HEAD.length - 1 ? "left" : "right"));
  const text = renderColumns(
    rows.map((row) => [label(row), ...cells(row)]),
    aligns,
    HEAD,
  );
  return [summary(tally), "", text].join("\n");
}

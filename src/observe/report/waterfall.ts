import { formatDuration } from "../../util/format.js";
import type { RunStats } from "../run-stats.js";
import { renderColumns } from "./columns.js";
import { label, type ReportRow } from "./table.js";

/** Number of columns for names and times beside the bars. */
const BESIDE = 44;
const NAMES = 30;
/** In a narrower terminal names get a share of a line. */
const ROOMY = 64;
const NAME_SHARE = 0.35;
const MIN_NAME = 8;
const MIN_BAR = 8;

/**
 * Renders the intervals of each step: `█` for computing, `▒` if some of it failed, `·` between its start and its end.
 */
export function waterfall(run: RunStats, steps: readonly ReportRow[], width: number): string {
  const times = steps.map((step) => formatDuration(step.endedAt - step.startedAt));
  const names = width >= ROOMY ? NAMES : Math.max(MIN_NAME, Math.floor(width * NAME_SHARE));
  const beside = width >= ROOMY ? BESIDE : names + 6 + Math.max(0, ...times.map((time) => time.length));
  const cells = Math.max(MIN_BAR, width - beside);
  const { startedAt, elapsedMs: spanMs } = run;
  const cell = (at: number) => Math.min(cells - 1, Math.max(0, Math.floor(((at - startedAt) / spanMs) * cells)));
  const rows = steps.map((step, i) => {
    const bar = new Array<string>(cells).fill(" ");
    bar.fill("·", cell(step.startedAt), cell(step.endedAt) + 1);
    for (const { from, to, failed } of step.segments) bar.fill(failed ? "▒" : "█", cell(from), cell(to) + 1);
    return [shortened(label(step), names), `│${bar.join("")}│`, times[i]!];
  });
  const scale = ["", ` 0${formatDuration(spanMs).padStart(cells - 1)} `, ""];
  return renderColumns([scale, ...rows], ["left", "left", "right"]);
}

function shortened(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}

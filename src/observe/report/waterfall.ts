import { formatDuration } from "../../util/format.js";
import type { RunStats } from "../run-stats.js";
import { renderColumns } from "./columns.js";
import { label, type ReportRow } from "./table.js";

/** Number of columns for names and times beside the bars. */
const BESIDE = 44;
const NAMES = 30;

/**
 * Renders the intervals of each step: `█` for computing, `▒` if some of it failed, `·` between its start and its end.
 */
export function waterfall(run: RunStats, steps: readonly ReportRow[], width: number): string {
  const cells = Math.max(10, width - BESIDE);
  const { startedAt, elapsedMs: spanMs } = run;
  const cell = (at: number) => Math.min(cells - 1, Math.max(0, Math.floor(((at - startedAt) / spanMs) * cells)));
  const rows = steps.map((step) => {
    const bar = new Array<string>(cells).fill(" ");
    bar.fill("·", cell(step.startedAt), cell(step.endedAt) + 1);
    for (const { from, to, failed } of step.segments) bar.fill(failed ? "▒" : "█", cell(from), cell(to) + 1);
    return [shortened(label(step)), `│${bar.join("")}│`, formatDuration(step.endedAt - step.startedAt)];
  });
  const scale = ["", ` 0${formatDuration(spanMs).padStart(cells - 1)} `, ""];
  return renderColumns([scale, ...rows], ["left", "left", "right"]);
}

function shortened(text: string): string {
  const letters = [...text];
  return letters.length <= NAMES ? text : `${letters.slice(0, NAMES - 1).join("")}…`;
}

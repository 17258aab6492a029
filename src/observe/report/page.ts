import { escapeHtml } from "../../util/escape-html.js";
import { formatDuration } from "../../util/format.js";
import type { RunStats } from "../run-stats.js";
import { label, type ReportRow, summary, tableCells } from "./table.js";

/** Renders the report as one HTML page without scripts or external files. */
export function reportPage(run: RunStats, rows: readonly ReportRow[]): string {
  const { head, body } = tableCells(rows);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(run.name)}: run report</title>
<style>${STYLE}</style>
<main>
<h1><bdi>${escapeHtml(run.name)}</bdi></h1>
<p>${escapeHtml(summary(run))}</p>
<p class="run">run ${escapeHtml(run.id)}</p>
<h2>Steps</h2>
<div class="wide"><table>
<thead><tr>${head.map((heading) => `<th scope="col">${heading}</th>`).join("")}</tr></thead>
<tbody>
${rows.map((row, i) => tableRow(row, body[i]!.slice(1))).join("\n")}
</tbody></table></div>
<h2>Waterfall</h2>
<div class="falls">
${bars(run, rows)}
</div>
</main>
</html>
`;
}

function tableRow(row: ReportRow, cells: readonly string[]): string {
  const name = `<th scope="row" style="padding-inline-start:${0.5 + row.depth * 1.2}em" title="${escapeHtml(row.path)}"><bdi>${escapeHtml(label(row).trim())}</bdi></th>`;
  const isFailed = row.failed > 0 ? ' class="failed"' : "";
  return `<tr${isFailed}>${name}${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
}

function bars(run: RunStats, steps: readonly ReportRow[]): string {
  const { startedAt, elapsedMs: spanMs } = run;
  const x = (at: number) => Math.min(1_000, Math.max(0, ((at - startedAt) / spanMs) * 1_000));
  const rect = (from: number, to: number, style: string) =>
    `<rect class="${style}" x="${x(from).toFixed(2)}" width="${Math.max(1, x(to) - x(from)).toFixed(2)}" y="2" height="12"/>`;
  const rows = steps.map((step) => {
    const bars = step.segments.map(({ from, to, failed }) => rect(from, to, failed ? "bad" : "busy"));
    const title = `${step.path}: ${formatDuration(step.endedAt - step.startedAt)}`;
    return `<div class="fall"><span class="name" style="padding-inline-start:${step.depth * 1.2}em"><bdi>${escapeHtml(label(step).trim())}</bdi></span><svg viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(title)}"><title>${escapeHtml(title)}</title>${rect(step.startedAt, step.endedAt, "span")}${bars.join("")}</svg><span>${formatDuration(step.endedAt - step.startedAt)}</span></div>`;
  });
  return [
    `<div class="fall scale"><span></span><span class="ends"><span>0</span><span>${formatDuration(spanMs)}</span></span><span></span></div>`,
    ...rows,
  ].join("\n");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2128; --dim: #59636e; --line: #d1d9e0; --ground: #fff; --busy: #1f6feb; --bad: #cf222e; --span: #d8e4f5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --ground: #0d1117; --busy: #4493f8; --bad: #f85149; --span: #1b2a41 } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif }
main { max-width: 1100px; margin: 0 auto; padding: 24px }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 8px } p { margin: 4px 0 } .run { color: var(--dim); font-size: 12px }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: end; padding: 3px 8px; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child { text-align: start; font-weight: 500 } thead th { color: var(--dim); font-weight: 500 }
.failed th, .failed td:nth-child(4) { color: var(--bad) }
.fall { display: grid; grid-template-columns: minmax(120px, 220px) 1fr 80px; gap: 12px; align-items: center }
.fall .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.fall svg { width: 100%; height: 16px } .fall > span:last-child { text-align: end; color: var(--dim); font-variant-numeric: tabular-nums }
.ends { display: flex; justify-content: space-between; color: var(--dim) }
.span { fill: var(--span) } .busy { fill: var(--busy) } .bad { fill: var(--bad) }
`;

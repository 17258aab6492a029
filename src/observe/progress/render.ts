import type { createColors } from "picocolors";
import { escapeControls } from "../../util/control-characters.js";
import { formatClock, formatCount, formatRate } from "../../util/format.js";
import type { RunStats, StepStats } from "../run-stats.js";

export type Colors = ReturnType<typeof createColors>;

/** Size and properties of a terminal. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly colors: Colors;
  /** Display width of a text in columns. */
  readonly widthOf: (text: string) => number;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPIN_MS = 100;
/** Nodes that end sooner than this are never shown, in milliseconds. */
const LONG_MS = 250;
/** A thread with an event within this time counts as busy, in milliseconds. */
const BUSY_MS = 2_000;
/** Maximum widths of a bar and of a name; in a narrow terminal, their shares of a line. */
const BAR = 20;
const NAMES = 28;
const ROOMY = 60;
const BAR_SHARE = 0.15;
const NAME_SHARE = 0.4;
const MIN_TITLE = 8;
/** A shorter bar is useless. */
const MIN_BAR = 4;

/**
 * Renders a run as lines for a terminal. The lines rendered at its end stay.
 *
 * @param started a step that is shown although its call has just started.
 */
export function renderFrame(
  run: RunStats,
  speeds: Speeds,
  at: number,
  canvas: Terminal,
  started?: StepStats,
): string[] {
  const { colors } = canvas;
  const steps = run.treeOrder().filter((step) => step === started || isShown(step, run, at));
  const room = Math.max(1, canvas.rows - 3);
  const shown = steps.length <= room ? steps : selectVisible(steps, room);
  const lines = shown.map((step) =>
    step.kind === "map" ? bar(step, run, speeds, at, canvas) : spinner(step, at, canvas),
  );
  const hidden = steps.length - shown.length;
  if (hidden > 0) lines.push(colors.dim(truncate(`  … and ${hidden} more`, lineWidth(canvas), canvas)));
  return [header(run, at, canvas), ...lines];
}

function header(run: RunStats, at: number, canvas: Terminal): string {
  const { colors } = canvas;
  const { name, state, containers } = run;
  const busy = [...run.threads.values()].filter(
    (lastEventAt) => state !== "running" || at - lastEventAt < BUSY_MS,
  ).length;
  const time = formatClock(state === "running" ? at - run.startedAt : run.durationMs);
  const starts = startsOf(run);
  const parts = [
    time,
    ...starts,
    busy > 0 && `${busy} ${busy === 1 ? "thread" : "threads"}`,
    ...(containers.size > 1
      ? [`${containers.size} containers`]
      : [...containers].map((id) => `container ${escapeControls(id)}`)),
  ].filter((part) => part !== false);
  const sign = state === "running" ? colors.cyan(spin(at)) : state === "ended" ? colors.green("✔") : colors.red("✖");
  const room = lineWidth(canvas) - 3 - time.length;
  // The reason for waiting is more important than the end of a long name.
  const [wait = ""] = starts;
  const title = truncate(
    escapeControls(name),
    wait === "" ? room : Math.max(Math.min(MIN_TITLE, room), room - 3 - canvas.widthOf(wait)),
    canvas,
  );
  const shown = parts.map((text, priority) => ({ text: colors.dim(text), priority }));
  return truncateParts(`${sign} ${colors.bold(title)}`, shown, colors.dim(" · "), canvas);
}

/** Describes the starting threads of a run: `starting 4 threads`, `loading corpus.ts`. */
export function startsOf({ state, starting }: RunStats): string[] {
  if (state !== "running") return [];
  return [...starting.values()].flatMap(({ threads, module }) => [
    ...(threads === 0 ? [] : [`starting ${threads} ${threads === 1 ? "thread" : "threads"}`]),
    `loading ${escapeControls(module)}`,
  ]);
}

function spin(at: number): string {
  return SPINNER[Math.floor(at / SPIN_MS) % SPINNER.length]!;
}

/** Maps are always shown; other steps while one of their calls is slow. */
function isShown({ kind, running, lastStartedAt }: StepStats, { state }: RunStats, at: number): boolean {
  if (kind === "map") return true;
  return kind !== "container" && state === "running" && running > 0 && at - lastStartedAt >= LONG_MS;
}

/** Tells if the call of a node that starts may take long: its first one, or one of a node whose calls have taken long. */
export function isProbablySlow({ calls, computeMs }: StepStats): boolean {
  return calls === 0 || computeMs / calls >= LONG_MS;
}

/** Selects the steps in progress if there is no room for all, in their order. */
function selectVisible(steps: readonly StepStats[], room: number): StepStats[] {
  const active = steps.filter((step) => step.done < step.elements);
  const selected = new Set([...active, ...steps].slice(0, Math.max(0, room - 1)));
  return steps.filter((step) => selected.has(step));
}

function spinner({ name, depth, kind, lastStartedAt }: StepStats, at: number, canvas: Terminal): string {
  const { colors } = canvas;
  const time = formatClock(at - lastStartedAt);
  const before = indent(depth, canvas);
  const text = `${kind === "resource" ? "building " : ""}${escapeControls(name)}`;
  const shown = truncate(text, lineWidth(canvas) - before.length - 3 - time.length, canvas);
  return `${before}${colors.cyan(spin(at))} ${shown} ${colors.dim(time)}`;
}

function bar(step: StepStats, run: RunStats, speeds: Speeds, at: number, canvas: Terminal): string {
  const { colors } = canvas;
  const { elements, done, cached, failed, retried } = step;
  const share = elements === 0 ? 1 : Math.min(1, done / elements);
  const paint = failed > 0 ? colors.yellow : done >= elements ? colors.green : colors.cyan;
  const room = lineWidth(canvas);
  // In a narrow terminal the least important parts are dropped first.
  const parts = [
    { text: truncate(progressOf(step), room, canvas), priority: 0 },
    !isUnbounded(step) && { text: `${Math.floor(share * 100)}%`, priority: 3 },
    ...pace(step, run, speeds, at).map((text) => ({ text, priority: text.startsWith("ETA") ? 4 : 5 })),
    cached > 0 && { text: colors.dim(`${formatCount(cached)} cached`), priority: 2 },
    failed > 0 && { text: colors.red(`${formatCount(failed)} failed`), priority: 1 },
    retried > 0 && { text: colors.yellow(`${formatCount(retried)} retried`), priority: 6 },
  ].filter((part) => part !== false);
  const isRoomy = room >= ROOMY;
  // Failures are more important than the end of a name, and than a bar.
  const failures = failed > 0 && isRoomy ? 2 + `${formatCount(failed)} failed`.length : 0;
  const counts = parts[0]!.text.length + failures;
  const names = Math.min(isRoomy ? NAMES : Math.floor(room * NAME_SHARE), room - counts - 1);
  const width = isRoomy ? BAR : Math.floor(room * BAR_SHARE);
  const hasBar = width >= MIN_BAR && names + width + counts + 2 <= room;
  const filled = isUnbounded(step) ? 0 : Math.round(share * width);
  const line = hasBar ? [`${paint("█".repeat(filled))}${colors.dim("░".repeat(width - filled))}`] : [];
  const name = truncate(`${indent(step.depth, canvas)}${escapeControls(step.name)}`, names, canvas);
  return truncateParts([padded(name, names, canvas), ...line].join(" "), parts, "  ", canvas);
}

/** Formats progress as `3/12`; for a stream, whose number of elements is unknown, as `3`. */
export function progressOf(step: StepStats): string {
  return isUnbounded(step) ? formatCount(step.done) : `${formatCount(step.done)}/${formatCount(step.elements)}`;
}

function isUnbounded({ elements, done, running }: StepStats): boolean {
  return elements === 0 && done + running > 0;
}

/** Formats the rate and, while the step is running, the remaining time. */
export function pace(step: StepStats, { state }: RunStats, speeds: Speeds, at: number): string[] {
  const { elements, done, cached, startedAt, endedAt } = step;
  if (done >= elements || isUnbounded(step) || state !== "running") {
    const computed = done - cached;
    return computed > 0 && endedAt > startedAt ? [formatRate((computed / (endedAt - startedAt)) * 1_000)] : [];
  }
  const perSecond = speeds.of(step, at);
  if (perSecond <= 0) return [];
  return [formatRate(perSecond), `ETA ${formatClock(((elements - done) / perSecond) * 1_000)}`];
}

/** In a narrow terminal, deeply nested steps are not indented any further. */
function indent(depth: number, canvas: Terminal): string {
  return "  ".repeat(Math.min(depth + 1, Math.max(0, Math.floor(lineWidth(canvas) / 10))));
}

/**
 * Number of columns of a line: a line that fills the last column wraps in some terminals, and could not be overwritten.
 */
function lineWidth({ columns }: Terminal): number {
  return Math.max(1, columns - 1);
}

function padded(text: string, width: number, { widthOf }: Terminal): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Removes colors from a text, and truncates it to `width` columns. */
function truncate(text: string, width: number, { widthOf }: Terminal): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return "";
  let shown = "";
  for (const { segment } of graphemes.segment(text)) {
    if (widthOf(`${shown}${segment}…`) > width) break;
    shown += segment;
  }
  return `${shown}…`;
}

/**
 * A part of a line about a step or a run. If there is no room for all, parts of the lowest priority are dropped first.
 */
interface LinePart {
  readonly text: string;
  readonly priority: number;
}

/** Renders a line with as many parts as there is room for, in their order. */
function truncateParts(start: string, parts: readonly LinePart[], separator: string, canvas: Terminal): string {
  const lineOf = (shown: readonly LinePart[]) =>
    [start, shown.map(({ text }) => text).join(separator)].filter((text) => text !== "").join(" ");
  const selected = new Set<LinePart>();
  for (const part of [...parts].sort((a, b) => a.priority - b.priority)) {
    selected.add(part);
    if (canvas.widthOf(lineOf(parts.filter((each) => selected.has(each)))) > lineWidth(canvas)) selected.delete(part);
  }
  return lineOf(parts.filter((part) => selected.has(part)));
}

/** Milliseconds over which a speed is measured. */
const OVER_MS = 10_000;

/** Speeds of maps, measured over the last seconds. Cached elements do not count. */
export class Speeds {
  private readonly samples = new Map<StepStats, { readonly at: number; readonly computed: number }[]>();

  /** Returns elements per second. */
  of(step: StepStats, at: number): number {
    const computed = step.done - step.cached;
    const samples = this.samples.get(step) ?? [{ at: step.startedAt, computed: 0 }];
    this.samples.set(step, samples);
    while (samples.length > 1 && at - samples[1]!.at > OVER_MS) samples.shift();
    const first = samples[0]!;
    if (at - samples.at(-1)!.at >= OVER_MS / 50) samples.push({ at, computed });
    return at > first.at ? ((computed - first.computed) / (at - first.at)) * 1_000 : 0;
  }
}

import type { createColors } from "picocolors";
import { clock, count, rate } from "../../quantities.js";
import { escapeControls } from "../../util/control-characters.js";
import type { StepTally, Tally } from "../tally.js";

export type Colors = ReturnType<typeof createColors>;

/** How much there is to draw on. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly colors: Colors;
  /** The display width of a text in columns. */
  readonly widthOf: (text: string) => number;
}

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPIN_MS = 100;
/** Nodes that are done sooner than this are never shown. */
const LONG_MS = 250;
/** A thread that was heard of within this time is counted as busy. */
const BUSY_MS = 2_000;
const BAR = 20;
const NAMES = 28;

/** A run as lines for a terminal. At its end these are the lines that stay. */
export function frame(tally: Tally, speeds: Speeds, at: number, canvas: Canvas): string[] {
  const { colors } = canvas;
  const steps = tally.inOrder().filter((step) => isShown(step, tally, at));
  const room = Math.max(1, canvas.rows - 3);
  const shown = steps.length <= room ? steps : mostTelling(steps, room);
  const lines = shown.map((step) =>
    step.kind === "map" ? bar(step, tally, speeds, at, canvas) : spinner(step, at, canvas),
  );
  if (shown.length < steps.length) lines.push(colors.dim(`  … and ${steps.length - shown.length} more`));
  return [head(tally, at, canvas), ...lines];
}

function head(tally: Tally, at: number, canvas: Canvas): string {
  const { colors } = canvas;
  const { name, state, containers } = tally;
  const busy = [...tally.threads.values()].filter((heardAt) => state !== "running" || at - heardAt < BUSY_MS).length;
  const where = [
    clock(state === "running" ? at - tally.startedAt : tally.durationMs),
    busy > 0 && `${busy} ${busy === 1 ? "thread" : "threads"}`,
    ...(containers.size > 1
      ? [`${containers.size} containers`]
      : [...containers].map((id) => `container ${escapeControls(id)}`)),
  ].filter((part) => part !== false);
  const sign = state === "running" ? colors.cyan(spin(at)) : state === "ended" ? colors.green("✔") : colors.red("✖");
  return fitting(`${sign} ${colors.bold(escapeControls(name))}`, where.map(colors.dim), colors.dim(" · "), canvas);
}

function spin(at: number): string {
  return SPINNER[Math.floor(at / SPIN_MS) % SPINNER.length]!;
}

/** Maps are always shown; other steps while one of their calls takes long. */
function isShown({ kind, running, lastStartedAt }: StepTally, { state }: Tally, at: number): boolean {
  if (kind === "map") return true;
  return kind !== "container" && state === "running" && running > 0 && at - lastStartedAt >= LONG_MS;
}

/** What is under way, if not everything has room; in their order. */
function mostTelling(steps: readonly StepTally[], room: number): StepTally[] {
  const active = steps.filter((step) => step.done < step.elements);
  const chosen = new Set([...active, ...steps].slice(0, Math.max(0, room - 1)));
  return steps.filter((step) => chosen.has(step));
}

function spinner({ name, depth, kind, lastStartedAt }: StepTally, at: number, { colors }: Canvas): string {
  const what = `${kind === "resource" ? "building " : ""}${escapeControls(name)}`;
  return `${indent(depth)}${colors.cyan(spin(at))} ${what} ${colors.dim(clock(at - lastStartedAt))}`;
}

function bar(step: StepTally, tally: Tally, speeds: Speeds, at: number, canvas: Canvas): string {
  const { colors } = canvas;
  const { elements, done, cached, failed } = step;
  const share = elements === 0 ? 1 : Math.min(1, done / elements);
  const filled = isEndless(step) ? 0 : Math.round(share * BAR);
  const isDone = done >= elements;
  const paint = failed > 0 ? colors.yellow : isDone ? colors.green : colors.cyan;
  const drawn = `${paint("█".repeat(filled))}${colors.dim("░".repeat(BAR - filled))}`;
  const told = [
    progressOf(step),
    !isEndless(step) && `${Math.floor(share * 100)}%`,
    ...pace(step, tally, speeds, at),
    cached > 0 && colors.dim(`${count(cached)} cached`),
    failed > 0 && colors.red(`${count(failed)} failed`),
    step.retried > 0 && colors.yellow(`${count(step.retried)} retried`),
  ].filter((part) => part !== false);
  const name = `${indent(step.depth)}${escapeControls(step.name)}`;
  return fitting(`${padded(name, NAMES, canvas)} ${drawn}`, told, "  ", canvas);
}

/** `3/12`; of a stream, whose elements nobody has counted, `3`. */
export function progressOf(step: StepTally): string {
  return isEndless(step) ? count(step.done) : `${count(step.done)}/${count(step.elements)}`;
}

function isEndless({ elements, done, running }: StepTally): boolean {
  return elements === 0 && done + running > 0;
}

/** The rate; while it goes on, the time that is left. */
export function pace(step: StepTally, { state }: Tally, speeds: Speeds, at: number): string[] {
  const { elements, done, cached, startedAt, endedAt } = step;
  if (done >= elements || isEndless(step) || state !== "running") {
    const computed = done - cached;
    return computed > 0 && endedAt > startedAt ? [rate((computed / (endedAt - startedAt)) * 1_000)] : [];
  }
  const perSecond = speeds.of(step, at);
  if (perSecond <= 0) return [];
  return [rate(perSecond), `ETA ${clock(((elements - done) / perSecond) * 1_000)}`];
}

function indent(depth: number): string {
  return "  ".repeat(depth + 1);
}

function padded(text: string, width: number, { widthOf }: Canvas): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** As many of the parts as fit in a line: one that wraps could not be drawn over. */
function fitting(start: string, parts: readonly string[], separator: string, { columns, widthOf }: Canvas): string {
  for (let many = parts.length; many > 0; many--) {
    const line = `${start} ${parts.slice(0, many).join(separator)}`;
    if (widthOf(line) < columns) return line;
  }
  return start;
}

/** Milliseconds over which a speed is measured. */
const OVER_MS = 10_000;

/** How fast maps go, by what they have done in the last seconds. What came from the cache does not count. */
export class Speeds {
  private readonly samples = new Map<StepTally, { readonly at: number; readonly computed: number }[]>();

  /** Elements a second. */
  of(step: StepTally, at: number): number {
    const computed = step.done - step.cached;
    const samples = this.samples.get(step) ?? [{ at: step.startedAt, computed: 0 }];
    this.samples.set(step, samples);
    while (samples.length > 1 && at - samples[1]!.at > OVER_MS) samples.shift();
    const first = samples[0]!;
    if (at - samples.at(-1)!.at >= OVER_MS / 50) samples.push({ at, computed });
    return at > first.at ? ((computed - first.computed) / (at - first.at)) * 1_000 : 0;
  }
}

import { formatDuration } from "../../util/format.js";
import type { StepRun } from "../scene.js";
import { html, svg } from "./dom.js";

/** State of a step at some time of the replay. */
export type ReplayState = "ahead" | "busy" | "done";

/** Minimum duration of a replay in milliseconds, however short the run was. */
const LEAST_MS = 4_000;

/** The last run as a waterfall that can be replayed. */
export class Replay {
  readonly element: HTMLElement;
  private readonly start: number;
  private readonly totalMs: number;
  private readonly slider: HTMLInputElement;
  private readonly clock = html("span", {}, "");
  private readonly button = html("button", { type: "button" }, "▶ Replay");
  private readonly lines: SVGLineElement[] = [];
  private playing: number | undefined;

  /**
   * @param shown receives the state of each step at each time; undefined when the replay is over.
   * @param choose receives the id of a clicked step.
   */
  constructor(
    private readonly steps: ReadonlyMap<string, StepRun>,
    private readonly shown: (moments: ReadonlyMap<string, ReplayState> | undefined) => void,
    choose: (id: string) => void,
  ) {
    const all = [...steps.values()];
    this.start = Math.min(...all.map(({ startedAt }) => startedAt));
    this.totalMs = Math.max(1e-3, Math.max(...all.map(({ endedAt }) => endedAt)) - this.start);
    this.slider = html("input", { type: "range", min: 0, max: 1000, value: 1000, "aria-label": "time of the replay" });
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show(Number(this.slider.value) / 1000);
    });
    this.button.addEventListener("click", () => (this.playing === undefined ? this.play() : this.stop()));
    const rows = [...steps].map(([id, step]) => this.row(id, step, choose));
    this.element = html(
      "section",
      { id: "fall", "aria-label": "the last run" },
      html("div", { class: "replay" }, this.button, this.slider, this.clock),
      ...rows,
    );
    this.clock.textContent = formatDuration(this.totalMs);
  }

  private row(id: string, { startedAt, endedAt, segments }: StepRun, choose: (id: string) => void): HTMLElement {
    const x = (at: number) => ((at - this.start) / this.totalMs) * 1000;
    const rect = (from: number, to: number, style: string) =>
      svg("rect", { class: style, x: x(from), width: Math.max(1.5, x(to) - x(from)), y: 2, height: 10 });
    const line = svg("line", { class: "now", x1: -9, x2: -9, y1: 0, y2: 14 });
    this.lines.push(line);
    const name = html("button", { type: "button", style: `padding-inline-start:${id.split(".").length - 1}em` });
    name.append(html("bdi", {}, id.split(".").at(-1)!));
    name.addEventListener("click", () => choose(id));
    const bars = segments.map(({ from, to, failed }) => rect(from, to, failed ? "bad" : "busy"));
    const picture = svg("svg", { viewBox: "0 0 1000 14", preserveAspectRatio: "none", "aria-hidden": "true" });
    picture.append(rect(startedAt, endedAt, "all"), ...bars, line);
    return html("div", { class: "row" }, name, picture, html("span", {}, formatDuration(endedAt - startedAt)));
  }

  private play(): void {
    this.button.textContent = "⏸ Pause";
    const from = Number(this.slider.value) >= 1000 ? 0 : Number(this.slider.value) / 1000;
    const playMs = Math.max(LEAST_MS, Math.min(this.totalMs, 60_000));
    const startedAt = performance.now() - from * playMs;
    const next = () => {
      const share = Math.min(1, (performance.now() - startedAt) / playMs);
      this.slider.value = String(share * 1000);
      this.show(share);
      if (share < 1) this.playing = requestAnimationFrame(next);
      else this.stop();
    };
    this.playing = requestAnimationFrame(next);
  }

  private stop(): void {
    if (this.playing !== undefined) cancelAnimationFrame(this.playing);
    this.playing = undefined;
    this.button.textContent = "▶ Replay";
  }

  private show(share: number): void {
    const at = this.start + share * this.totalMs;
    this.clock.textContent = formatDuration(share * this.totalMs);
    for (const line of this.lines) {
      line.setAttribute("x1", String(share * 1000));
      line.setAttribute("x2", String(share * 1000));
    }
    if (share >= 1) {
      this.shown(undefined);
      return;
    }
    this.shown(new Map([...this.steps].map(([id, step]) => [id, stateAt(step, at)])));
  }
}

function stateAt({ startedAt, endedAt, segments }: StepRun, at: number): ReplayState {
  if (at < startedAt) return "ahead";
  if (at >= endedAt) return "done";
  return segments.length === 0 || segments.some(({ from, to }) => from <= at && at < to) ? "busy" : "done";
}

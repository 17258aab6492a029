import type { Box, Group, LastRun } from "./scene.js";

/** The colors of a drawing. */
export interface Palette {
  readonly ground: string;
  readonly ink: string;
  readonly dim: string;
  readonly arrow: string;
  readonly group: string;
  /** Fill and line by kind of box. */
  readonly boxes: Readonly<Record<Box["kind"], Paint>>;
  /** Line of an output. */
  readonly output: string;
  readonly cached: Paint;
  readonly failed: Paint;
  /** Fills of computed steps, from the least to the most time. */
  readonly heat: readonly string[];
  readonly hot: string;
}

export interface Paint {
  readonly fill: string;
  readonly line: string;
}

const LIGHT: Palette = {
  ...{ ground: "#ffffff", ink: "#1c2128", dim: "#59636e", arrow: "#818b98", group: "#f6f8fa", output: "#1a7f37" },
  boxes: {
    input: { fill: "#eff2f5", line: "#818b98" },
    node: { fill: "#ddf4ff", line: "#0969da" },
    resource: { fill: "#fbefff", line: "#8250df" },
    nested: { fill: "#fff8c5", line: "#9a6700" },
  },
  cached: { fill: "#d2f5e3", line: "#116329" },
  failed: { fill: "#ffebe9", line: "#cf222e" },
  ...{ heat: ["#fff8f0", "#ffe7cc", "#ffd0a1", "#ffb077"], hot: "#bc4c00" },
};

const DARK: Palette = {
  ...{ ground: "#0d1117", ink: "#e6edf3", dim: "#9198a1", arrow: "#656c76", group: "#151b23", output: "#3fb950" },
  boxes: {
    input: { fill: "#212830", line: "#656c76" },
    node: { fill: "#0c2d6b", line: "#4493f8" },
    resource: { fill: "#3c1e70", line: "#ab7df8" },
    nested: { fill: "#4b2900", line: "#d29922" },
  },
  cached: { fill: "#033a16", line: "#3fb950" },
  failed: { fill: "#67060c", line: "#f85149" },
  ...{ heat: ["#2b1a0c", "#4a2a0e", "#6e3a0c", "#933f05"], hot: "#f0883e" },
};

export function paletteFor(theme: "light" | "dark" = "light"): Palette {
  return theme === "dark" ? DARK : LIGHT;
}

/** Returns the paint of a box: by its kind; after a run, by what the run did. */
export function paintOf(box: Pick<Box, "kind" | "lastRun">, palette: Palette): Paint {
  return box.lastRun === undefined ? palette.boxes[box.kind] : paintOfRun(box.lastRun, palette);
}

function paintOfRun({ state, heat }: LastRun, { cached, failed, heat: heats, hot }: Palette): Paint {
  if (state === "cached") return cached;
  if (state === "failed") return failed;
  return { fill: heats[heatStep(heat)]!, line: hot };
}

/** Number of fills for computed steps. */
const HEATS = 4;

/** Returns the index of the fill for a share of the longest time. */
export function heatStep(heat: number): number {
  return Math.min(HEATS - 1, Math.floor(heat * HEATS));
}

export function lineOfGroup({ lastRun, isOutput }: Group, palette: Palette): string {
  if (isOutput) return palette.output;
  return lastRun === undefined ? palette.boxes.nested.line : paintOfRun(lastRun, palette).line;
}

import type { Viz } from "@viz-js/viz";
import { escapeHtml } from "../util/escape-html.js";
import { missingPackage } from "../util/missing-package.js";
import { dot } from "./dot.js";
import type { GraphModel } from "./graph-model.js";
import type { DrawOptions } from "./scene.js";

let graphviz: Promise<Viz> | undefined;

async function load(): Promise<Viz> {
  try {
    return await (await import("@viz-js/viz")).instance();
  } catch (cause) {
    graphviz = undefined;
    throw missingPackage("@viz-js/viz", "toSvg()", "to draw a picture", cause);
  }
}

/** Maximum aspect ratio of a picture that fits on a page or a screen. */
const MAX_ASPECT = 3;

/**
 * Renders a graph as a picture. Without a direction, arrows point down, unless that makes the picture too wide or too
 * tall and the other direction is better.
 */
export async function svg(model: GraphModel, options: DrawOptions): Promise<string> {
  graphviz ??= load();
  const viz = await graphviz;
  const draw = (direction: "down" | "right") =>
    viz.renderString(dot(model, { ...options, direction }), { format: "svg" });
  let picture = draw(options.direction ?? "down");
  if (options.direction === undefined && oddness(picture) > MAX_ASPECT) {
    const other = draw("right");
    if (oddness(other) < oddness(picture)) picture = other;
  }
  return picture.replace("<svg ", `<svg role="img" aria-label="the graph of ${escapeHtml(model.pipeline)}" `);
}

/** Returns the ratio of the longer side to the shorter one. */
function oddness(picture: string): number {
  const [, width, height] = /<svg width="([\d.]+)pt" height="([\d.]+)pt"/.exec(picture)!;
  return Math.max(Number(width) / Number(height), Number(height) / Number(width));
}

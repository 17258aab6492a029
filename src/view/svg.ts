import type { Viz } from "@viz-js/viz";
import { escaped } from "../markup.js";
import { dot } from "./dot.js";
import type { DrawOptions } from "./scene.js";
import type { Sketch } from "./sketch.js";

let graphviz: Promise<Viz> | undefined;

/** A graph as a picture. */
export async function svg(sketch: Sketch, options: DrawOptions): Promise<string> {
  graphviz ??= import("@viz-js/viz").then(({ instance }) => instance());
  const drawn = (await graphviz).renderString(dot(sketch, options), { format: "svg" });
  return drawn.replace("<svg ", `<svg role="img" aria-label="the graph of ${escaped(sketch.pipeline)}" `);
}

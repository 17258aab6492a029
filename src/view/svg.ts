import type { Viz } from "@viz-js/viz";
import { escaped } from "../markup.js";
import { missingPackage } from "../util/missing-package.js";
import { dot } from "./dot.js";
import type { DrawOptions } from "./scene.js";
import type { Sketch } from "./sketch.js";

let graphviz: Promise<Viz> | undefined;

async function load(): Promise<Viz> {
  try {
    return await (await import("@viz-js/viz")).instance();
  } catch (cause) {
    graphviz = undefined;
    throw missingPackage("@viz-js/viz", "toSvg()", "to draw a picture", cause);
  }
}

/** A graph as a picture. */
export async function svg(sketch: Sketch, options: DrawOptions): Promise<string> {
  graphviz ??= load();
  const drawn = (await graphviz).renderString(dot(sketch, options), { format: "svg" });
  return drawn.replace("<svg ", `<svg role="img" aria-label="the graph of ${escaped(sketch.pipeline)}" `);
}

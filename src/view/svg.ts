import type { Viz } from "@viz-js/viz";
import { dot } from "./dot.js";
import type { DrawOptions } from "./scene.js";
import type { Sketch } from "./sketch.js";

let graphviz: Promise<Viz> | undefined;

/** A graph as a picture. */
export async function svg(sketch: Sketch, options: DrawOptions): Promise<string> {
  graphviz ??= import("@viz-js/viz").then(({ instance }) => instance());
  const drawn = (await graphviz).renderString(dot(sketch, options), { format: "svg" });
  const label = `the graph of ${sketch.pipeline}`.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return drawn.replace("<svg ", `<svg role="img" aria-label="${label}" `);
}

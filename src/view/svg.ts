import type { Viz } from "@viz-js/viz";
import { dot } from "./dot.js";
import type { DrawOptions } from "./scene.js";
import type { Sketch } from "./sketch.js";

let graphviz: Promise<Viz> | undefined;

/** A graph as a picture. */
export async function svg(sketch: Sketch, options: DrawOptions): Promise<string> {
  graphviz ??= import("@viz-js/viz").then(({ instance }) => instance());
  return (await graphviz).renderString(dot(sketch, options), { format: "svg" });
}

import type { Viz } from "@viz-js/viz";
import { escaped } from "../markup.js";
import { missingPackage } from "../util/missing-package.js";
import { dot } from "./dot.js";
import { paletteFor } from "./palette.js";
import type { DrawOptions } from "./scene.js";
import type { Sketch } from "./sketch.js";

const CLUSTER_TITLE =
  /(<g id="[^"]*" class="cluster">(?:(?!<\/g>)[\s\S])*?)((?:<text (?:(?!<\/text>)[\s\S])*<\/text>\s*)+)(<\/g>)/g;

/** Graphviz draws arrows over the titles of clusters: they are taken out and drawn last, each on ground of its own. */
function titlesAbove(picture: string, ground: string): string {
  const titles: string[] = [];
  const without = picture.replace(CLUSTER_TITLE, (_, before: string, title: string, end: string) => {
    titles.push(title.trim());
    return `${before}${end}`;
  });
  const group = `<g class="titles" paint-order="stroke" stroke="${ground}" stroke-width="4" stroke-linejoin="round">`;
  return titles.length === 0
    ? picture
    : without.replace(/<\/g>\s*<\/svg>\s*$/, `${group}\n${titles.join("\n")}\n</g>\n</g>\n</svg>\n`);
}

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
  return titlesAbove(drawn, paletteFor(options.theme).group).replace(
    "<svg ",
    `<svg role="img" aria-label="the graph of ${escaped(sketch.pipeline)}" `,
  );
}

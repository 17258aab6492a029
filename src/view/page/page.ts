import { HypernodesError } from "../../errors.js";
import { escapeHtml } from "../../util/escape-html.js";
import { onDemand } from "../../util/on-demand.js";
import { OWN_URL } from "../../util/own-files.js";
import type { GraphModel } from "../graph-model.js";
import { type Palette, paletteFor } from "../palette.js";
import type { DrawOptions } from "../scene.js";
import type { PageData } from "./page-data.js";
import { STYLE } from "./style.js";

const fs = onDemand<typeof import("node:fs")>("node:fs");

/**
 * Options of the page of a graph.
 *
 * @example
 * ```ts
 * const options: PageOptions = { depth: 1, theme: "dark" };
 * await writeFile("graph.html", pipeline.graph().toHtml(options));
 * ```
 */
export interface PageOptions extends Pick<DrawOptions, "direction" | "report"> {
  /**
   * Number of levels of pipelines that are initially open.
   *
   * @default as many as have 60 boxes
   */
  readonly depth?: number;
  /**
   * Colors of the page.
   *
   * @default the theme of the reader's system
   */
  readonly theme?: "light" | "dark";
}

/** Maximum number of boxes that are initially visible without a `depth`. */
const AT_FIRST = 60;

/** Renders a graph as one self-contained HTML file. */
export function graphPage(model: GraphModel, { depth, direction = "down", theme, report }: PageOptions): string {
  const data: PageData = {
    ...{ model: model, direction, theme, steps: report?.rows ?? [] },
    open: depth === undefined ? openAtFirst(model) : nestedTo(model, depth),
  };
  return `<!doctype html>
<html lang="en"${theme === undefined ? "" : ` data-theme="${theme}"`}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(model.pipeline)}</title>
<style>${themes()}${STYLE}</style>
<div id="page"></div>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>
<script>${script().replaceAll("</script", "<\\/script")}</script>
</html>
`;
}

/** Returns the script of the page, as built. */
function script(): string {
  const url = new URL("../dist/view/page/client.js", OWN_URL);
  try {
    return fs().readFileSync(url, "utf8");
  } catch (cause) {
    throw new HypernodesError({
      code: "NOT_BUILT",
      where: "toHtml()",
      problem: "the script of the page is missing: dist/view/page/client.js",
      advice: "Build it: npm run build. A package from the registry has it.",
      cause,
    });
  }
}

/** Returns the nested pipelines of the first levels, as long as few boxes are visible. */
function openAtFirst(model: GraphModel): string[] {
  let open: string[] = [];
  for (let depth = 2; ; depth++) {
    const more = nestedTo(model, depth);
    if (more.length === open.length || boxesIn(model, new Set(more)) > AT_FIRST) return open;
    open = more;
  }
}

function nestedTo({ members }: GraphModel, depth: number, parent = ""): string[] {
  if (depth <= 1) return [];
  return members.flatMap(({ name, nested }) =>
    nested === undefined ? [] : [`${parent}${name}`, ...nestedTo(nested.model, depth - 1, `${parent}${name}.`)],
  );
}

function boxesIn({ members }: GraphModel, open: ReadonlySet<string>, parent = ""): number {
  return members.reduce((sum, { name, nested }) => {
    const id = `${parent}${name}`;
    return sum + (nested !== undefined && open.has(id) ? boxesIn(nested.model, open, `${id}.`) : 1);
  }, 0);
}

/** Returns the palettes as CSS variables. */
function themes(): string {
  const dark = variables(paletteFor("dark"));
  return `:root{color-scheme:light;${variables(paletteFor("light"))}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${dark}}}
:root[data-theme=dark]{color-scheme:dark;${dark}}
`;
}

function variables({ boxes, cached, failed, heat, ...plain }: Palette): string {
  const paints = Object.entries({ ...boxes, cached, failed }).flatMap(([name, { fill, line }]) => [
    `--${name}-fill:${fill}`,
    `--${name}-line:${line}`,
  ]);
  const heats = heat.map((color, i) => `--heat-${i}:${color}`);
  return [...Object.entries(plain).map(([name, color]) => `--${name}:${color}`), ...paints, ...heats].join(";");
}

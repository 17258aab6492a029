import { escapeControls } from "../util/control-characters.js";
import type { GraphModel } from "./graph-model.js";
import { lineOfGroup, type Palette, paintOf, paletteFor } from "./palette.js";
import { type Arrow, type Box, type DrawOptions, type Group, linesOf, type Scene, sceneOf } from "./scene.js";

/** Of a list of fonts Graphviz knows no widths: it takes those of Times, and text would be wider than its box. It adds `sans-Serif`. */
const FONT = "Helvetica";

/** Renders a graph in Graphviz's language. */
export function dot(model: GraphModel, options: DrawOptions): string {
  const scene = sceneOf(model, options);
  const palette = paletteFor(options.theme);
  const children = (parent: string | undefined, indent: string): string[] => [
    ...scene.groups
      .filter((group) => group.parent === parent)
      .flatMap((group) => cluster(group, scene, palette, children(group.id, `${indent}  `), indent)),
    ...scene.boxes
      .filter((box) => box.parent === parent)
      .map((box) => `${indent}${quoted(box.id)} ${boxOf(box, palette)}`),
  ];
  const general = attributes({
    rankdir: options.direction === "right" ? "LR" : "TB",
    ...{ bgcolor: palette.ground, fontname: FONT, fontcolor: palette.ink, label: scene.title, labelloc: "t" },
    ...{ nodesep: "0.35", ranksep: "0.5", pad: "0.2" },
  });
  return [
    `digraph ${quoted(scene.title)} {`,
    `  graph ${general}`,
    `  node ${attributes({ fontname: FONT, fontsize: "12", style: "filled", margin: "0.15,0.08" })}`,
    `  edge ${attributes({ fontname: FONT, fontsize: "11", color: palette.arrow, fontcolor: palette.dim, arrowsize: "0.7" })}`,
    ...children(undefined, "  "),
    ...scene.arrows.map(arrow),
    "}",
    "",
  ].join("\n");
}

/**
 * Renders a group with its title as a box of its own: Graphviz routes arrows around boxes, but through labels. If
 * arrows point down, the title is in the row above the content.
 */
function cluster(group: Group, scene: Scene, palette: Palette, inside: readonly string[], indent: string): string[] {
  const about = { label: "", color: lineOfGroup(group, palette), bgcolor: palette.group, style: "rounded" };
  const title = titleOf(group, scene);
  const [name, ...more] = linesOf(group);
  const label = attributes({
    ...{ label: [name, ...more].join("\n"), shape: "plaintext", style: "", fontcolor: palette.ink, fontsize: "11" },
    ...{ margin: "0.05,0.02", width: "0", height: "0" },
  });
  return [
    `${indent}subgraph ${quoted(`cluster_${group.id}`)} {`,
    `${indent}  graph ${attributes(about)}`,
    `${indent}  ${quoted(title)} ${label}`,
    ...inside,
    ...firstIn(group, scene).map((id) => `${indent}  ${quoted(title)} -> ${quoted(id)} [style="invis" weight="0"]`),
    `${indent}}`,
  ];
}

/** Returns the id of a group's title, which no box has. */
function titleOf({ id }: Group, { boxes }: Scene): string {
  let title = `${id}:title`;
  while (boxes.some((box) => box.id === title)) title += "'";
  return title;
}

/** Returns the boxes of a group, including its inner groups, that have no arrow from within the group. */
function firstIn({ id }: Group, { boxes, arrows }: Scene): string[] {
  const isInside = (other: string) => other.startsWith(`${id}.`);
  const inside = boxes.filter((box) => isInside(box.id));
  return inside.map((box) => box.id).filter((to) => !arrows.some((arrow) => arrow.to === to && isInside(arrow.from)));
}

function boxOf(box: Box, palette: Palette): string {
  const { fill, line } = paintOf(box, palette);
  return attributes({
    label: linesOf(box).join("\n"),
    shape: box.kind === "resource" ? "cylinder" : "box",
    style: box.kind === "input" ? "filled,rounded" : "filled",
    ...{ fillcolor: fill, color: box.isOutput ? palette.output : line, fontcolor: palette.ink },
    ...(box.isOutput && { penwidth: "2.5" }),
    ...(box.mapped !== undefined && { peripheries: "2" }),
  });
}

function arrow({ from, to, label, elements }: Arrow): string {
  const about = { ...(label !== undefined && { label: ` ${label} ` }), ...(elements && { penwidth: "2" }) };
  return `  ${quoted(from)} -> ${quoted(to)}${Object.keys(about).length === 0 ? "" : ` ${attributes(about)}`}`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return `[${Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(" ")}]`;
}

function quoted(text: string): string {
  return `"${escapeControls(text, "\n").replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

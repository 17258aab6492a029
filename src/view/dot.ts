import { escapeControls } from "../util/control-characters.js";
import { lineOfGroup, type Palette, paintOf, paletteFor } from "./palette.js";
import { type Arrow, type Box, type DrawOptions, type Group, linesOf, sceneOf } from "./scene.js";
import type { Sketch } from "./sketch.js";

const FONT = "Helvetica, Arial, sans-serif";

/** A graph in Graphviz' language. */
export function dot(sketch: Sketch, options: DrawOptions): string {
  const scene = sceneOf(sketch, options);
  const palette = paletteFor(options.theme);
  const children = (parent: string | undefined, indent: string): string[] => [
    ...scene.groups
      .filter((group) => group.parent === parent)
      .flatMap((group) => cluster(group, palette, children(group.id, `${indent}  `), indent)),
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

function cluster(group: Group, palette: Palette, inside: readonly string[], indent: string): string[] {
  const { ink: fontcolor, group: bgcolor } = palette;
  const about = {
    label: linesOf(group).join("\n"),
    color: lineOfGroup(group, palette),
    bgcolor,
    fontcolor,
    fontsize: "11",
    labeljust: "l",
  };
  const graph = attributes({ ...about, style: "rounded" });
  return [`${indent}subgraph ${quoted(`cluster_${group.id}`)} {`, `${indent}  graph ${graph}`, ...inside, `${indent}}`];
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

import { escapeControls } from "../util/control-characters.js";
import type { GraphModel } from "./graph-model.js";
import { lineOfGroup, paintOf, paletteFor } from "./palette.js";
import { type Box, type DrawOptions, linesOf, sceneOf } from "./scene.js";

/** Renders a graph as a Mermaid flowchart. */
export function mermaid(model: GraphModel, options: DrawOptions): string {
  const scene = sceneOf(model, options);
  const palette = paletteFor(options.theme);
  const ids = new Ids([...scene.groups, ...scene.boxes].map(({ id }) => id));
  const children = (parent: string | undefined, indent: string): string[] => [
    ...scene.groups
      .filter((group) => group.parent === parent)
      .flatMap((group) => [
        `${indent}subgraph ${ids.of(group.id)}["${linesOf(group).map(escaped).join(" · ")}"]`,
        ...children(group.id, `${indent}  `),
        `${indent}end`,
      ]),
    ...scene.boxes
      .filter((box) => box.parent === parent)
      .map((box) => `${indent}${ids.of(box.id)}${shape(box, text(box))}`),
  ];
  const arrows = scene.arrows.map(({ from, to, label, elements }) => {
    const line = elements ? "==>" : "-->";
    return `  ${ids.of(from)} ${line}${label === undefined ? "" : `|"${escaped(label)}"|`} ${ids.of(to)}`;
  });
  const styles = [
    ...scene.boxes.map((box) => {
      const { fill, line } = paintOf(box, palette);
      const stroke = box.isOutput ? `stroke:${palette.output},stroke-width:3px` : `stroke:${line}`;
      return `  style ${ids.of(box.id)} fill:${fill},${stroke},color:${palette.ink}`;
    }),
    ...scene.groups.map(
      (group) =>
        `  style ${ids.of(group.id)} fill:${palette.group},stroke:${lineOfGroup(group, palette)},color:${palette.ink}`,
    ),
  ];
  const theme = options.theme === "dark" ? ["config:", "  theme: dark"] : [];
  const head = ["---", `title: ${JSON.stringify(scene.title)}`, ...theme, "---"];
  const direction = options.direction === "right" ? "LR" : "TD";
  return [...head, `flowchart ${direction}`, ...children(undefined, "  "), ...arrows, ...styles, ""].join("\n");
}

function shape({ kind, mapped }: Box, label: string): string {
  if (kind === "input") return `(["${label}"])`;
  if (kind === "resource") return `[("${label}")]`;
  return mapped === undefined ? `["${label}"]` : `[["${label}"]]`;
}

function text(box: Box): string {
  return linesOf(box).map(escaped).join("<br/>");
}

/** Escapes Mermaid's syntax by its own entities. */
function escaped(label: string): string {
  return escapeControls(label).replace(/["<>&#`\\]/g, (sign) => `#${sign.charCodeAt(0)};`);
}

/** Ids for Mermaid: only letters, digits and underscores, and unique. */
class Ids {
  private readonly names = new Map<string, string>();

  constructor(ids: readonly string[]) {
    const used = new Set<string>();
    for (const id of ids) {
      const plain = id.replaceAll(".", "__").replace(/[^\p{L}\p{N}_]/gu, "_");
      // "end" and the like are keywords of Mermaid.
      const readable = /^(end|subgraph|graph|flowchart|style|class|click|default|linkStyle|classDef)$/i.test(plain)
        ? `${plain}_`
        : plain;
      let name = readable;
      for (let i = 2; used.has(name); i++) name = `${readable}_${i}`;
      used.add(name);
      this.names.set(id, name);
    }
  }

  of(id: string): string {
    return this.names.get(id)!;
  }
}

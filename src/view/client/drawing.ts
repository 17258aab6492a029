import { heatStep } from "../palette.js";
import { type Box, type Group, linesOf, type Scene } from "../scene.js";
import { svg } from "./dom.js";
import { type GraphLayout, isAbout, type Rect } from "./layout.js";

/** Distance by which the second card of a mapped node stands out behind the first, up and to the right. */
const BEHIND = 4;

/** A scene as SVG: `boxes` by id, to be highlighted. */
export interface SvgScene {
  readonly view: SVGGElement;
  readonly boxes: ReadonlyMap<string, SVGGElement>;
  readonly arrows: readonly { readonly from: string; readonly to: string; readonly element: SVGElement }[];
}

/** Draws a scene with its layout. */
export function draw(scene: Scene, placed: GraphLayout): SvgScene {
  const view = svg("g", { id: "view" });
  const boxes = new Map<string, SVGGElement>();
  const add = (box: Box | Group): void => {
    const rect = placed.rects.get(box.id)!;
    const element = boxElement(box, rect, placed.titles.get(box.id) ?? rect);
    boxes.set(box.id, element);
    view.append(element);
  };
  // Outer groups come first, so that inner ones are drawn above them.
  for (const group of [...scene.groups].sort((a, b) => a.id.split(".").length - b.id.split(".").length)) add(group);
  const mapped = new Set(
    [...scene.boxes, ...scene.groups].filter((box) => box.mapped !== undefined).map(({ id }) => id),
  );
  const arrows = scene.arrows.map((arrow, i) => {
    const { points, label } = placed.arrows[i]!;
    const d = (mapped.has(arrow.to) ? beforeCards(points) : points)
      .map(({ x, y }, n) => `${n === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`)
      .join("");
    const element = svg("path", { d, class: arrow.elements ? "arrow elements" : "arrow", "marker-end": "url(#tip)" });
    view.append(element);
    if (label !== undefined) view.append(svg("text", { class: "label", x: label.x, y: label.y }, arrow.label!));
    return { from: arrow.from, to: arrow.to, element };
  });
  for (const box of scene.boxes) add(box);
  return { view, boxes, arrows };
}

/** Ends an arrow that enters from above at the upper of two cards, which would hide its tip. */
function beforeCards(points: GraphLayout["arrows"][number]["points"]): typeof points {
  const [last, end] = points.slice(-2);
  if (end === undefined || last!.x !== end.x || last!.y > end.y) return points;
  return [...points.slice(0, -1), { ...end, y: end.y - BEHIND }];
}

/** @param title rectangle of its lines. */
function boxElement(box: Box | Group, { x, y, width, height }: Rect, title: Rect): SVGGElement {
  const isGroup = !("kind" in box);
  const kind = isGroup ? "nested" : box.kind;
  const classes = ["box", kind, isGroup && "group", box.mapped && "mapped", box.isOutput && "output"].filter(Boolean);
  const fill = paint(box, kind);
  const lines = linesOf(box);
  const element = svg("g", {
    class: classes.join(" "),
    tabindex: -1,
    role: "button",
    "data-id": box.id,
    "aria-label": [...lines, box.isOutput ? "output" : ""].filter(Boolean).join(", "),
    ...("pipeline" in box && { "aria-expanded": String(isGroup) }),
    style: `--fill:var(--${fill.fill});--line:var(--${fill.line})`,
  });
  const rx = kind === "input" || isGroup ? 12 : kind === "resource" ? 20 : 3;
  if (box.mapped !== undefined)
    element.append(svg("rect", { class: "behind", x: x + BEHIND, y: y - BEHIND, width, height, rx }));
  element.append(svg("rect", { class: "shape", x, y, width, height, rx }));
  const top = title.y + title.height / 2 - 8 * (lines.length - 1);
  for (const [i, line] of lines.entries()) {
    const attributes = { x: title.x + title.width / 2, y: top + i * 16 };
    element.append(svg("text", { ...attributes, ...(isAbout(box, lines, i) && { class: "about" }) }, line));
  }
  element.append(svg("title", {}, lines.join("\n")));
  return element;
}

/** Returns the names of the palette's variables. */
function paint({ lastRun }: Box | Group, kind: string): { readonly fill: string; readonly line: string } {
  if (lastRun === undefined) return { fill: `${kind}-fill`, line: `${kind}-line` };
  if (lastRun.state !== "computed") return { fill: `${lastRun.state}-fill`, line: `${lastRun.state}-line` };
  return { fill: `heat-${heatStep(lastRun.heat)}`, line: "hot" };
}

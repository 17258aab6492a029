import type { ElkExtendedEdge, ElkNode, ElkPoint } from "elkjs/lib/elk-api.js";
import { type Box, type Group, linesOf, type Scene } from "../scene.js";

/** Positions of a scene's parts. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly rects: ReadonlyMap<string, Rect>;
  /** Titles of groups: arrows do not cross them. */
  readonly titles: ReadonlyMap<string, Rect>;
  /** For each arrow of the scene, its points, and the position of its label. */
  readonly arrows: readonly { readonly points: readonly ElkPoint[]; readonly label: ElkPoint | undefined }[];
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Minimum number of boxes for the fast and simple layout. */
const MANY = 300;
/** Margin around the content of a group, in pixels. */
const MARGIN = 14;

/** Layout engine and text measurement. */
export interface Layouter {
  layout(graph: ElkNode): Promise<ElkNode>;
  /** Returns the width of a text in pixels, at a font size in pixels. */
  widthOf(text: string, size: number): number;
}

/**
 * Computes a layout with the layered algorithm of the Eclipse Layout Kernel. A group's title is placed where there are
 * no arrows: arrows that point down enter from above, so the title is left of the content; otherwise it is above it.
 */
export async function layout(scene: Scene, direction: "down" | "right", layouter: Layouter): Promise<GraphLayout> {
  const isLarge = scene.boxes.length > MANY;
  const sizeOf = (box: Box | Group) => measure(box, layouter);
  const children = (parent: string | undefined): ElkNode[] => [
    ...scene.boxes.filter((box) => box.parent === parent).map((box) => ({ id: box.id, ...sizeOf(box) })),
    ...scene.groups
      .filter((group) => group.parent === parent)
      .map((group) => {
        const { width, height } = sizeOf(group);
        const [top, left] = direction === "down" ? [MARGIN, width] : [height, MARGIN];
        return {
          id: group.id,
          children: children(group.id),
          layoutOptions: {
            "elk.padding": `[top=${top},left=${left},bottom=${MARGIN},right=${MARGIN}]`,
            "elk.nodeSize.constraints": "MINIMUM_SIZE",
            "elk.nodeSize.minimum": `(${width}, ${height})`,
          },
        };
      }),
  ];
  const edges = scene.arrows.map(({ from, to, label }, i) => ({
    ...{ id: `arrow ${i}`, sources: [from], targets: [to] },
    ...(label !== undefined &&
      !isLarge && { labels: [{ text: label, width: layouter.widthOf(label, 11) + 6, height: 15 }] }),
  }));
  const graph: ElkNode = {
    id: "all",
    children: children(undefined),
    edges,
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": direction === "down" ? "DOWN" : "RIGHT",
      "elk.hierarchyHandling": "INCLUDE_CHILDREN",
      "elk.json.shapeCoords": "ROOT",
      "elk.json.edgeCoords": "ROOT",
      "elk.layered.spacing.nodeNodeBetweenLayers": "36",
      "elk.spacing.nodeNode": "22",
      "elk.padding": "[top=20,left=20,bottom=20,right=20]",
      ...(isLarge && {
        "elk.layered.thoroughness": "1",
        "elk.layered.nodePlacement.strategy": "SIMPLE",
        "elk.edgeRouting": "POLYLINE",
      }),
    },
  };
  const placed = await layouter.layout(graph);
  const rects = new Map<string, Rect>();
  const collect = ({ children = [] }: ElkNode): void => {
    for (const child of children) {
      const { id, x = 0, y = 0, width = 0, height = 0 } = child;
      rects.set(id, { x, y, width, height });
      collect(child);
    }
  };
  collect(placed);
  const titles = scene.groups.map((group) => {
    const { x, y } = rects.get(group.id)!;
    return [group.id, { x, y, ...sizeOf(group) }] as const;
  });
  const byId = new Map((placed.edges ?? []).map((edge) => [edge.id, edge]));
  return {
    ...{ width: placed.width ?? 0, height: placed.height ?? 0, rects, titles: new Map(titles) },
    arrows: scene.arrows.map((_, i) => edgePath(byId.get(`arrow ${i}`))),
  };
}

function edgePath(edge: ElkExtendedEdge | undefined): GraphLayout["arrows"][number] {
  const points = (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ]);
  const [label] = edge?.labels ?? [];
  if (label?.x === undefined) return { points, label: undefined };
  return { points, label: { x: label.x + label.width! / 2, y: label.y! + label.height! / 2 } };
}

function measure(box: Box | Group, { widthOf }: Layouter): { readonly width: number; readonly height: number } {
  const lines = linesOf(box);
  const widths = lines.map((line, i) => widthOf(line, isAbout(box, lines, i) ? 10 : 12));
  return { width: Math.ceil(Math.max(50, ...widths)) + 24, height: 16 + 16 * lines.length };
}

/** Tells if a line describes the box instead of naming it. */
export function isAbout(box: Box | Group, lines: readonly string[], line: number): boolean {
  const names = "names" in box ? box.names.length : 1;
  return line >= names && lines.length > names;
}

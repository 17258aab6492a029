import { formatCount, formatDuration } from "../util/format.js";
import type { GraphModel, Member } from "./graph-model.js";

/** How a graph is drawn. */
export interface DrawOptions {
  /** How many levels of pipelines are drawn with what is in them: 1 (default) is the pipeline itself, `Infinity` all. */
  readonly depth?: number;
  /**
   * Where edges point: down, or to the right. Default: down; of a picture (`toSvg()`) that would be more than three times as
   * wide as it is tall, or as tall as it is wide, the way that makes it less so.
   */
  readonly direction?: "down" | "right";
  /** Whether inputs that the same nodes take stand in one box. Default: false. */
  readonly groupInputs?: boolean;
  /** Whether edges say the classes that the loader emitted (swc and tsc do) of what they carry. Default: true. */
  readonly types?: boolean;
  /** Whether resources are drawn. Default: true. */
  readonly resources?: boolean;
  /** Default: light. */
  readonly theme?: "light" | "dark";
  /** How the last run went, as `report()` tells: times and what was cached or failed are drawn as colours. */
  readonly report?: { readonly rows: readonly StepRun[] };
}

/** How a step ran, all its calls together. Times in milliseconds. */
export interface StepRun {
  /** Its place without indices: `Corpus.essays[].count`. */
  readonly path: string;
  readonly calls: number;
  readonly cached: number;
  readonly failed: number;
  readonly computeMs: number;
  /** When it began, and when it ended; when it was computing. Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly segments: readonly { readonly from: number; readonly to: number; readonly failed: boolean }[];
}

/** What a box is, for its shape and colour. */
type BoxKind = Member["kind"];

/** A box of a drawing, its id readable: `essays.words`. */
export interface Box {
  readonly id: string;
  /** The members it stands for: one, or several inputs in one box. */
  readonly names: readonly string[];
  readonly kind: BoxKind;
  /** How it goes over lists: `for each`, `for each pair`, `in batches of 64`. */
  readonly mapped?: string;
  readonly isOutput: boolean;
  /** The group it is in. */
  readonly parent?: string;
  /** The class of a nested pipeline that is not drawn open. */
  readonly pipeline?: string;
  readonly lastRun?: LastRun;
}

/** A nested pipeline that is drawn with what is in it. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly pipeline: string;
  readonly mapped?: string;
  readonly isOutput: boolean;
  readonly parent?: string;
  readonly lastRun?: LastRun;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** `.train`, a type, or both. */
  readonly label?: string;
  /** Whether one element at a time is taken. */
  readonly elements: boolean;
}

/** What the last run did there. */
export interface LastRun {
  readonly row: StepRun;
  /** Its share of the time of the step that took longest, from 0 to 1. */
  readonly heat: number;
  readonly state: "computed" | "cached" | "failed";
}

/** A graph as boxes and arrows. */
export interface Scene {
  readonly title: string;
  readonly boxes: readonly Box[];
  readonly groups: readonly Group[];
  readonly arrows: readonly Arrow[];
}

/** What is drawn of a pipeline. */
export function sceneOf(sketch: GraphModel, options: DrawOptions): Scene {
  const { depth = 1, groupInputs = false, types = true, resources = true, report } = options;
  const drawn = resources ? sketch : withoutResources(sketch);
  const scene = sceneWith(drawn, (_, level) => level < depth, types, lastRunsOf(sketch.pipeline, report?.rows ?? []));
  return groupInputs ? withInputsTogether(scene) : scene;
}

function withoutResources(sketch: GraphModel): GraphModel {
  const members = sketch.members
    .filter(({ kind }) => kind !== "resource")
    .map((member) => {
      const { nested } = member;
      return nested === undefined
        ? member
        : { ...member, nested: { ...nested, sketch: withoutResources(nested.sketch) } };
    });
  return { ...sketch, members };
}

/** @param isOpen whether a nested pipeline is drawn with what is in it: by its id, and how deep it is, from 1. */
export function sceneWith(
  sketch: GraphModel,
  isOpen: (id: string, level: number) => boolean,
  types: boolean,
  lastRuns: ReadonlyMap<string, LastRun>,
): Scene {
  const drawing = new Drawing(isOpen, types, lastRuns);
  drawing.add(sketch, undefined, 1);
  const { boxes, groups, arrows } = drawing;
  return { title: sketch.pipeline, boxes, groups, arrows };
}

/** By id, how the last run went there. */
export function lastRunsOf(pipeline: string, rows: readonly StepRun[]): ReadonlyMap<string, LastRun> {
  const longest = Math.max(1e-9, ...rows.map(({ computeMs }) => computeMs));
  return new Map(
    rows.map((row) => {
      const { path, computeMs, failed, calls, cached } = row;
      const id = path.replaceAll("[]", "").slice(pipeline.length + 1);
      const state = failed > 0 ? "failed" : calls === 0 && cached > 0 ? "cached" : "computed";
      return [id, { row, heat: computeMs / longest, state }];
    }),
  );
}

/** By member, the boxes that an arrow to it, or from it, ends at, or begins. */
type PortMap = ReadonlyMap<string, readonly string[]>;

/** Types whose names tell nothing of a value: a class's name does. */
const PLAIN_TYPES = new Set(["array", "string", "number", "boolean", "bigint"].flatMap((type) => [type, `${type}[]`]));

class Drawing {
  readonly boxes: Box[] = [];
  readonly groups: Group[] = [];
  readonly arrows: Arrow[] = [];

  constructor(
    private readonly isOpen: (id: string, level: number) => boolean,
    private readonly types: boolean,
    private readonly lastRuns: ReadonlyMap<string, LastRun>,
  ) {}

  /**
   * Draws a pipeline's members, and what is nested in those that are open.
   *
   * @returns for each member, where arrows from it begin.
   */
  add({ members, outputs }: GraphModel, parent: string | undefined, level: number): PortMap {
    const begins = new Map<string, readonly string[]>();
    const inner = new Map<string, PortMap>();
    for (const member of members) {
      const { name, kind, mapped, nested } = member;
      const id = parent === undefined ? name : `${parent}.${name}`;
      const lastRun = this.lastRuns.get(id);
      const about = {
        ...{ id, isOutput: level === 1 && outputs.includes(name) },
        ...(parent !== undefined && { parent }),
        ...(mapped !== undefined && { mapped }),
        ...(lastRun && { lastRun }),
      };
      if (nested !== undefined && this.isOpen(id, level)) {
        this.groups.push({ ...about, name, pipeline: nested.sketch.pipeline });
        const ends = this.add(nested.sketch, id, level + 1);
        inner.set(name, ends);
        begins.set(
          name,
          nested.outputs.flatMap((output) => ends.get(output) ?? []),
        );
      } else {
        this.boxes.push({ ...about, names: [name], kind, ...(nested && { pipeline: nested.sketch.pipeline }) });
        begins.set(name, [id]);
      }
    }
    for (const member of members) this.addArrows(member, parent, begins, inner);
    return begins;
  }

  private addArrows(
    member: Member,
    parent: string | undefined,
    begins: PortMap,
    inner: ReadonlyMap<string, PortMap>,
  ): void {
    const ends = inner.get(member.name);
    const id = parent === undefined ? member.name : `${parent}.${member.name}`;
    for (const { on, path, elements, input, type } of member.takes) {
      const from = inner.get(on)?.get(path[0] ?? "") ?? begins.get(on) ?? [];
      const to = ends === undefined ? [id] : (ends.get(input ?? "") ?? []);
      const isTold = this.types && type !== undefined && !PLAIN_TYPES.has(type);
      const label = [path.map((key) => `.${key}`).join(""), isTold && type].filter(Boolean).join(" ");
      for (const each of from) {
        for (const target of to) this.arrows.push({ from: each, to: target, elements, ...(label !== "" && { label }) });
      }
    }
  }
}

/** Inputs that go to the same nodes, the same way, stand in one box. */
function withInputsTogether(scene: Scene): Scene {
  const arrowsOf = (id: string) => scene.arrows.filter(({ from }) => from === id);
  const together = new Map<string, Box[]>();
  for (const box of scene.boxes) {
    if (box.kind !== "input") continue;
    const arrows = arrowsOf(box.id).map(({ to, elements }) => JSON.stringify([to, elements]));
    const key = JSON.stringify([box.parent, arrows.sort()]);
    together.set(key, [...(together.get(key) ?? []), box]);
  }
  /** By the id of a box that goes into another one, that other one's. */
  const gone = new Map<string, string>();
  const merged = new Map<string, Box>();
  for (const boxes of together.values()) {
    const [first, ...others] = boxes as [Box, ...Box[]];
    if (others.length === 0) continue;
    for (const { id } of others) gone.set(id, first.id);
    merged.set(first.id, { ...first, names: boxes.flatMap(({ names }) => names) });
  }
  // Of arrows that come to be between the same boxes one is enough, and it has no type: they may have several.
  const arrows = new Map<string, Arrow>();
  for (const { from, to, label, elements } of scene.arrows) {
    const ends = { from: gone.get(from) ?? from, to: gone.get(to) ?? to, elements };
    const isMerged = merged.has(ends.from) || merged.has(ends.to);
    const key = isMerged ? `${ends.from} ${ends.to} ${elements}` : `arrow ${arrows.size}`;
    arrows.set(key, isMerged || label === undefined ? ends : { ...ends, label });
  }
  return {
    ...scene,
    boxes: scene.boxes.filter(({ id }) => !gone.has(id)).map((box) => merged.get(box.id) ?? box),
    arrows: [...arrows.values()],
  };
}

/** What stands in a box: its names, how it goes over lists, what it is, and how the last run went there. */
export function linesOf(box: Box | Group): string[] {
  const names = "names" in box ? box.names : [`${box.name}: ${box.pipeline}`];
  const kind = "kind" in box && box.kind === "resource" ? ["resource"] : [];
  const pipeline = "names" in box && box.pipeline !== undefined ? [box.pipeline] : [];
  const about = [
    ...pipeline,
    ...kind,
    ...(box.mapped ? [box.mapped] : []),
    ...(box.lastRun ? [formatRun(box.lastRun)] : []),
  ];
  return about.length === 0 ? [...names] : [...names, about.join(" · ")];
}

function formatRun({ row }: LastRun): string {
  const { computeMs, cached, failed, calls } = row;
  return [
    calls > 0 && formatDuration(computeMs),
    cached > 0 && `${formatCount(cached)} cached`,
    failed > 0 && `${formatCount(failed)} failed`,
  ]
    .filter(Boolean)
    .join(", ");
}

import { formatCount, formatDuration } from "../util/format.js";
import type { GraphModel, Member } from "./graph-model.js";

/**
 * Options of a drawing.
 *
 * @example
 * ```ts
 * const options: DrawOptions = { depth: 2, direction: "right" };
 * console.log(pipeline.graph().toMermaid(options));
 * ```
 */
export interface DrawOptions {
  /**
   * Number of levels of pipelines that are drawn with their content: 1 is the pipeline itself, `Infinity` all.
   *
   * @default 1
   */
  readonly depth?: number;
  /**
   * Direction of edges.
   *
   * @default down; for a picture (`toSvg()`) that would be more than three times as wide as it is tall, or as tall as
   * it is wide, the better direction
   */
  readonly direction?: "down" | "right";
  /**
   * Draws inputs of the same nodes in one box.
   *
   * @default false
   */
  readonly groupInputs?: boolean;
  /**
   * Labels edges with the classes that the loader emitted (swc and tsc emit types).
   *
   * @default true
   */
  readonly types?: boolean;
  /**
   * Draws resources.
   *
   * @default true
   */
  readonly resources?: boolean;
  /**
   * Colors of the drawing.
   *
   * @default "light"
   */
  readonly theme?: "light" | "dark";
  /** The report of the last run, from `report()`: times, cached and failed calls are drawn as colors. */
  readonly report?: { readonly rows: readonly StepRun[] };
}

/**
 * Statistics of one step of a run over all its calls. Times are in milliseconds.
 *
 * @example
 * ```ts
 * const total = (steps: readonly StepRun[]) => steps.reduce((sum, { computeMs }) => sum + computeMs, 0);
 * console.log(total(seen.rows));
 * ```
 */
export interface StepRun {
  /** Path without indices: `Corpus.essays[].count`. */
  readonly path: string;
  /** Number of computed calls. */
  readonly calls: number;
  /** Number of elements, or calls of a node, whose value was cached. */
  readonly cached: number;
  /** Number of failed elements, or of failed calls of a node. */
  readonly failed: number;
  /** Total time of its calls, in milliseconds. */
  readonly computeMs: number;
  /** Start of the first call or map, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** End of the last call or map, in milliseconds since the Unix epoch. */
  readonly endedAt: number;
  /** Intervals of computing, in milliseconds since the Unix epoch. */
  readonly segments: readonly { readonly from: number; readonly to: number; readonly failed: boolean }[];
}

/** Kind of a box, for its shape and color. */
type BoxKind = Member["kind"];

/** A box of a drawing, with a readable id: `essays.words`. */
export interface Box {
  readonly id: string;
  /** The members it stands for: one, or several inputs in one box. */
  readonly names: readonly string[];
  readonly kind: BoxKind;
  /** Its mapping over lists: `for each`, `for each pair`, `in batches of 64`. */
  readonly mapped?: string;
  readonly isOutput: boolean;
  /** The group that contains it. */
  readonly parent?: string;
  /** The class of a nested pipeline that is drawn closed. */
  readonly pipeline?: string;
  readonly lastRun?: LastRun;
}

/** A nested pipeline that is drawn with its content. */
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
  /** True if one element at a time is passed. */
  readonly elements: boolean;
}

/** The last run's results for a member. */
export interface LastRun {
  readonly row: StepRun;
  /** Its share of the time of the slowest step, from 0 to 1. */
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

/** Returns the scene of a pipeline. */
export function sceneOf(model: GraphModel, options: DrawOptions): Scene {
  const { depth = 1, groupInputs = false, types = true, resources = true, report } = options;
  const drawing = resources ? model : withoutResources(model);
  const scene = sceneWith(drawing, (_, level) => level < depth, types, lastRunsOf(model.pipeline, report?.rows ?? []));
  return groupInputs ? mergeInputs(scene) : scene;
}

function withoutResources(model: GraphModel): GraphModel {
  const members = model.members
    .filter(({ kind }) => kind !== "resource")
    .map((member) => {
      const { nested } = member;
      return nested === undefined
        ? member
        : { ...member, nested: { ...nested, model: withoutResources(nested.model) } };
    });
  return { ...model, members };
}

/** @param isOpen tells if a nested pipeline is drawn with its content: by its id and its depth, from 1. */
export function sceneWith(
  model: GraphModel,
  isOpen: (id: string, level: number) => boolean,
  types: boolean,
  lastRuns: ReadonlyMap<string, LastRun>,
): Scene {
  const drawing = new Drawing(isOpen, types, lastRuns);
  drawing.add(model, undefined, 1);
  const { boxes, groups, arrows } = drawing;
  return { title: model.pipeline, boxes, groups, arrows };
}

/** Returns the last run's results by id. */
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

/** The boxes at the ends of a member's arrows. */
type PortMap = ReadonlyMap<string, readonly string[]>;

/** Types whose names say nothing about a value, unlike those of classes. */
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
   * Adds a pipeline's members, and the content of those that are open.
   *
   * @returns for each member, the start of its outgoing arrows.
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
        this.groups.push({ ...about, name, pipeline: nested.model.pipeline });
        const ends = this.add(nested.model, id, level + 1);
        inner.set(name, ends);
        begins.set(
          name,
          nested.outputs.flatMap((output) => ends.get(output) ?? []),
        );
      } else {
        this.boxes.push({ ...about, names: [name], kind, ...(nested && { pipeline: nested.model.pipeline }) });
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
    for (const { on, path, elements, input, type } of member.inputs) {
      const from = inner.get(on)?.get(path[0] ?? "") ?? begins.get(on) ?? [];
      const to = ends === undefined ? [id] : (ends.get(input ?? "") ?? []);
      const hasLabel = this.types && type !== undefined && !PLAIN_TYPES.has(type);
      const label = [path.map((key) => `.${key}`).join(""), hasLabel && type].filter(Boolean).join(" ");
      for (const each of from) {
        for (const target of to) this.arrows.push({ from: each, to: target, elements, ...(label !== "" && { label }) });
      }
    }
  }
}

/** Merges inputs of the same nodes into one box. */
function mergeInputs(scene: Scene): Scene {
  const arrowsOf = (id: string) => scene.arrows.filter(({ from }) => from === id);
  const groups = new Map<string, Box[]>();
  for (const box of scene.boxes) {
    if (box.kind !== "input") continue;
    const arrows = arrowsOf(box.id).map(({ to, elements }) => JSON.stringify([to, elements]));
    const key = JSON.stringify([box.parent, arrows.sort()]);
    groups.set(key, [...(groups.get(key) ?? []), box]);
  }
  /** The merged box of each input, by ids. */
  const mergedInto = new Map<string, string>();
  const merged = new Map<string, Box>();
  for (const boxes of groups.values()) {
    const [first, ...others] = boxes as [Box, ...Box[]];
    if (others.length === 0) continue;
    for (const { id } of others) mergedInto.set(id, first.id);
    merged.set(first.id, { ...first, names: boxes.flatMap(({ names }) => names) });
  }
  // One arrow between the same boxes is enough. It has no type, because merged arrows may have different ones.
  const arrows = new Map<string, Arrow>();
  for (const { from, to, label, elements } of scene.arrows) {
    const ends = { from: mergedInto.get(from) ?? from, to: mergedInto.get(to) ?? to, elements };
    const isMerged = merged.has(ends.from) || merged.has(ends.to);
    const key = isMerged ? `${ends.from} ${ends.to} ${elements}` : `arrow ${arrows.size}`;
    arrows.set(key, isMerged || label === undefined ? ends : { ...ends, label });
  }
  return {
    ...scene,
    boxes: scene.boxes.filter(({ id }) => !mergedInto.has(id)).map((box) => merged.get(box.id) ?? box),
    arrows: [...arrows.values()],
  };
}

/** Returns the lines of a box: its names, mapping, kind, and results of the last run. */
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

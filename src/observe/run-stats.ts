import type { EventOf, RunEvent } from "../engine/lifecycle/events.js";
import { Percentiles } from "../util/percentiles.js";
import { isKnown } from "./event-kinds.js";

/** Statistics of one step over all its calls, in all elements of all maps. Times are in milliseconds. */
export interface StepStats {
  /** Path without indices: `Corpus.essays[].count`. */
  readonly path: string;
  readonly name: string;
  /** Number of pipelines and maps that contain the step. */
  readonly depth: number;
  readonly kind: "node" | "map" | "resource" | "container";
  /** Number of elements of its maps so far; for a node, the calls that started or were not needed. */
  elements: number;
  /** Number of ended calls, including failed ones. A batch is one call. */
  calls: number;
  /** Number of elements, or calls of a node, that ended: computed, cached or failed. */
  done: number;
  cached: number;
  failed: number;
  retried: number;
  /** Number of calls in progress, and the start of the latest. */
  running: number;
  lastStartedAt: number;
  /** Total time of its calls, without retry delays, in milliseconds. */
  computeMs: number;
  /** Time spent waiting to start plus retry delays, in milliseconds. */
  waitMs: number;
  /** Bytes read from the cache, and written to it. */
  bytesRead: number;
  bytesStored: number;
  /** Start of its first call or map, and end of the last, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  endedAt: number;
  readonly durations: Percentiles;
}

/** Threads that a run waits for: their number, and the module that they import. */
export type StartingThreads = Pick<EventOf<"threads", "start">, "threads" | "module">;

/** The events of steps. */
type StepEvent = Exclude<RunEvent, { type: "run" | "threads" }>;

/** Statistics of a run, updated with each event. */
export class RunStats {
  /** Name of the pipeline, and id of the run: known after the first event. */
  name = "";
  id = "";
  startedAt = 0;
  /** Time of the last event. */
  at = 0;
  state: "running" | "ended" | "failed" = "running";
  error: Error | undefined;
  durationMs = 0;
  /** Steps in the order of their start. */
  readonly steps = new Map<string, StepStats>();
  /** Ids of the containers that are running, and of all that have run. */
  readonly containers = new Set<string>();
  readonly containersSeen = new Set<string>();
  /** Time of the last event of each thread, in any container. */
  readonly threads = new Map<string, number>();
  /** Threads without an event so far, by container. */
  readonly starting = new Map<string, StartingThreads>();
  /** Maps that have started but whose first element has not, and since when. */
  private readonly waiting = new Map<string, number>();

  /** Milliseconds from the start of the run to the last event; never 0, so that it can be a divisor. */
  get elapsedMs(): number {
    return Math.max(1e-6, this.at - this.startedAt);
  }

  /** Ignores events of kinds that this version does not have: they are from a newer one. */
  add(event: RunEvent): void {
    if (!isKnown(event)) return;
    this.at = Math.max(this.at, event.at);
    if (this.startedAt === 0) {
      this.startedAt = event.at;
      this.id = event.run;
    }
    if (event.thread !== undefined) this.threads.set(`${event.container ?? ""}/${event.thread}`, event.at);
    switch (event.type) {
      case "run":
        this.addRun(event);
        break;
      case "node":
      case "element":
        this.addCall(event);
        break;
      case "map":
        this.addMap(event);
        break;
      case "cache":
        this.addCache(event);
        break;
      case "resource":
        this.addResource(event);
        break;
      case "threads":
        if (event.phase === "start") this.starting.set(event.container ?? "", event);
        else this.starting.delete(event.container ?? "");
        break;
      case "container":
        this.addContainer(event);
        break;
      default:
        event satisfies never;
    }
  }

  private addRun(event: EventOf<"run">): void {
    this.name = event.name;
    switch (event.phase) {
      case "start":
        this.startedAt = event.at;
        return;
      case "end":
        this.state = "ended";
        this.durationMs = event.durationMs;
        return;
      case "failed":
        this.state = "failed";
        this.durationMs = event.durationMs;
        this.error = event.error;
        return;
      default:
        event satisfies never;
    }
  }

  private addCall(event: EventOf<"node" | "element">): void {
    const step = this.step(event);
    const size = ("size" in event && event.size) || 1;
    switch (event.phase) {
      case "retried":
        step.retried++;
        step.waitMs += event.delayMs;
        step.computeMs -= event.delayMs;
        return;
      case "cached":
        step.cached++;
        step.done++;
        if (event.type === "node") step.elements++;
        return;
      case "start":
        step.running++;
        step.lastStartedAt = event.at;
        if (event.type === "node") {
          step.elements++;
          step.waitMs += event.queuedMs ?? 0;
        } else this.onFirstElement(event, step);
        return;
      case "end":
      case "failed":
        step.running = Math.max(0, step.running - 1);
        step.calls++;
        // Of a batch that failed each element is called alone next, and counts then.
        if (event.phase === "end" || size === 1) step.done += size;
        if (event.phase === "failed" && size === 1) step.failed++;
        this.recordDuration(step, event);
        return;
      default:
        event satisfies never;
    }
  }

  /** A map waits until its first element starts. */
  private onFirstElement({ path, at }: RunEvent, step: StepStats): void {
    if (this.waiting.size === 0) return;
    const map = path.slice(0, path.lastIndexOf("["));
    const since = this.waiting.get(map);
    if (since === undefined) return;
    this.waiting.delete(map);
    step.waitMs += Math.max(0, at - since);
  }

  private addMap(event: EventOf<"map">): void {
    const step = this.step(event);
    step.endedAt = Math.max(step.endedAt, event.at);
    switch (event.phase) {
      case "start":
        step.elements += event.elements;
        this.waiting.set(event.path, event.at);
        return;
      case "end":
      case "failed":
        this.waiting.delete(event.path);
        return;
      default:
        event satisfies never;
    }
  }

  private addCache(event: EventOf<"cache">): void {
    switch (event.phase) {
      case "hit":
        this.step(event).bytesRead += event.bytes;
        return;
      case "stored":
        this.step(event).bytesStored += event.bytes;
        return;
      case "miss":
      case "explained":
        return;
      default:
        event satisfies never;
    }
  }

  private addResource(event: EventOf<"resource">): void {
    switch (event.phase) {
      case "start": {
        const step = this.step(event);
        step.running++;
        step.lastStartedAt = event.at;
        step.elements++;
        return;
      }
      case "end":
      case "failed": {
        const step = this.step(event);
        step.running = Math.max(0, step.running - 1);
        step.calls++;
        step.done++;
        if (event.phase === "failed") step.failed++;
        this.recordDuration(step, event);
        return;
      }
      case "disposed":
        return;
      default:
        event satisfies never;
    }
  }

  private addContainer(event: EventOf<"container">): void {
    switch (event.phase) {
      case "start":
        this.containers.add(event.id);
        this.containersSeen.add(event.id);
        this.step(event).waitMs += event.durationMs;
        return;
      case "end": {
        const step = this.step(event);
        this.containers.delete(event.id);
        step.calls++;
        step.done++;
        this.recordDuration(step, event);
        return;
      }
      case "log":
        return;
      default:
        event satisfies never;
    }
  }

  private recordDuration(
    step: StepStats,
    { at, durationMs }: { readonly at: number; readonly durationMs: number },
  ): void {
    step.computeMs += durationMs;
    step.endedAt = Math.max(step.endedAt, at);
    step.durations.add(durationMs);
  }

  private step(event: StepEvent): StepStats {
    const path = stepPath(event);
    const { name, at } = event;
    const kind = kindOf(event);
    const known = this.steps.get(path);
    if (known !== undefined) return known;
    const step: StepStats = {
      ...{ path, name, kind, depth: depthOf(path) },
      ...{ elements: 0, calls: 0, done: 0, cached: 0, failed: 0, retried: 0, running: 0 },
      ...{ computeMs: 0, waitMs: 0, bytesRead: 0, bytesStored: 0 },
      ...{ startedAt: at, lastStartedAt: at, endedAt: at, durations: new Percentiles() },
    };
    this.steps.set(path, step);
    return step;
  }

  /** Returns the steps in tree order: nested steps follow the step that contains them. */
  treeOrder(): StepStats[] {
    const roots: StepStats[] = [];
    const children = new Map<string, StepStats[]>();
    for (const step of this.steps.values()) {
      const parent = parentOf(step.path);
      if (!this.steps.has(parent)) roots.push(step);
      else children.set(parent, [...(children.get(parent) ?? []), step]);
    }
    const withNested = (step: StepStats): StepStats[] => [step, ...(children.get(step.path) ?? []).flatMap(withNested)];
    return roots.flatMap(withNested);
  }
}

function kindOf(event: StepEvent): StepStats["kind"] {
  if (event.type === "element") return "map";
  if (event.type !== "cache") return event.type;
  return "element" in event && event.element !== undefined ? "map" : "node";
}

/**
 * Returns the step of an event: `Corpus.essays[3].count` is a call of `Corpus.essays[].count`, the element
 * `Corpus.essays[3]` one of `Corpus.essays`.
 */
export function stepPath(event: StepEvent): string {
  const { path, name } = event;
  if (event.type === "container") return `${withoutIndices(path)} on ${name}`;
  const isElement = kindOf(event) === "map" && path.endsWith("]");
  return withoutIndices(isElement ? path.slice(0, path.lastIndexOf("[")) : path);
}

function withoutIndices(path: string): string {
  return path.includes("[") ? path.replace(/\[\d+\]/g, "[]") : path;
}

/** Steps in elements of a whole pipeline, `Words[].count`, are a level deeper than those in the pipeline. */
function depthOf(path: string): number {
  const [first, ...inner] = path.split(".");
  return Math.max(0, inner.length - 1) + (first!.endsWith("[]") ? 1 : 0);
}

/** Returns the step that contains a step. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."))).replace(/\[\]$/, "");
}

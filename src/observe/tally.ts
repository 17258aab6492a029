import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { RunEvent } from "../engine/events.js";

/** A step of a run, all its calls together, in whatever element of whatever map they were. Times in milliseconds. */
export interface StepTally {
  /** Its place without indices: `Corpus.essays[].count`. */
  readonly path: string;
  readonly name: string;
  /** How many pipelines and maps it is in. */
  readonly depth: number;
  readonly kind: "node" | "map" | "resource" | "container";
  /** Elements that its maps have so far, in all; of a node, the calls that have begun or were not needed. */
  elements: number;
  /** Calls that ended, well or not. A batch is one. */
  calls: number;
  /** Elements, or calls of a node, that ended: computed, cached or failed. */
  done: number;
  cached: number;
  failed: number;
  retried: number;
  /** Calls that are under way, and when the last of them began. */
  running: number;
  lastStartedAt: number;
  /** The time that its calls took, in all; with pauses between attempts taken off. */
  computeMs: number;
  /** The time for which it could have begun and did not, and the pauses between attempts. */
  waitMs: number;
  /** Bytes that came from the cache, and that went there. */
  bytesRead: number;
  bytesStored: number;
  /** When its first call, or its first map, began; when the last ended. Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  endedAt: number;
  readonly durations: RecordableHistogram;
}

/** Counts what happens in a run. */
export class Tally {
  /** The pipeline's name, and the run's id: known with its first event. */
  name = "";
  id = "";
  startedAt = 0;
  /** When the last event happened. */
  at = 0;
  state: "running" | "ended" | "failed" = "running";
  error: Error | undefined;
  durationMs = 0;
  /** In the order in which they began. */
  readonly steps = new Map<string, StepTally>();
  /** The ids of containers that are there, and of all that were. */
  readonly containers = new Set<string>();
  readonly containersSeen = new Set<string>();
  /** When each thread, in whatever container, was last heard of. */
  readonly threads = new Map<string, number>();
  /** The maps that have begun, and have not had an element yet: since when. */
  private readonly waiting = new Map<string, number>();

  /** Milliseconds from the run's beginning to the last event; never 0, for who divides by it. */
  get spanMs(): number {
    return Math.max(1e-6, this.at - this.startedAt);
  }

  add(event: RunEvent): void {
    this.at = Math.max(this.at, event.at);
    if (this.startedAt === 0) {
      this.startedAt = event.at;
      this.id = event.run;
    }
    if (event.thread !== undefined) this.threads.set(`${event.container ?? ""}/${event.thread}`, event.at);
    if (event.type === "run") this.addRun(event);
    else if (event.type === "node" || event.type === "element") this.addCall(event);
    else if (event.type === "map") this.addMap(event);
    else if (event.type === "cache") this.addCache(event);
    else if (event.type === "resource") this.addResource(event);
    else this.addContainer(event);
  }

  private addRun(event: RunEvent & { readonly type: "run" }): void {
    this.name = event.name;
    if (event.phase === "start") {
      this.startedAt = event.at;
      return;
    }
    this.state = event.phase === "end" ? "ended" : "failed";
    this.durationMs = event.durationMs;
    if (event.phase === "failed") this.error = event.error;
  }

  private addCall(event: RunEvent & { readonly type: "node" | "element" }): void {
    const step = this.step(event);
    const size = ("size" in event && event.size) || 1;
    if (event.phase === "retried") {
      step.retried++;
      step.waitMs += event.delayMs;
      step.computeMs -= event.delayMs;
      return;
    }
    if (event.phase === "cached") {
      step.cached++;
      step.done++;
      if (event.type === "node") step.elements++;
      return;
    }
    if (event.phase === "start") {
      step.running++;
      step.lastStartedAt = event.at;
      if (event.type === "node") {
        step.elements++;
        step.waitMs += event.waitedMs ?? 0;
      } else this.firstOf(event, step);
      return;
    }
    step.running = Math.max(0, step.running - 1);
    step.calls++;
    step.done += size;
    if (event.phase === "failed") step.failed += size;
    this.took(step, event);
  }

  /** A map waits until its first element begins. */
  private firstOf({ path, at }: RunEvent, step: StepTally): void {
    if (this.waiting.size === 0) return;
    const map = path.slice(0, path.lastIndexOf("["));
    const since = this.waiting.get(map);
    if (since === undefined) return;
    this.waiting.delete(map);
    step.waitMs += Math.max(0, at - since);
  }

  private addMap(event: RunEvent & { readonly type: "map" }): void {
    const step = this.step(event);
    step.endedAt = Math.max(step.endedAt, event.at);
    if (event.phase === "start") {
      step.elements += event.elements;
      this.waiting.set(event.path, event.at);
    } else this.waiting.delete(event.path);
  }

  private addCache(event: RunEvent & { readonly type: "cache" }): void {
    if (event.phase !== "hit" && event.phase !== "stored") return;
    const step = this.step(event);
    if (event.phase === "hit") step.bytesRead += event.bytes;
    else step.bytesStored += event.bytes;
  }

  private addResource(event: RunEvent & { readonly type: "resource" }): void {
    if (event.phase === "disposed") return;
    const step = this.step(event);
    if (event.phase === "start") {
      step.running++;
      step.lastStartedAt = event.at;
      step.elements++;
      return;
    }
    step.running = Math.max(0, step.running - 1);
    step.calls++;
    step.done++;
    if (event.phase === "failed") step.failed++;
    this.took(step, event);
  }

  private addContainer(event: RunEvent & { readonly type: "container" }): void {
    if (event.phase === "log") return;
    const step = this.step(event);
    if (event.phase === "start") {
      this.containers.add(event.id);
      this.containersSeen.add(event.id);
      step.waitMs += event.durationMs;
      return;
    }
    this.containers.delete(event.id);
    step.calls++;
    step.done++;
    this.took(step, event);
  }

  private took(step: StepTally, { at, durationMs }: { readonly at: number; readonly durationMs: number }): void {
    step.computeMs += durationMs;
    step.endedAt = Math.max(step.endedAt, at);
    step.durations.record(Math.max(1, Math.round(durationMs * 1e6)));
  }

  private step(event: Exclude<RunEvent, { type: "run" }>): StepTally {
    const path = stepPath(event);
    const { name, at } = event;
    const kind = kindOf(event);
    const known = this.steps.get(path);
    if (known !== undefined) return known;
    const step: StepTally = {
      ...{ path, name, kind, depth: depthOf(path) },
      ...{ elements: 0, calls: 0, done: 0, cached: 0, failed: 0, retried: 0, running: 0 },
      ...{ computeMs: 0, waitMs: 0, bytesRead: 0, bytesStored: 0 },
      ...{ startedAt: at, lastStartedAt: at, endedAt: at, durations: createHistogram({ figures: 3 }) },
    };
    this.steps.set(path, step);
    return step;
  }

  /** The steps as a tree in print: what is nested stands after what it is in. */
  inOrder(): StepTally[] {
    const roots: StepTally[] = [];
    const children = new Map<string, StepTally[]>();
    for (const step of this.steps.values()) {
      const parent = parentOf(step.path);
      if (!this.steps.has(parent)) roots.push(step);
      else children.set(parent, [...(children.get(parent) ?? []), step]);
    }
    const withNested = (step: StepTally): StepTally[] => [step, ...(children.get(step.path) ?? []).flatMap(withNested)];
    return roots.flatMap(withNested);
  }
}

function kindOf(event: Exclude<RunEvent, { type: "run" }>): StepTally["kind"] {
  if (event.type === "element") return "map";
  if (event.type !== "cache") return event.type;
  return "element" in event && event.element !== undefined ? "map" : "node";
}

/**
 * The step that an event is of: `Corpus.essays[3].count` is a call of `Corpus.essays[].count`, the element
 * `Corpus.essays[3]` one of `Corpus.essays`.
 */
export function stepPath(event: Exclude<RunEvent, { type: "run" }>): string {
  const { path, name } = event;
  if (event.type === "container") return `${withoutIndices(path)} on ${name}`;
  const isElement = kindOf(event) === "map" && path.endsWith("]");
  return withoutIndices(isElement ? path.slice(0, path.lastIndexOf("[")) : path);
}

function withoutIndices(path: string): string {
  return path.includes("[") ? path.replace(/\[\d+\]/g, "[]") : path;
}

/** What is in elements of a whole pipeline, `Words[].count`, is a level deeper than what is in the pipeline. */
function depthOf(path: string): number {
  const [first, ...inner] = path.split(".");
  return Math.max(0, inner.length - 1) + (first!.endsWith("[]") ? 1 : 0);
}

/** The step that a step is nested in. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."))).replace(/\[\]$/, "");
}

import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import { type EventOf, now, type RunEvent } from "../../engine/lifecycle/events.js";
import type { Carrier, Chunk, ChunkSpan } from "../../engine/lifecycle/trace-context.js";
import { describeError, isError, messageOf } from "../../util/describe.js";
import { isPrintable } from "../../util/error-chain.js";
import { stepPath } from "../run-stats.js";
import { ElementSpans } from "./element-spans.js";

export type Api = typeof import("@opentelemetry/api");

/** A chunk that is in a thread. */
interface SentChunk extends Chunk {
  readonly span: Span;
}

/** The spans of one run, by their paths. */
export class RunTrace {
  private readonly root: Span;
  private readonly context: Context;
  private readonly open = new Map<string, Span>();
  private readonly groups = new ElementSpans();
  /** The chunks of each map that are in threads. */
  private readonly sent = new Map<string, Set<SentChunk>>();
  /** Number of spans of each step. */
  private readonly spanCounts = new Map<string, number>();
  private dropped = 0;
  /** Number of cached calls or elements by path. */
  private readonly cached = new Map<string, number>();

  /** @param maxSpansPerStep maximum number of spans of a step. */
  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
    private readonly most: number,
    { run, name, at, inputs }: EventOf<"run", "start">,
  ) {
    this.context = api.context.active();
    const attributes = { "hypernodes.run": run, "hypernodes.path": name, "hypernodes.inputs": [...inputs] };
    this.root = tracer.startSpan(name, { startTime: at, attributes }, this.context);
  }

  /** Ignores events of kinds that this version does not have: they are from a newer one. */
  add(event: RunEvent): void {
    switch (event.type) {
      case "run":
        this.addRun(event);
        break;
      case "element":
        this.addElement(event);
        break;
      case "container":
        this.addContainer(event);
        break;
      case "node":
      case "map":
      case "resource":
        this.addStep(event);
        break;
      case "cache":
      case "threads":
        return;
      default:
        event satisfies never;
    }
  }

  private addStep(event: EventOf<"node" | "map" | "resource">): void {
    switch (event.phase) {
      case "start":
        this.start(event);
        break;
      case "cached":
        this.recordCached(event.path, parentPath(event.path), event.at);
        break;
      case "retried":
        this.retried(event);
        break;
      case "end":
      case "failed":
        this.end(event);
        break;
      case "disposed":
        return;
      default:
        event satisfies never;
    }
  }

  contextAt(path: string): Context {
    return this.api.trace.setSpan(this.context, this.spanAt(path));
  }

  carrierAt(path: string): Carrier {
    return this.carrierOf(this.spanAt(path));
  }

  chunk(chunk: Chunk): ChunkSpan {
    const { path, name, element } = chunk;
    const attributes = {
      "hypernodes.path": path,
      ...(element !== undefined && { "hypernodes.first_element": element }),
    };
    const span = this.startSpan(`${name} (chunk)`, path, now(), attributes);
    const sent: SentChunk = { ...chunk, span };
    const all = this.sent.get(path) ?? new Set();
    this.sent.set(path, all.add(sent));
    return {
      carrier: this.carrierOf(span),
      end: (done) => {
        all.delete(sent);
        if ("error" in done) this.failed(span, done.error, now());
        else span.setAttributes({ "hypernodes.elements": done.elements, ...placeOf(done) });
        span.end(now());
      },
    };
  }

  private carrierOf(span: Span): Carrier {
    const carrier: Record<string, string> = {};
    this.api.propagation.inject(this.api.trace.setSpan(this.context, span), carrier);
    return carrier;
  }

  private startSpan(name: string, parent: string, startTime: number, attributes: Attributes): Span {
    return this.tracer.startSpan(name, { startTime, attributes }, this.contextAt(parent));
  }

  /** Returns the innermost open span of a path. */
  private spanAt(path: string): Span {
    for (let at = path; at !== ""; at = parentPath(at)) {
      const span = this.open.get(at) ?? this.groups.spanOf(at) ?? this.chunkOf(at)?.span;
      if (span !== undefined) return span;
    }
    return this.root;
  }

  /** Returns the chunk in a thread that contains an element or a node. */
  private chunkOf(path: string): SentChunk | undefined {
    if (!path.endsWith("]")) return [...(this.sent.get(path) ?? [])].find(({ element }) => element === undefined);
    const bracket = path.lastIndexOf("[");
    const index = Number(path.slice(bracket + 1, -1));
    const chunks = [...(this.sent.get(path.slice(0, bracket)) ?? [])];
    return chunks.find(({ element = 0, elements = 0 }) => index >= element && index < element + elements);
  }

  private start(event: EventOf<"node" | "map" | "resource", "start">): void {
    const { run, name, type, path, at } = event;
    const step = stepPath(event);
    const count = (this.spanCounts.get(step) ?? 0) + 1;
    this.spanCounts.set(step, count);
    if (count > this.most) {
      this.dropped++;
      return;
    }
    const attributes = {
      "hypernodes.run": run,
      "hypernodes.path": path,
      ...(type === "map" && { "hypernodes.elements": event.elements }),
      ...placeOf(event),
    };
    const parent = this.chunkOf(path) === undefined ? parentPath(path) : path;
    this.open.set(path, this.startSpan(type === "resource" ? `${name} (resource)` : name, parent, at, attributes));
  }

  private end(event: EventOf<"node" | "map" | "resource", "end" | "failed">): void {
    const { path, at } = event;
    if (event.type === "map") this.groups.end(path, at);
    const span = this.open.get(path);
    if (span === undefined) return;
    this.open.delete(path);
    const cached = this.cached.get(path);
    if (cached !== undefined) span.setAttribute("hypernodes.cached", cached);
    this.cached.delete(path);
    if (event.type === "map" && event.phase === "end" && event.failed > 0) {
      span.setAttribute("hypernodes.failed", event.failed);
    }
    if (event.phase === "failed") this.failed(span, event.error, at);
    span.end(at);
  }

  private addRun(event: EventOf<"run">): void {
    switch (event.phase) {
      case "start":
        return;
      case "end":
      case "failed":
        this.endRun(event);
        break;
      default:
        event satisfies never;
    }
  }

  private endRun(event: EventOf<"run", "end" | "failed">): void {
    this.groups.end(undefined, event.at);
    for (const span of this.open.values()) span.end(event.at);
    if (this.dropped > 0) this.root.setAttribute("hypernodes.spans_dropped", this.dropped);
    if (event.phase === "failed") this.failed(this.root, event.error, event.at);
    this.root.end(event.at);
  }

  private addElement(event: EventOf<"element">): void {
    const { path, at } = event;
    const map = parentPath(path);
    switch (event.phase) {
      case "cached":
        this.recordCached(path, map, at);
        break;
      case "retried":
        this.retried(event);
        break;
      case "start": {
        if (this.chunkOf(path) !== undefined) return;
        const attributes = {
          ...{ "hypernodes.run": event.run, "hypernodes.path": map, "hypernodes.first_element": event.element },
          ...placeOf(event),
        };
        this.groups.join(map, event, () => this.startSpan(`${event.name} (chunk)`, map, at, attributes));
        break;
      }
      case "end":
      case "failed":
        if (event.phase === "failed") this.failed(this.spanAt(path), event.error, at);
        this.groups.leave(event);
        break;
      default:
        event satisfies never;
    }
  }

  private addContainer(event: EventOf<"container">): void {
    const { path, name, id, at } = event;
    const key = `${path} on ${name} ${id}`;
    switch (event.phase) {
      case "start": {
        const attributes = { "hypernodes.path": path, "hypernodes.container": id };
        const span = this.startSpan(`${name} container`, path, at - event.durationMs, attributes);
        this.open.set(key, span.addEvent("started", {}, at));
        return;
      }
      case "log":
        this.open.get(key)?.addEvent(event.stream, { text: event.text }, at);
        return;
      case "end":
        this.open.get(key)?.end(at);
        this.open.delete(key);
        return;
      default:
        event satisfies never;
    }
  }

  /** Cached values have no span; the parent span counts them. */
  private recordCached(path: string, parent: string, at: number): void {
    this.cached.set(parent, (this.cached.get(parent) ?? 0) + 1);
    if (!path.endsWith("]")) this.spanAt(parent).addEvent("cached", { "hypernodes.path": path }, at);
  }

  private failed(span: Span, error: unknown, at: number): void {
    const message = isError(error) ? messageOf(error) : describeError(error);
    span.recordException(isError(error) && isPrintable(error) ? error : message, at);
    span.setStatus({ code: this.api.SpanStatusCode.ERROR, message });
  }

  private retried({ error, attempt, delayMs, at, path }: EventOf<"node" | "element", "retried">): void {
    const attributes = { "hypernodes.path": path, "hypernodes.attempt": attempt, "hypernodes.delay_ms": delayMs };
    const message = isError(error) ? messageOf(error) : describeError(error);
    this.spanAt(path).addEvent("retried", { ...attributes, "exception.message": message }, at);
  }
}

function placeOf({ thread, container }: { thread?: number | undefined; container?: string | undefined }): Attributes {
  return {
    ...(thread !== undefined && { "hypernodes.thread": thread }),
    ...(container !== undefined && { "hypernodes.container": container }),
  };
}

/** Returns the parent of a path: of a node its pipeline, of an element its map, of a nested pipeline its step. */
function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.endsWith("]") ? path.lastIndexOf("[") : path.lastIndexOf(".")));
}

import type { Span } from "@opentelemetry/api";
import type { RunEvent } from "../../engine/lifecycle/events.js";

/**
 * Maximum number of elements in a span of a map that runs without threads, and the time in milliseconds that a span
 * accepts elements.
 */
const CHUNK = 256;
const CHUNK_MS = 1_000;

type ElementEvent = RunEvent & { readonly type: "element" };

/** Elements of a map that started one after another, and have one span. */
interface ElementSpan {
  readonly map: string;
  readonly span: Span;
  readonly startedAt: number;
  /** True if the span accepts more elements. */
  open: boolean;
  elements: number;
  failed: number;
  running: number;
}

/** The spans of elements that run outside of this process's threads. */
export class ElementSpans {
  /** The span that accepts elements, by map, container and thread. */
  private readonly current = new Map<string, ElementSpan>();
  /** The span of each element. */
  private readonly groupOf = new Map<string, ElementSpan>();
  private readonly all = new Set<ElementSpan>();

  spanOf(element: string): Span | undefined {
    return this.groupOf.get(element)?.span;
  }

  /** @param startSpan creates a new span. */
  join(map: string, event: ElementEvent, startSpan: () => Span): void {
    const key = `${map} ${event.container ?? ""} ${event.thread ?? ""}`;
    let group = this.current.get(key);
    if (group !== undefined && (group.elements >= CHUNK || event.at - group.startedAt >= CHUNK_MS)) {
      this.close(group, event.at);
      group = undefined;
    }
    if (group === undefined) {
      group = { map, span: startSpan(), startedAt: event.at, open: true, elements: 0, failed: 0, running: 0 };
      this.current.set(key, group);
      this.all.add(group);
    }
    group.elements += event.size ?? 1;
    group.running++;
    this.groupOf.set(event.path, group);
  }

  leave({ path, phase, at }: ElementEvent): void {
    const group = this.groupOf.get(path);
    if (group === undefined) return;
    this.groupOf.delete(path);
    group.running--;
    if (phase === "failed") group.failed++;
    this.endIfOver(group, at);
  }

  /** Closes the spans of a map, or of all maps, when it has ended. */
  end(map: string | undefined, at: number): void {
    for (const group of this.all) {
      if (map === undefined) group.running = 0;
      if (map === undefined || group.map === map) this.close(group, at);
    }
  }

  private close(group: ElementSpan, at: number): void {
    group.open = false;
    for (const [key, current] of this.current) if (current === group) this.current.delete(key);
    this.endIfOver(group, at);
  }

  private endIfOver(group: ElementSpan, at: number): void {
    if (group.open || group.running > 0) return;
    this.all.delete(group);
    group.span.setAttribute("hypernodes.elements", group.elements);
    if (group.failed > 0) group.span.setAttribute("hypernodes.failed", group.failed);
    group.span.end(at);
  }
}

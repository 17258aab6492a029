import type { MessagePort } from "node:worker_threads";
import type { Carrier, ChunkUnderWay } from "../call-context.js";
import { now, type RunEvent } from "../events.js";
import { placeOf } from "../failure.js";
import type { RunState } from "../run-state.js";
import type { Fragment } from "./fragment.js";
import { hearEvents } from "./live-events.js";
import type { VisitRange } from "./protocol.js";
import type { Outcome } from "./visit.js";

/** What is told of a visit that somebody hears of: its events while it lasts; to who traces, its beginning and its end. */
export class ToldVisit {
  readonly port: MessagePort;
  private readonly chunk: ChunkUnderWay | undefined;
  private readonly hearing = hearEvents((event) => this.relay(event));
  private readonly sentAt = now();
  /** The places whose ends have been told. */
  private readonly ended: string[] = [];

  constructor(
    private readonly run: RunState,
    private readonly fragment: Fragment,
    range: VisitRange | undefined,
  ) {
    this.port = this.hearing.port;
    const { name } = fragment.steps[0]!;
    const part = range && { element: range.indices?.[0] ?? range.first, elements: range.count };
    this.chunk = run.context?.chunk(run.id, { path: placeOf(fragment.execution.path, name), name, ...part });
  }

  /** The visit's context, if somebody traces. */
  get carrier(): Carrier | undefined {
    return this.chunk?.carrier;
  }

  private relay(event: RunEvent): void {
    this.fragment.starting?.ready(event.at);
    if (event.type !== "element" && event.type !== "node") {
      this.run.relay(event);
      return;
    }
    // Its thread was lost after it had ended, and it was done again.
    if (this.fragment.endedBefore.has(event.path)) return;
    if (event.phase === "end") this.ended.push(event.path);
    const isSent = event.type === "node" && event.phase === "start" && event.waitedMs === undefined;
    this.run.relay(isSent ? { ...event, waitedMs: event.at - this.sentAt } : event);
  }

  end(outcome: Outcome | undefined): void {
    this.hearing.drain();
    this.hearing.close();
    if (outcome?.kind === "home") {
      const { events, done, thread } = outcome.result;
      for (const event of events) this.relay(event);
      this.fragment.starting?.ready(now());
      this.chunk?.end({ elements: done, thread });
      return;
    }
    for (const path of this.ended) this.fragment.endedBefore.add(path);
    this.chunk?.end({ error: outcome?.kind === "lost" ? outcome.cause : this.fragment.execution.scope.reason });
  }
}

import type { MessagePort } from "node:worker_threads";
import type { ChunkOutcome, ChunkRange } from "../chunks/protocol.js";
import type { Stage } from "../chunks/stage.js";
import { pathOf } from "../failures/node-errors.js";
import { now, type RunEvent } from "../lifecycle/events.js";
import type { RunContext } from "../lifecycle/run-context.js";
import type { Carrier, ChunkSpan } from "../lifecycle/trace-context.js";
import { openEventChannel } from "./event-channel.js";
import type { ThreadStart } from "./thread-start.js";

/** The telemetry of a task, if there is a listener: its events while it lasts; for tracers, its span. */
export class ChunkTelemetry {
  readonly port: MessagePort;
  private readonly chunk: ChunkSpan | undefined;
  private readonly events = openEventChannel((event) => this.relay(event));
  private readonly sentAt = now();
  /** The paths whose ends were emitted. */
  private readonly ended: string[] = [];

  constructor(
    private readonly run: RunContext,
    private readonly stage: Stage,
    range: ChunkRange | undefined,
    private readonly starting: ThreadStart | undefined,
  ) {
    this.port = this.events.port;
    const { name } = stage.steps[0]!;
    const part = range && { element: range.indices?.[0] ?? range.first, elements: range.count };
    this.chunk = run.context?.startChunk(run.id, { path: pathOf(stage.execution.path, name), name, ...part });
  }

  /** The trace context of the task, if there is a tracer. */
  get carrier(): Carrier | undefined {
    return this.chunk?.carrier;
  }

  private relay(event: RunEvent): void {
    this.starting?.ready(event.at);
    if (event.type !== "element" && event.type !== "node") {
      this.run.forward(event);
      return;
    }
    // Its thread was lost after it had ended, and it was done again.
    if (this.stage.reportedEnds.has(event.path)) return;
    if (event.phase === "end") this.ended.push(event.path);
    const isSent = event.type === "node" && event.phase === "start" && event.queuedMs === undefined;
    this.run.forward(isSent ? { ...event, queuedMs: Math.max(0, event.at - this.sentAt) } : event);
  }

  end(outcome: ChunkOutcome | undefined): void {
    this.events.drain();
    this.events.close();
    if (outcome?.kind === "completed") {
      const { events, done, thread } = outcome.result;
      for (const event of events) this.relay(event);
      this.starting?.ready(now());
      this.chunk?.end({ elements: done, thread });
      return;
    }
    for (const path of this.ended) this.stage.reportedEnds.add(path);
    this.chunk?.end({ error: outcome?.kind === "crashed" ? outcome.cause : this.stage.execution.scope.reason });
  }
}

import type { RunEvent } from "../../engine/lifecycle/events.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { HostCode } from "../provider.js";

const NONE: ReadonlySet<string> = new Set();

/**
 * Forwards the events of a chunk to its run: live ones as they come, and the rest with the result. Each end is forwarded once.
 */
export class ChunkEventForwarder {
  /** The paths whose end events were forwarded. */
  readonly ended = new Set<string>();

  /** @param endedBefore the paths whose end events were forwarded for chunks that were lost. */
  constructor(
    private readonly run: RunContext,
    private readonly code: HostCode,
    private readonly endedBefore: ReadonlySet<string> = NONE,
  ) {}

  /** @param host the id of the host or worker; undefined: the chunk was computed for an earlier client. */
  forward(events: readonly RunEvent[], host?: string): void {
    for (const event of events) {
      if ("error" in event) this.code.remapStacks(event.error);
      if (this.isDuplicate(event)) continue;
      this.run.forward(host === undefined ? event : { ...event, container: host });
    }
  }

  /** A host that was lost, or is late, may have emitted the events of calls that another one repeats. */
  private isDuplicate({ type, phase, path }: RunEvent): boolean {
    if (type !== "element" && type !== "node") return false;
    if (this.ended.has(path) || this.endedBefore.has(path)) return true;
    if (phase === "end") this.ended.add(path);
    return false;
  }
}

import type { RunEvent } from "../../engine/lifecycle/events.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { Bundle } from "../bundle/bundle.js";
import { remapStacks } from "../bundle/remap-stacks.js";

const NONE: ReadonlySet<string> = new Set();

/** Tells of a chunk's events: as they come, if it takes long, and those that are left with its result. */
export class ChunkEventForwarder {
  /** The places whose ends have been told. */
  readonly ended = new Set<string>();

  /** @param before the places whose ends were told by chunks that were lost. */
  constructor(
    private readonly run: RunContext,
    private readonly bundle: Bundle,
    private readonly before: ReadonlySet<string> = NONE,
  ) {}

  /** @param worker where it is; undefined: it was computed for an earlier client. */
  tell(events: readonly RunEvent[], worker?: string): void {
    for (const event of events) {
      if ("error" in event) remapStacks(event.error, this.bundle);
      if (!this.isFirst(event)) continue;
      this.run.forward(worker === undefined ? event : { ...event, container: worker });
    }
  }

  /** A worker that is lost, or late, has told of what another one does again. */
  private isFirst({ type, phase, path }: RunEvent): boolean {
    if (type !== "element" && type !== "node") return true;
    if (this.ended.has(path) || this.before.has(path)) return false;
    if (phase === "end") this.ended.add(path);
    return true;
  }
}

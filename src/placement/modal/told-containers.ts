import { type DetailsOf, now, type Without } from "../../engine/events.js";
import type { RunState } from "../../engine/run-state.js";
import type { Printed } from "../container/frames.js";
import { MarkedLines } from "../host/marked-lines.js";

/** A connection to it. */
interface InContainer {
  readonly container: { readonly id: string };
}

/** Tells a run of the containers that it uses: when it has one for the first time, what is printed there, and its end. */
export class ToldContainers {
  private readonly lines = new Map<string, MarkedLines>();
  private readonly startedAt = now();

  /** @param path the place of what is computed there. */
  constructor(
    private readonly run: RunState,
    private readonly path: string,
  ) {}

  begun({ container: { id } }: InContainer): void {
    if (this.lines.has(id)) return;
    this.lines.set(id, new MarkedLines());
    this.tell(id, { phase: "start", durationMs: now() - this.startedAt });
  }

  printed({ container: { id } }: InContainer, printed: Printed): void {
    this.lines.get(id)?.add(printed);
    this.tell(id, { phase: "log", ...printed });
  }

  /** It has ended before the run. */
  ended({ container: { id } }: InContainer): void {
    const lines = this.lines.get(id);
    if (lines === undefined) return;
    this.lines.delete(id);
    lines.end();
    this.tell(id, { phase: "end", durationMs: now() - this.startedAt });
  }

  end(): void {
    for (const id of this.lines.keys()) this.ended({ container: { id } });
  }

  private tell(id: string, more: Without<DetailsOf<"container">, "id">): void {
    this.run.tell?.({ type: "container", path: this.path, name: "modal", id, ...more });
  }
}

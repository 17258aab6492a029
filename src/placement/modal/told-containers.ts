import { now } from "../../engine/events.js";
import type { RunState } from "../../engine/run-state.js";
import type { Printed } from "../container/frames.js";
import type { Connection } from "./connection.js";
import { MarkedLines } from "./marked-lines.js";

/** Tells a run of the containers that it uses: when it has one for the first time, what is printed there, and its end. */
export class ToldContainers {
  private readonly lines = new Map<string, MarkedLines>();
  private readonly startedAt = now();

  /** @param path the place of what is computed there. */
  constructor(
    private readonly run: RunState,
    private readonly path: string,
  ) {}

  begun({ container: { id } }: Connection): void {
    if (this.lines.has(id)) return;
    this.lines.set(id, new MarkedLines());
    this.tell(id, { phase: "start", durationMs: now() - this.startedAt });
  }

  printed({ container: { id } }: Connection, printed: Printed): void {
    this.lines.get(id)?.add(printed);
    this.tell(id, { phase: "log", ...printed });
  }

  end(): void {
    for (const [id, lines] of this.lines) {
      lines.end();
      this.tell(id, { phase: "end", durationMs: now() - this.startedAt });
    }
    this.lines.clear();
  }

  private tell(id: string, more: object): void {
    const about = { type: "container", path: this.path, name: "modal", id, ...more };
    this.run.tell?.(about as Parameters<NonNullable<RunState["tell"]>>[0]);
  }
}

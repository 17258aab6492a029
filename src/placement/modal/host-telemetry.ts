import { type DetailsOf, now, type Without } from "../../engine/lifecycle/events.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import { PrefixedOutput } from "../host/prefixed-output.js";
import type { Printed } from "../protocol/frames.js";

/** A connection to it. */
interface InContainer {
  readonly container: { readonly id: string };
}

/** Tells a run of the containers that it uses: when it has one for the first time, what is printed there, and its end. */
export class HostTelemetry {
  private readonly lines = new Map<string, PrefixedOutput>();
  private readonly startedAt = now();

  /** @param path the place of what is computed there. */
  constructor(
    private readonly run: RunContext,
    private readonly path: string,
  ) {}

  started({ container: { id } }: InContainer): void {
    if (this.lines.has(id)) return;
    this.lines.set(id, new PrefixedOutput());
    this.emit(id, { phase: "start", durationMs: now() - this.startedAt });
  }

  log({ container: { id } }: InContainer, printed: Printed): void {
    this.lines.get(id)?.add(printed);
    this.emit(id, { phase: "log", ...printed });
  }

  /** It has ended before the run. */
  stopped({ container: { id } }: InContainer): void {
    const lines = this.lines.get(id);
    if (lines === undefined) return;
    this.lines.delete(id);
    lines.end();
    this.emit(id, { phase: "end", durationMs: now() - this.startedAt });
  }

  end(): void {
    for (const id of this.lines.keys()) this.stopped({ container: { id } });
  }

  private emit(id: string, more: Without<DetailsOf<"container">, "id">): void {
    this.run.emit?.({ type: "container", path: this.path, name: "modal", id, ...more });
  }
}

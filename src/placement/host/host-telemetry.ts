import { type DetailsOf, now, type Without } from "../../engine/lifecycle/events.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { Printed } from "../protocol/frames.js";
import type { HostConnection, HostSpec } from "../provider.js";
import { PrefixedOutput } from "./prefixed-output.js";

type HostId = Pick<HostConnection, "id">;

/** Emits the events of the hosts that a run uses (the first use of each, its output and its end), and prints the output. */
export class HostTelemetry {
  private readonly outputs = new Map<string, PrefixedOutput>();
  private readonly startedAt = now();

  /** @param path the path of the work on the hosts. */
  constructor(
    private readonly run: RunContext,
    private readonly path: string,
    private readonly spec: Pick<HostSpec, "name" | "outputPrefix">,
  ) {}

  started({ id }: HostId): void {
    if (this.outputs.has(id)) return;
    this.outputs.set(id, new PrefixedOutput(this.spec.outputPrefix));
    this.emit(id, { phase: "start", durationMs: now() - this.startedAt });
  }

  log({ id }: HostId, printed: Printed): void {
    const output = this.outputs.get(id);
    if (output !== undefined) {
      output.add(printed);
      this.emit(id, { phase: "log", ...printed });
      return;
    }
    // The run has ended, but its host prints something more, such as in a resource that is disposed of.
    const late = new PrefixedOutput(this.spec.outputPrefix);
    late.add(printed);
    late.end();
  }

  /** The host has ended, or the run needs it no more. */
  stopped({ id }: HostId): void {
    const output = this.outputs.get(id);
    if (output === undefined) return;
    this.outputs.delete(id);
    output.end();
    this.emit(id, { phase: "end", durationMs: now() - this.startedAt });
  }

  end(): void {
    for (const id of this.outputs.keys()) this.stopped({ id });
  }

  private emit(id: string, details: Without<DetailsOf<"container">, "id">): void {
    this.run.emit?.({ type: "container", path: this.path, name: this.spec.name, id, ...details });
  }
}

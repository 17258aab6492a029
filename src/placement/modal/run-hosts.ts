import { type ClassLocation, classLocationOf } from "../../dsl/class-location.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { Placement } from "../../dsl/pipeline-options.js";
import type { ChunkExecutor } from "../../engine/chunks/chunk-executor.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";

import { hostPoolOf } from "../../engine/settings.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { type Bundle, bundleOf } from "../bundle/bundle.js";
import { HostPoolExecutor } from "./host-pool-executor.js";
import { HostTelemetry } from "./host-telemetry.js";
import { type ModalPlacement, type ResolvedModalOptions, resolveModalOptions } from "./options.js";
import { SessionPools } from "./session-pools.js";

/** The containers that a run uses from here: of pipelines nested in it, and those that share its work. */
export class RunHosts {
  /** By placement, the containers that share its work. */
  private readonly told = new Map<Placement, HostTelemetry>();
  private readonly own = new SessionPools();

  /**
   * @param type the pipeline that is run.
   * @param kept the containers of a pipeline that is open: they outlive the run.
   */
  constructor(
    private readonly type: PipelineClass,
    private readonly kept: SessionPools | undefined,
  ) {}

  run(placement: ModalPlacement, errand: RemoteTask): Promise<Record<string, unknown>> {
    const options = resolveModalOptions(placement.options);
    if (hostPoolOf(placement) === undefined) return this.own.submit(options, errand).run();
    const shared = {
      bundled: (origin: ClassLocation) => this.bundled(options, origin),
      told: this.toldOf(placement, errand.where, errand.run),
    };
    return this.containers.submit(options, errand, shared).run();
  }

  visits(placement: ModalPlacement, fragment: Stage): ChunkExecutor {
    const options = resolveModalOptions(placement.options);
    const { run, path } = fragment.execution;
    return new HostPoolExecutor(
      fragment,
      options.containers,
      () => this.bundled(options, fragment.origin()),
      (bundle) => this.containers.pool(options, bundle, path, run),
      this.toldOf(placement, path, run),
    );
  }

  private get containers(): SessionPools {
    return this.kept ?? this.own;
  }

  /** What is nested in the pipeline is in its bundle: the same containers do all of it. */
  private bundled({ image, files }: ResolvedModalOptions, origin: ClassLocation): Promise<Bundle> {
    return bundleOf(classLocationOf(this.type) ?? origin, image.packages, files);
  }

  private toldOf(placement: Placement, where: string, run: RunContext): HostTelemetry {
    return getOrCreate(this.told, placement, () => new HostTelemetry(run, where.split(".", 1)[0]!));
  }

  async end(): Promise<void> {
    await this.own.end();
    for (const told of this.told.values()) told.end();
  }
}

import { type ClassLocation, classLocationOf } from "../../dsl/class-location.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { Placement } from "../../dsl/pipeline-options.js";
import type { ChunkExecutor } from "../../engine/chunks/chunk-executor.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { RunContext } from "../../engine/lifecycle/run-context.js";
import type { RemoteTask } from "../../engine/remote/remote-task.js";
import { hostPoolOf } from "../../engine/settings.js";
import { getOrCreate } from "../../util/get-or-create.js";
import type { HostCode, HostSpec } from "../provider.js";
import { HostPoolExecutor } from "./host-pool-executor.js";
import { HostTelemetry } from "./host-telemetry.js";
import { SessionPools } from "./session-pools.js";

/** The hosts of one run that is coordinated in this process: those of nested pipelines, and those that share its maps. */
export class RunHosts {
  /** The telemetry of hosts that share work, by placement. */
  private readonly telemetry = new Map<Placement, HostTelemetry>();
  private readonly ownPools = new SessionPools();

  /**
   * @param type the pipeline that is run.
   * @param sessionPools the hosts of an open pipeline, which outlive the run.
   */
  constructor(
    private readonly type: PipelineClass,
    private readonly sessionPools: SessionPools | undefined,
  ) {}

  /** Runs a task on a host of its own, or on one of those that share the work. */
  run(placement: Placement, spec: HostSpec, task: RemoteTask): Promise<Record<string, unknown>> {
    if (hostPoolOf(placement) === undefined) return this.ownPools.submit(spec, task).run();
    const shared = {
      codeFor: (origin: ClassLocation) => this.codeFor(spec, origin),
      telemetry: this.telemetryFor(placement, spec, task.where, task.run),
    };
    return this.pools.submit(spec, task, shared).run();
  }

  /** An executor of the chunks of a stage on hosts that share them. */
  chunkExecutor(placement: Placement, spec: HostSpec, stage: Stage): ChunkExecutor {
    const { run, path } = stage.execution;
    return new HostPoolExecutor(
      stage,
      spec,
      () => this.codeFor(spec, stage.origin()),
      (code) => this.pools.pool(spec, code, path, run),
      this.telemetryFor(placement, spec, path, run),
    );
  }

  private get pools(): SessionPools {
    return this.sessionPools ?? this.ownPools;
  }

  /** The code of the pipeline that is run has the nested pipelines in it: the same hosts run all of them. */
  private codeFor(spec: HostSpec, origin: ClassLocation): Promise<HostCode> {
    return spec.codeFor(classLocationOf(this.type) ?? origin);
  }

  private telemetryFor(placement: Placement, spec: HostSpec, where: string, run: RunContext): HostTelemetry {
    return getOrCreate(this.telemetry, placement, () => new HostTelemetry(run, where.split(".", 1)[0]!, spec));
  }

  async end(): Promise<void> {
    await this.ownPools.end();
    for (const telemetry of this.telemetry.values()) telemetry.end();
  }
}

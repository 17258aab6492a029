import type { PipelineClass } from "../dsl/members.js";
import type { Placement } from "../dsl/pipeline-options.js";
import type { ResourceScope } from "../engine/lifecycle/resources.js";
import type { HostRegistry } from "../engine/remote/host-registry.js";

import { type RunRequest, runProgram } from "../engine/run.js";
import { asCoordinator, hostPoolOf } from "../engine/settings.js";
import { streamRun } from "../engine/stream.js";
import { badOption, HypernodesError } from "../errors.js";
import type { BullmqQueue } from "./bullmq/options.js";
import type { RunSummary } from "./bullmq/run-journal.js";
import { RunQueues } from "./bullmq/run-queues.js";
import type { ModalPlacement } from "./modal/options.js";
import { RunHosts } from "./modal/run-hosts.js";
import { poolsForSession } from "./modal/session-pools.js";

/** Where programs are run. */
export interface Runner {
  run(request: RunRequest): Promise<Record<string, unknown>>;
  stream(request: RunRequest): AsyncGenerator<unknown, void, undefined>;
}

/** What is known of a run when it begins. */
export interface RunStart {
  readonly type: PipelineClass;
  /** Whoever owns them disposes of them; undefined: the run is the owner. */
  readonly resources: ResourceScope | undefined;
  /** What a journal keeps of it, if it may be resumed. */
  readonly told: (() => RunSummary) | undefined;
}

/** What computes for a run that is here: places of nested pipelines, containers that share its work, workers of its maps. */
export function createHostRegistry({ type, resources, told }: RunStart): HostRegistry {
  let onModal: RunHosts | undefined;
  let queues: RunQueues | undefined;
  const containers = () => {
    onModal ??= new RunHosts(type, resources && poolsForSession(resources));
    return onModal;
  };
  return {
    async runTask(placement, errand) {
      if (placement.kind !== "modal") throw unknownPlacement(placement, errand.where);
      return containers().run(placement as ModalPlacement, errand);
    },
    hostPoolExecutor: (placement, fragment) => containers().visits(placement as ModalPlacement, fragment),
    queueExecutor(queue, fragment) {
      queues ??= new RunQueues(told);
      return queues.workers(queue as BullmqQueue, fragment);
    },
    close(isDone) {
      if (onModal === undefined && queues === undefined) return undefined;
      return Promise.all([onModal?.end(), queues?.close(isDone)]);
    },
  };
}

/** The place that is chosen. What it takes is loaded when it is first used. */
export async function runnerFor(runOn: Placement, pipeline: string): Promise<Runner> {
  if (runOn.kind === "modal") return hostPoolOf(runOn) ? coordinated(runOn) : modalRunner(runOn as ModalPlacement);
  throw unknownPlacement(runOn, pipeline);
}

/** Here is what directs the containers that compute it all. */
function coordinated(containers: Placement): Runner {
  const inThem = (request: RunRequest) => ({ ...request, settings: asCoordinator(request.settings, containers) });
  return { run: (request) => runProgram(inThem(request)), stream: (request) => streamRun(inThem(request)) };
}

function unknownPlacement(placement: Placement, where: string): HypernodesError {
  return new HypernodesError({ where, ...badOption("placement", placement, "local() or modal({ ... })") });
}

async function modalRunner(placement: ModalPlacement): Promise<Runner> {
  const { runOnModal, streamOnModal } = await import("./modal/run-on-modal.js");
  return { run: (request) => runOnModal(request, placement), stream: (request) => streamOnModal(request, placement) };
}

import type { Placement } from "../dsl/choices.js";
import type { PipelineClass } from "../dsl/members.js";
import type { Elsewhere } from "../engine/elsewhere.js";
import type { Resources } from "../engine/resources.js";
import { type RunRequest, runProgram } from "../engine/run-program.js";
import { directing, sharing } from "../engine/settings.js";
import { streamProgram } from "../engine/stream-program.js";
import { badOption, HypernodesError } from "../errors.js";
import type { RunTold } from "./bullmq/journal.js";
import type { BullmqQueue } from "./bullmq/options.js";
import { Queues } from "./bullmq/queues.js";
import { keptFor } from "./modal/kept-containers.js";
import type { ModalPlacement } from "./modal/options.js";
import { RunContainers } from "./modal/run-containers.js";

/** Where programs are run. */
export interface Place {
  run(request: RunRequest): Promise<Record<string, unknown>>;
  stream(request: RunRequest): AsyncGenerator<unknown, void, undefined>;
}

/** What is known of a run when it begins. */
export interface Beginning {
  readonly type: PipelineClass;
  /** Whoever owns them disposes of them; undefined: the run is the owner. */
  readonly resources: Resources | undefined;
  /** What a journal keeps of it, if it may be resumed. */
  readonly told: (() => RunTold) | undefined;
}

/** What computes for a run that is here: places of nested pipelines, containers that share its work, workers of its maps. */
export function elsewhere({ type, resources, told }: Beginning): Elsewhere {
  let onModal: RunContainers | undefined;
  let queues: Queues | undefined;
  const containers = () => {
    onModal ??= new RunContainers(type, resources && keptFor(resources));
    return onModal;
  };
  return {
    async run(placement, errand) {
      if (placement.kind !== "modal") throw noPlace(placement, errand.where);
      return containers().run(placement as ModalPlacement, errand);
    },
    containers: (placement, fragment) => containers().visits(placement as ModalPlacement, fragment),
    workers(queue, fragment) {
      queues ??= new Queues(told);
      return queues.workers(queue as BullmqQueue, fragment);
    },
    end(isDone) {
      if (onModal === undefined && queues === undefined) return undefined;
      return Promise.all([onModal?.end(), queues?.end(isDone)]);
    },
  };
}

/** The place that is chosen. What it takes is loaded when it is first used. */
export async function placeFor(runOn: Placement, pipeline: string): Promise<Place> {
  if (runOn.kind === "modal") return sharing(runOn) ? directed(runOn) : onModal(runOn as ModalPlacement);
  throw noPlace(runOn, pipeline);
}

/** Here is what directs the containers that compute it all. */
function directed(containers: Placement): Place {
  const inThem = (request: RunRequest) => ({ ...request, settings: directing(request.settings, containers) });
  return { run: (request) => runProgram(inThem(request)), stream: (request) => streamProgram(inThem(request)) };
}

function noPlace(placement: Placement, where: string): HypernodesError {
  return new HypernodesError({ where, ...badOption("placement", placement, "local() or modal({ ... })") });
}

async function onModal(placement: ModalPlacement): Promise<Place> {
  const { runOnModal, streamOnModal } = await import("./modal/run-on-modal.js");
  return { run: (request) => runOnModal(request, placement), stream: (request) => streamOnModal(request, placement) };
}

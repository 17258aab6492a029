import type { Choices, Placement } from "../dsl/choices.js";
import type { Elsewhere } from "../engine/elsewhere.js";
import { type RunRequest, runProgram } from "../engine/run-program.js";
import { streamProgram } from "../engine/stream-program.js";
import { badOption, HypernodesError } from "../errors.js";
import type { RunTold } from "./bullmq/journal.js";
import type { BullmqQueue } from "./bullmq/options.js";
import { Queues } from "./bullmq/queues.js";
import type { KeptContainers } from "./modal/kept-containers.js";
import type { ModalPlacement } from "./modal/options.js";

/** Where programs are run. */
export interface Place {
  run(request: RunRequest): Promise<Record<string, unknown>>;
  stream(request: RunRequest): AsyncGenerator<unknown, void, undefined>;
}

/**
 * What pipelines run in that are nested in one run here, and have a place of their own; and the workers of its maps.
 *
 * @param told what a journal keeps of the run, if it may be resumed.
 */
export function elsewhere(told?: () => RunTold): Elsewhere {
  let onModal: Promise<KeptContainers> | undefined;
  let queues: Queues | undefined;
  return {
    async run(placement, errand) {
      if (placement.kind !== "modal") throw noPlace(placement, errand.where);
      onModal ??= import("./modal/kept-containers.js").then(({ KeptContainers }) => new KeptContainers());
      return (await onModal).run(placement as ModalPlacement, errand);
    },
    workers(queue, fragment) {
      queues ??= new Queues(told);
      return queues.workers(queue as BullmqQueue, fragment);
    },
    end(isDone) {
      if (onModal === undefined && queues === undefined) return undefined;
      return Promise.all([onModal?.then((containers) => containers.end()), queues?.end(isDone)]);
    },
  };
}

/** In this process. */
export const HERE: Place = { run: runProgram, stream: streamProgram };

/** The place that is chosen, if it is another one than here. What it takes is loaded when it is first used. */
export function placeFor({ runOn }: Choices, pipeline: string): Promise<Place> | undefined {
  if (runOn === undefined || runOn.kind === "local") return undefined;
  if (runOn.kind === "modal") return onModal(runOn as ModalPlacement);
  throw noPlace(runOn, pipeline);
}

function noPlace(placement: Placement, where: string): HypernodesError {
  return new HypernodesError({ where, ...badOption("placement", placement, "local() or modal({ ... })") });
}

async function onModal(placement: ModalPlacement): Promise<Place> {
  const { runOnModal, streamOnModal } = await import("./modal/run-on-modal.js");
  return { run: (request) => runOnModal(request, placement), stream: (request) => streamOnModal(request, placement) };
}

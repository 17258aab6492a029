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
import { RunHosts } from "./host/run-hosts.js";
import { runOnHost, streamOnHost } from "./host/run-on-host.js";
import { poolsForSession } from "./host/session-pools.js";
import { localProcessProvider } from "./local-process/local-process.js";
import { modalProvider } from "./modal/modal-provider.js";
import type { HostSpec, PlacementProvider } from "./provider.js";

/** All placements other than this process. A new kind of placement is one more row. */
export const PROVIDERS: readonly PlacementProvider[] = [localProcessProvider, modalProvider];

/** Runs programs at one placement. */
export interface Runner {
  run(request: RunRequest): Promise<Record<string, unknown>>;
  stream(request: RunRequest): AsyncGenerator<unknown, void, undefined>;
}

/** A run that begins in this process. */
export interface RunStart {
  readonly type: PipelineClass;
  /** The resources of an open pipeline, which outlive the run; undefined: the run has its own. */
  readonly resources: ResourceScope | undefined;
  /** Makes the summary for the run's journal; undefined: the run can't be resumed. */
  readonly summary: (() => RunSummary) | undefined;
}

/** The hosts and queues of a run that is coordinated in this process. They are opened when they are first needed. */
export function createHostRegistry({ type, resources, summary }: RunStart): HostRegistry {
  let runHosts: RunHosts | undefined;
  let queues: RunQueues | undefined;
  const hosts = () => {
    runHosts ??= new RunHosts(type, resources && poolsForSession(resources));
    return runHosts;
  };
  return {
    runTask: async (placement, task) => hosts().run(placement, hostsOf(placement, task.where), task),
    hostPoolExecutor: (placement, stage) =>
      hosts().chunkExecutor(placement, hostsOf(placement, stage.execution.path), stage),
    queueExecutor(queue, stage) {
      queues ??= new RunQueues(summary);
      return queues.workers(queue as BullmqQueue, stage);
    },
    close(isCompleted) {
      if (runHosts === undefined && queues === undefined) return undefined;
      return Promise.all([runHosts?.end(), queues?.close(isCompleted)]);
    },
  };
}

/**
 * The runner of a placement other than this process.
 *
 * @throws {HypernodesError} `BAD_OPTION` if there is no such placement.
 */
export function runnerFor(placement: Placement, pipeline: string): Runner {
  const spec = hostsOf(placement, pipeline);
  if (hostPoolOf(placement) !== undefined) return coordinated(placement);
  return { run: (request) => runOnHost(request, spec), stream: (request) => streamOnHost(request, spec) };
}

/** This process coordinates hosts that compute everything. */
function coordinated(placement: Placement): Runner {
  const onHosts = (request: RunRequest) => ({ ...request, settings: asCoordinator(request.settings, placement) });
  return { run: (request) => runProgram(onHosts(request)), stream: (request) => streamRun(onHosts(request)) };
}

function hostsOf(placement: Placement, where: string): HostSpec {
  const provider = PROVIDERS.find(({ kind }) => kind === placement.kind);
  if (provider !== undefined) return provider.hosts(placement);
  const examples = PROVIDERS.map(({ example }) => example);
  const takes = `local(), ${examples.slice(0, -1).join(", ")} or ${examples.at(-1)}`;
  throw new HypernodesError({ where, ...badOption("placement", placement, takes) });
}

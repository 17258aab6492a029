import { presetCodeDigests } from "../../cache/code-digests.js";
import { memory, sqlite } from "../../cache/stores.js";
import { classNameOf, type PipelineClass } from "../../dsl/members.js";
import { mergeOptions, optionsOf } from "../../dsl/metadata.js";
import type { PipelineOptions } from "../../dsl/pipeline-options.js";
import type { Listener } from "../lifecycle/events.js";
import type { ResourceScope } from "../lifecycle/resources.js";
import { fromProgramSpec } from "../program/program-spec.js";
import type { RemoteTaskSpec } from "../remote/remote-task.js";
import type { RunRequest } from "../run.js";
import { resolveExecution } from "../settings.js";

/** The resources, the signal and the listener of the host that runs a remote task. */
export interface RemoteTaskHost {
  readonly resources: ResourceScope | undefined;
  readonly signal: AbortSignal;
  readonly listener: Listener | undefined;
}

/** The request of a remote task's run, on its host. */
export function toRunRequest(type: PipelineClass, work: RemoteTaskSpec, host: RemoteTaskHost): RunRequest {
  const choices = mergeOptions(optionsOf(type), optionsIn(work));
  const program = fromProgramSpec(type, choices, work.source);
  if (work.codes !== undefined) presetCodeDigests(program, work.codes);
  const settings = resolveExecution(choices, classNameOf(type));
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of work.values) values[slot] = value;
  return {
    ...host,
    program,
    values,
    // The client caches a part; what is nested in it may have its own store.
    settings: work.part === undefined ? settings : { ...settings, cache: undefined },
    name: classNameOf(type),
    explain: work.explain,
    inputs: work.inputs,
    id: work.run,
    path: work.path,
    origins: work.origins,
    part: work.part,
    keepsCollected: work.source.part !== undefined,
  };
}

/** The options of the task: it runs on this host, also if its class has a placement. */
function optionsIn({ execution, cache }: RemoteTaskSpec): PipelineOptions {
  return {
    runOn: { kind: "local" },
    ...(execution && { execution }),
    ...(cache !== undefined && {
      cache: cache === false ? false : cache.kind === "sqlite" ? sqlite(cache.path) : memory({ max: cache.max }),
    }),
  };
}

import { classLocationOf, locationPath } from "../dsl/class-location.js";
import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import { optionsOf } from "../dsl/metadata.js";
import type { PipelineOptions } from "../dsl/pipeline-options.js";
import { convertInputs } from "../engine/elements/convert-inputs.js";
import type { Program } from "../engine/program/program.js";
import { toProgramSpec } from "../engine/program/program-spec.js";
import type { HostRegistry } from "../engine/remote/host-registry.js";

import { localised } from "../engine/settings.js";
import type { PlanMapOptions } from "../graph/plan.js";

import { type BullmqQueue, resolveBullmqOptions } from "./bullmq/options.js";
import type { RunSummary } from "./bullmq/run-journal.js";
import { createHostRegistry } from "./providers.js";
import type { ResumeInfo, RunSpec } from "./run-spec.js";

/** The summary of a run for its journal, from which another process can resume it. */
function journalRecord(spec: RunSpec, program: Program, over: Partial<PlanMapOptions> | undefined): RunSummary {
  const { pipeline, inputs, outputs, given, choices } = spec;
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  const { file, name } = classLocationOf(program.pipeline)!;
  return {
    file: locationPath(file!),
    name,
    fields: toProgramSpec(program).fields,
    inputs: withoutIterators({ ...bound, ...inputs }),
    ...{ outputs, over },
    given: withoutIterators(given),
    execution: localised(choices.execution),
    chosen: selectedQueue(program.pipeline, choices),
  };
}

/** Replaces iterators, which were read when the run began, by their elements. */
function withoutIterators(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, convertInputs(value, undefined)]));
}

function selectedQueue(type: PipelineClass, { execution }: PipelineOptions): RunSummary["chosen"] {
  const maps = execution?.maps;
  if (typeof maps !== "object" || maps === optionsOf(type).execution?.maps) return undefined;
  const { connection: _, values: __, key: ___, ...chosen } = resolveBullmqOptions((maps as BullmqQueue).options);
  return chosen;
}

/** The hosts and queues of a run that begins in this process. */
export function hostsFor(spec: RunSpec, program: Program, resumable?: ResumeInfo): HostRegistry {
  const { pipeline, resources } = spec;
  // The process that resumes it has to import the class.
  const isImportable = classLocationOf(program.pipeline)?.file !== undefined;
  const summary = resumable && isImportable ? () => journalRecord(spec, program, resumable.over) : undefined;
  return createHostRegistry({ type: pipeline.constructor as PipelineClass, resources, summary });
}

import type { Choices } from "../dsl/choices.js";
import { PIPELINE, type PipelineClass } from "../dsl/members.js";
import { choicesOf } from "../dsl/metadata.js";
import { originOf, pathOf } from "../dsl/origin.js";
import type { Elsewhere } from "../engine/elsewhere.js";
import { land } from "../engine/landing.js";
import type { Program } from "../engine/program.js";
import { sourceOf } from "../engine/remade.js";
import { forElsewhere } from "../engine/settings.js";
import type { OverOptions } from "../graph/plan-over.js";
import type { RunTold } from "./bullmq/journal.js";
import { type BullmqQueue, checkedBullmq } from "./bullmq/options.js";
import { elsewhere } from "./places.js";
import type { Use } from "./use.js";

/** The way a run was asked for that may be resumed: as a map over the whole pipeline, or not. */
export interface Resumable {
  readonly over?: Partial<OverOptions>;
}

/** A run's own request, for the process that goes on where the run was when it ended. */
function toldIn(use: Use, program: Program, over: Partial<OverOptions> | undefined): RunTold {
  const { pipeline, inputs, outputs, given, choices } = use;
  const { bound } = (pipeline as { [PIPELINE]: { bound: Readonly<Record<string, unknown>> } })[PIPELINE];
  const { file, name } = originOf(program.pipeline)!;
  return {
    file: pathOf(file!),
    name,
    fields: sourceOf(program).fields,
    inputs: withoutIterators({ ...bound, ...inputs }),
    ...{ outputs, over },
    given: withoutIterators(given),
    execution: forElsewhere(choices.execution),
    chosen: chosenQueue(program.pipeline, choices),
  };
}

/** Values as they can be written down: iterators were read when the run began. */
function withoutIterators(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, land(value, undefined)]));
}

function chosenQueue(type: PipelineClass, { execution }: Choices): RunTold["chosen"] {
  const maps = execution?.maps;
  if (typeof maps !== "object" || maps === choicesOf(type).execution?.maps) return undefined;
  const { connection: _, values: __, key: ___, ...chosen } = checkedBullmq((maps as BullmqQueue).options);
  return chosen;
}

/** All that computes for a run that begins here, and is somewhere else. */
export function elsewhereFor(use: Use, program: Program, resumable?: Resumable): Elsewhere {
  const { pipeline, resources } = use;
  // Who goes on with it has to import the class.
  const isImportable = originOf(program.pipeline)?.file !== undefined;
  const told = resumable && isImportable ? () => toldIn(use, program, resumable.over) : undefined;
  return elsewhere({ type: pipeline.constructor as PipelineClass, resources, told });
}

import { setCodes, setModelCodes } from "../cache/codes.js";
import { memory, sqlite } from "../cache/stores.js";
import type { Choices } from "../dsl/choices.js";
import type { PipelineClass } from "../dsl/members.js";
import { choicesOf, mergeChoices } from "../dsl/metadata.js";
import type { Listener } from "./events.js";
import type { PlacedWork } from "./placed.js";
import { remake } from "./remade.js";
import type { Resources } from "./resources.js";
import type { RunRequest } from "./run-program.js";
import { settingsOf } from "./settings.js";

/** What who does placed work brings along. */
export interface PlacedWith {
  readonly resources: Resources | undefined;
  readonly signal: AbortSignal;
  readonly listener: Listener | undefined;
}

/** The run that some placed work is, in the place where it is done. */
export function placedRequest(type: PipelineClass, work: PlacedWork, given: PlacedWith): RunRequest {
  const choices = mergeChoices(choicesOf(type), choicesIn(work));
  const program = remake(type, choices, work.source);
  if (work.codes !== undefined) setCodes(program, work.codes);
  if (work.models !== undefined) setModelCodes(work.models);
  const settings = settingsOf(choices, type.name);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of work.values) values[slot] = value;
  return {
    ...given,
    program,
    values,
    // What a part is remembered in is where it came from; what is nested in it may have its own.
    settings: work.part === undefined ? settings : { ...settings, cache: undefined },
    name: type.name,
    explain: work.explain,
    inputs: work.inputs,
    id: work.run,
    path: work.path,
    part: work.part,
    keepsCollected: work.source.part !== undefined,
  };
}

/** Here is where it is to run, whatever the class says. */
function choicesIn({ execution, cache }: PlacedWork): Choices {
  return {
    runOn: { kind: "local" },
    ...(execution && { execution }),
    ...(cache !== undefined && {
      cache: cache === false ? false : cache.kind === "sqlite" ? sqlite(cache.path) : memory({ max: cache.max }),
    }),
  };
}

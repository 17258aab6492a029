import { problemOf, serialisableError, unserialisableError } from "../../engine/chunks/encode-result.js";
import { CollectedError } from "../../engine/failures/collected.js";
import type { RunRequest } from "../../engine/run.js";
import { NodeError } from "../../errors.js";
import type { Plan, Step } from "../../graph/plan.js";
import { type EncodedChunks, encodeChunks } from "../../values/codec.js";

/** The depth of each output's value in the record of outputs. */
const OUTPUT_LEVEL = 1;
const WHAT = "its value can't be sent from the container";

/**
 * The outputs of a run as bytes for the client. Where a step collects errors, one replaces a value that can't be serialized.
 *
 * @param isStreamed true if they are those of one element of a stream.
 * @throws {NodeError} `UNSERIALISABLE`, of the node whose value it was; of a pipeline's element, if it was mapped over.
 */
export function encodeOutputs(outputs: unknown, request: RunRequest, isStreamed: boolean): EncodedChunks {
  try {
    return encodeChunks(outputs, { levelsAround: OUTPUT_LEVEL });
  } catch (error) {
    const plan = isStreamed ? request.program.plan.steps[0]!.child!.plan : request.program.plan;
    const repaired =
      outputs instanceof NodeError
        ? serialisableError(outputs)
        : new OutputRepair(plan, request).record(outputs as Record<string, unknown>);
    try {
      return encodeChunks(repaired, { levelsAround: OUTPUT_LEVEL });
    } catch {
      throw unserialisableError(plan.steps[0]!, placeIn(plan, request), undefined, error, 0, `${WHAT} with the others`);
    }
  }
}

/** Looks at each value alone: what is wrong with one may say nothing of where it is. */
class OutputRepair {
  constructor(
    private readonly plan: Plan,
    private readonly request: RunRequest,
  ) {}

  record(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, this.output(name, value)]));
  }

  private output(name: string, value: unknown): unknown {
    const step = this.plan.steps.find((each) => each.name === name);
    if (step === undefined) return value;
    const isMapped = this.plan.over !== undefined || step.map !== undefined;
    if (!isMapped || !Array.isArray(value))
      return this.value(step, value, undefined, problemOf({ [name]: value }, OUTPUT_LEVEL));
    return value.map((element: unknown, i) =>
      this.value(step, element, i, problemOf({ [name]: [element] }, OUTPUT_LEVEL)),
    );
  }

  private value(
    step: Step,
    value: unknown,
    element: number | undefined,
    problem: { readonly error: unknown } | undefined,
  ): unknown {
    if (problem === undefined) return value;
    if (CollectedError.is(value)) return new CollectedError(serialisableError(value.error) as NodeError);
    const collects = step.node.options.onError === "collect";
    if (collects && value instanceof NodeError) return serialisableError(value);
    const depth = element === undefined ? 1 : 2;
    const error = unserialisableError(step, placeIn(this.plan, this.request), element, problem.error, depth, WHAT);
    if (!collects) throw error;
    const serialisable = serialisableError(error) as NodeError;
    return this.request.keepsCollected ? new CollectedError(serialisable) : serialisable;
  }
}

function placeIn({ over }: Plan, { path, name }: RunRequest): string {
  return over === undefined ? (path ?? name) : "";
}

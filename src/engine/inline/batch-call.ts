import { HypernodesError, NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { counted } from "../../util/format.js";
import { isPromise } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import type { MapElements } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { RunningExecution } from "../executor.js";
import { CollectedError } from "../failures/collected.js";
import { hasChangedInput, print } from "../failures/node-errors.js";
import { collectError, invokeStep } from "./step-call.js";

/** The elements of a batch, and how their inputs are read. */
export interface BatchCall {
  readonly execution: RunningExecution;
  readonly step: Step;
  /** The elements' indices: first to last, without those that have failed before. */
  readonly indices: readonly number[];
  readonly elements: MapElements;
  readonly shared: readonly unknown[];
}

/**
 * Calls a method for several elements at once. If that fails, each is tried alone, so that the error names the one at
 * fault and the others have their values.
 *
 * @returns a value for each index, or a promise of them.
 */
export function callBatch(batch: BatchCall): unknown[] | Promise<unknown[]> {
  const { indices } = batch;
  if (indices.length === 0) return [];
  try {
    const found = callTogether(batch, indices);
    return isPromise(found)
      ? found.then(
          (v) => v as unknown[],
          (error) => callIndividually(batch, error),
        )
      : found;
  } catch (error) {
    return callIndividually(batch, error);
  }
}

function callTogether({ execution, step, elements, shared }: BatchCall, indices: readonly number[]) {
  const columns = step.map!.lists.map(() => [] as unknown[]);
  for (const index of indices) for (const [i, element] of elements.inputs(index).entries()) columns[i]!.push(element);
  const first = elements.index(indices[0]!);
  const complete = (values: unknown): unknown[] => {
    const got = Array.isArray(values) || ArrayBuffer.isView(values) ? Array.from(values as unknown as List) : undefined;
    if (got?.length === indices.length) return got.map((value) => convertInputs(value, undefined));
    throw new NodeError({
      code: "BATCH_LENGTH",
      where: execution.pathOf(step, first),
      problem: `the batch method was given ${counted(indices.length, "element")} and returned ${got === undefined ? print(values) : counted(got.length, "value")}`,
      advice: "Return an array with one value for each element, in their order.",
      node: step.name,
      element: first,
      attempts: 1,
    });
  };
  const values = invokeStep(execution, step, [...columns, ...shared], first, indices.length);
  return isPromise(values) ? values.then(complete) : complete(values);
}

async function callIndividually(batch: BatchCall, error: unknown): Promise<unknown[]> {
  const { execution, step, indices } = batch;
  const isFinal = hasChangedInput(error) || (error instanceof HypernodesError && error.code === "BATCH_LENGTH");
  if (execution.stopped || isFinal) throw error;
  const values: unknown[] = [];
  for (const index of indices) {
    if (execution.stopped) break;
    const call = () => (indices.length === 1 ? Promise.reject(error) : callTogether(batch, [index]));
    const found = await collectError(execution, step, call);
    values.push(CollectedError.is(found) ? found : (found as unknown[])[0]);
  }
  return values;
}

import type { Step } from "../../graph/plan.js";
import type { ExecutionContext } from "../execution-context.js";

/** An entry was found: neither the node nor the element is computed. */
export function emitHit(
  execution: ExecutionContext,
  step: Step,
  element: number | undefined,
  key: string,
  bytes: number,
): void {
  const { emit } = execution.run;
  if (emit === undefined) return;
  const about = describeEntry(execution, step, element);
  emit({ type: "cache", phase: "hit", ...about, key, bytes });
  if (element === undefined) emit({ type: "node", phase: "cached", ...about });
  else emit({ type: "element", phase: "cached", ...about, element });
}

export function emitMiss(execution: ExecutionContext, step: Step, element: number | undefined, key: string): void {
  execution.run.emit?.({ type: "cache", phase: "miss", ...describeEntry(execution, step, element), key });
}

export function emitStored(
  execution: ExecutionContext,
  step: Step,
  element: number | undefined,
  key: string,
  bytes: number,
): void {
  execution.run.emit?.({
    type: "cache",
    phase: "stored",
    ...describeEntry(execution, step, element),
    key,
    bytes,
  });
}

function describeEntry(execution: ExecutionContext, step: Step, element: number | undefined) {
  return { path: execution.pathOf(step, element), name: step.name, ...(element !== undefined && { element }) };
}

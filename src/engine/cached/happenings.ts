import type { Step } from "../../graph/plan.js";
import type { Execution } from "../execution.js";

/** An entry was found: neither the node nor the element is computed. */
export function tellFound(
  execution: Execution,
  step: Step,
  element: number | undefined,
  key: string,
  bytes: number,
): void {
  const { tell } = execution.run;
  if (tell === undefined) return;
  const about = aboutOf(execution, step, element);
  tell({ type: "cache", phase: "hit", ...about, key, bytes });
  if (element === undefined) tell({ type: "node", phase: "cached", ...about });
  else tell({ type: "element", phase: "cached", ...about, element });
}

export function tellMissed(execution: Execution, step: Step, element: number | undefined, key: string): void {
  execution.run.tell?.({ type: "cache", phase: "miss", ...aboutOf(execution, step, element), key });
}

export function tellStored(
  execution: Execution,
  step: Step,
  element: number | undefined,
  key: string,
  bytes: number,
): void {
  execution.run.tell?.({
    type: "cache",
    phase: "stored",
    ...aboutOf(execution, step, element),
    key,
    bytes,
  });
}

function aboutOf(execution: Execution, step: Step, element: number | undefined) {
  return { path: execution.placeOf(step, element), name: step.name, ...(element !== undefined && { element }) };
}

import type { Step } from "../../graph/plan.js";
import type { Happening } from "../events.js";
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
  tell({ type: "cache", phase: "hit", ...about, key, bytes } as Happening);
  tell({ type: element === undefined ? "node" : "element", phase: "cached", ...about } as Happening);
}

export function tellMissed(execution: Execution, step: Step, element: number | undefined, key: string): void {
  execution.run.tell?.({ type: "cache", phase: "miss", ...aboutOf(execution, step, element), key } as Happening);
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
  } as Happening);
}

function aboutOf(execution: Execution, step: Step, element: number | undefined) {
  return { path: execution.placeOf(step, element), name: step.name, ...(element !== undefined && { element }) };
}

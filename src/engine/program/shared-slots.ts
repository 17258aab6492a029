import type { Argument, Plan, Step } from "../../graph/plan.js";

/** The slots that all chunks read: arguments, and the lists that are not sliced. Resources are built in each thread. */
export function sharedSlots(plan: Plan, steps: readonly Step[]): number[] {
  const resources = new Map(plan.resources.map((resource) => [resource.slot, resource]));
  const found = new Set<number>();
  const add = ({ slot }: Argument): void => {
    const resource = resources.get(slot);
    if (resource !== undefined) resource.arguments.forEach(add);
    else found.add(slot);
  };
  for (const step of steps) {
    step.arguments.forEach(add);
    if (step.map?.product) step.map.lists.forEach(add);
  }
  return [...found];
}

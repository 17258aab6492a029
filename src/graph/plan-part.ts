import type { Argument, Plan, Step } from "./plan.js";

/** A part of a plan, and the lists that it takes in pieces. */
export interface PlanPart {
  readonly plan: Plan;
  /** The lists that its maps go over and get from outside. They have slots of their own in it, after the plan's. */
  readonly cuts: readonly Argument[];
}

/**
 * The part of a plan that some of its steps are, as a plan of its own: slots and resources keep their numbers, and what
 * the steps take from others is there when it begins.
 *
 * @param indices of the steps, in the plan's order.
 * @param wanted the steps among them whose values are its outputs.
 */
export function planPart(plan: Plan, indices: readonly number[], wanted: readonly number[]): PlanPart {
  const within = new Map(indices.map((index, i) => [index, i]));
  const inside = (others: readonly number[]) => others.flatMap((index) => within.get(index) ?? []);
  const cuts: Argument[] = [];
  const cut = (list: Argument): Argument => {
    let i = cuts.findIndex((other) => isSame(other, list));
    if (i < 0) i = cuts.push(list) - 1;
    return { slot: plan.slots + i, path: undefined };
  };
  const steps = indices.map((old, index): Step => {
    const step = plan.steps[old]!;
    const flowsFrom = step.map?.flowsFrom.map((from) => within.get(from) ?? -1) ?? [];
    // The lists of a product are taken whole: each of their elements is in many pairs.
    const lists = step.map?.lists.map((list, i) => (flowsFrom[i]! >= 0 || step.map!.product ? list : cut(list))) ?? [];
    return {
      ...step,
      index,
      waitsFor: new Set(flowsFrom.filter((from) => from >= 0)).size,
      next: inside(step.next),
      map: step.map && { ...step.map, lists, flowsFrom, followers: inside(step.map.followers) },
    };
  });
  return {
    cuts,
    plan: {
      ...plan,
      slots: plan.slots + cuts.length,
      inputs: [],
      given: [],
      steps,
      outputs: wanted.map((index) => ({ name: plan.steps[index]!.name, slot: plan.steps[index]!.slot })),
      flows: steps.some(({ map }) => map !== undefined && map.followers.length > 0),
    },
  };
}

/** Whether two arguments are the same part of the same value. */
export function isSame(a: Argument, b: Argument): boolean {
  const [way = [], other = []] = [a.path, b.path];
  return a.slot === b.slot && way.length === other.length && way.every((key, i) => key === other[i]);
}

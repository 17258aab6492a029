import { type Argument, argumentKey, type Plan, type Step } from "./plan.js";

/** A part of a plan, and the lists that it receives in slices. */
export interface SubPlan {
  readonly plan: Plan;
  /**
   * The lists of its maps that come from outside. They have their own slots in the sub-plan, after those of the plan.
   */
  readonly slicedLists: readonly Argument[];
}

/**
 * Extracts some steps of a plan as a plan of their own. Slots and resources keep their numbers, and values from other
 * steps are there at the start.
 *
 * @param indices of the steps, in the plan's order.
 * @param wanted the steps among them whose values are its outputs.
 */
export function extractSubPlan(plan: Plan, indices: readonly number[], wanted: readonly number[]): SubPlan {
  const within = new Map(indices.map((index, i) => [index, i]));
  const inside = (others: readonly number[]) => others.flatMap((index) => within.get(index) ?? []);
  const cuts: Argument[] = [];
  const cut = (list: Argument): Argument => {
    let i = cuts.findIndex((existing) => argumentKey(existing) === argumentKey(list));
    if (i < 0) i = cuts.push(list) - 1;
    return { slot: plan.slots + i, path: undefined };
  };
  const steps = indices.map((old, index): Step => {
    const step = plan.steps[old]!;
    const flowsFrom = step.map?.streamsFrom.map((from) => within.get(from) ?? -1) ?? [];
    // The lists of a product are passed whole: each of their elements is in many pairs.
    const lists = step.map?.lists.map((list, i) => (flowsFrom[i]! >= 0 || step.map!.product ? list : cut(list))) ?? [];
    return {
      ...step,
      index,
      waitsFor: new Set(flowsFrom.filter((from) => from >= 0)).size,
      next: inside(step.next),
      map: step.map && { ...step.map, lists, streamsFrom: flowsFrom, streamsTo: inside(step.map.streamsTo) },
    };
  });
  return {
    slicedLists: cuts,
    plan: {
      ...plan,
      slots: plan.slots + cuts.length,
      inputs: [],
      given: [],
      steps,
      outputs: wanted.map((index) => ({ name: plan.steps[index]!.name, slot: plan.steps[index]!.slot })),
      canStream: steps.some(({ map }) => map !== undefined && map.streamsTo.length > 0),
    },
  };
}

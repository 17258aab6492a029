import type { CacheStore, Choices } from "../../dsl/choices.js";
import type { Plan } from "../../graph/plan.js";
import { remembered } from "../../graph/remembered.js";
import { choicesFor } from "../settings.js";

const known = new WeakMap<Choices, WeakMap<Plan, readonly (CacheStore | undefined)[]>>();

/** Whether a plan's pipeline, or any of those nested in it, remembers anything. */
export function remembers(plan: Plan, choices: Choices): boolean {
  return storesOf(plan, choices).some((store) => store !== undefined);
}

/** What a plan's pipeline and each of those nested in it are remembered in, in one order wherever the plan is. */
export function storesOf(plan: Plan, choices: Choices): readonly (CacheStore | undefined)[] {
  const ofChoices = remembered(known, choices, () => new WeakMap<Plan, readonly (CacheStore | undefined)[]>());
  return remembered(ofChoices, plan, () => [
    choices.cache || undefined,
    ...plan.steps.flatMap((step) => (step.child ? storesOf(step.child.plan, choicesFor(choices, step)) : [])),
  ]);
}

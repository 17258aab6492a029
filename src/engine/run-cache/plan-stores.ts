import type { CacheStore, PipelineOptions } from "../../dsl/pipeline-options.js";
import type { Plan } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { optionsFor } from "../settings.js";

const known = new WeakMap<PipelineOptions, WeakMap<Plan, readonly (CacheStore | undefined)[]>>();

/** Tells if a plan's pipeline, or any of those nested in it, is cached. */
export function hasCache(plan: Plan, choices: PipelineOptions): boolean {
  return storesInPlan(plan, choices).some((store) => store !== undefined);
}

/** The stores of a plan's pipeline and of each of those nested in it, in the same order in every process. */
export function storesInPlan(plan: Plan, choices: PipelineOptions): readonly (CacheStore | undefined)[] {
  const ofChoices = getOrCreate(known, choices, () => new WeakMap<Plan, readonly (CacheStore | undefined)[]>());
  return getOrCreate(ofChoices, plan, () => [
    choices.cache || undefined,
    ...plan.steps.flatMap((step) => (step.child ? storesInPlan(step.child.plan, optionsFor(choices, step)) : [])),
  ]);
}

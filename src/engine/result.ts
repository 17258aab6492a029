import type { Plan } from "../graph/plan.js";

/** What a plan gives when its values are there: the value in a slot, or the record of the outputs for -1. */
export function resultOf(plan: Plan, values: readonly unknown[], pick: number): unknown {
  if (pick >= 0) return values[pick];
  const outputs: Record<string, unknown> = {};
  for (const { name, slot } of plan.outputs) outputs[name] = values[slot];
  return outputs;
}

import type { ExecutionMode } from "../../dsl/choices.js";
import { isOneAtATime, type Settings } from "../settings.js";
import type { Company } from "./protocol.js";
import { THREADS } from "./threads.js";

export function companyOf(mode: ExecutionMode): Company {
  return isOneAtATime(mode) ? "serial" : "overlapping";
}

/**
 * How a map is spread: how many visits there are at once, and how many elements are under way in each. Two visits to each
 * thread: when one comes to its end, the other keeps the thread busy.
 */
export function spread({ maps, maxWorkers }: Settings): { readonly visitors: number; readonly overlapping: number } {
  if (isOneAtATime(maps)) return { visitors: maxWorkers < THREADS ? maxWorkers : 2 * THREADS, overlapping: 1 };
  const visitors = Math.min(2 * THREADS, maxWorkers);
  return { visitors, overlapping: Math.floor(maxWorkers / visitors) };
}

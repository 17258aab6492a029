import type { Method } from "../../dsl/brands.js";
import { isPrimitive, promiseOf } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import type { List } from "../elements/lists.js";
import type { MapSlice } from "../elements/map-slice.js";

/** A map whose calls need nothing around them, laid open for a loop. */
export interface FusedMap {
  readonly step: number;
  readonly method: Method;
  readonly self: object;
  /** Of maps that it takes elements from, their results. */
  readonly lists: readonly List[];
  readonly shared: readonly unknown[];
  readonly results: unknown[];
}

/** The exit of the fast path of maps: a call that has to be waited for, or that failed. */
export type MapFastPathExit =
  | { readonly lane: number; readonly element: number; readonly promise: Promise<unknown> }
  | { readonly lane: number; readonly element: number; readonly error: unknown };

/**
 * Runs each element through all lanes before the next one begins: a loop, and nothing else.
 *
 * @returns where it left off; or how many elements it has done: all, unless it was stopped.
 */
export function runFusedMaps(
  lanes: readonly FusedMap[],
  length: number,
  isStopped: () => boolean,
  window: MapSlice | undefined,
): MapFastPathExit | number {
  if (lanes.length === 1) return runFusedMap(lanes[0]!, length, isStopped, window);
  let lane = 0;
  let element = 0;
  try {
    for (; element < length && !isStopped(); element++) {
      window?.start(lanes[0]!.step, element, element + 1);
      for (lane = 0; lane < lanes.length; lane++) {
        const current = lanes[lane]!;
        if (lane > 0) window?.moveTo(current.step, element);
        const promise = setResult(current, element, callElement(current, element));
        if (promise !== undefined) return { lane, element, promise };
      }
      window?.end(element, element + 1);
    }
  } catch (error) {
    return { lane, element, error };
  }
  return element;
}

/** The same for one map: what most runs are, at two thirds of the time. */
function runFusedMap(
  lane: FusedMap,
  length: number,
  isStopped: () => boolean,
  window: MapSlice | undefined,
): MapFastPathExit | number {
  let element = 0;
  try {
    for (; element < length && !isStopped(); element++) {
      window?.start(lane.step, element, element + 1);
      const promise = setResult(lane, element, callElement(lane, element));
      if (promise !== undefined) return { lane: 0, element, promise };
      window?.end(element, element + 1);
    }
  } catch (error) {
    return { lane: 0, element, error };
  }
  return element;
}

/** @returns what is to be waited for instead. */
function setResult({ results }: FusedMap, element: number, value: unknown): Promise<unknown> | undefined {
  if (isPrimitive(value)) results[element] = value;
  else {
    const promise = promiseOf(value);
    if (promise !== undefined) return promise;
    results[element] = Symbol.iterator in (value as object) ? convertInputs(value, undefined) : value;
  }
  return undefined;
}

/** Calls the method for an element. */
export function callElement({ method, self, lists, shared }: FusedMap, element: number): unknown {
  if (lists.length > 1 || shared.length > 2) {
    return method.apply(self, [...lists.map((list) => list[element]), ...shared]);
  }
  const value = lists[0]![element];
  if (shared.length === 0) return method.call(self, value);
  if (shared.length === 1) return method.call(self, value, shared[0]);
  return method.call(self, value, shared[0], shared[1]);
}

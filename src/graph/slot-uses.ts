import { getOrCreate } from "../util/get-or-create.js";
import type { GraphNode } from "./graph.js";
import type { Argument, SlotUses, Step } from "./plan.js";

/**
 * Returns, by slot, the use of values that are not only used as a whole. A value of an input of a nested pipeline is
 * used as that input is.
 *
 * @param whole other readers of whole values: the caller and resources.
 * @param lists values that are also used as lists.
 */
export function slotUses(
  steps: readonly Step[],
  whole: readonly { slot: number; path?: Argument["path"] }[],
  lists: readonly Argument[],
) {
  const bySlot = new Map<number, { isMappedOver: boolean; isTakenWhole: boolean; paths: string[][] }>();
  const add = (slot: number, path: readonly string[], isMappedOver: boolean): void => {
    const uses = getOrCreate(bySlot, slot, () => ({
      isMappedOver: false,
      isTakenWhole: false,
      paths: [] as string[][],
    }));
    if (path.length > 0) {
      const isKnown = uses.paths.some(
        (known) => known.length === path.length && known.every((key, i) => key === path[i]),
      );
      if (!isKnown) uses.paths.push([...path]);
    } else if (isMappedOver) uses.isMappedOver = true;
    else uses.isTakenWhole = true;
  };
  for (const { slot, path = [] } of whole) add(slot, path, false);
  for (const { slot } of lists) add(slot, [], true);
  for (const { map, child, arguments: shared } of steps) {
    for (const { slot, path = [] } of map?.lists ?? []) add(slot, path, true);
    for (const [i, { slot, path = [] }] of shared.entries()) {
      const inner = child?.plan.inputs.find((input) => input.slot === child.argumentSlots[i])?.uses;
      if (inner === undefined || inner.isTakenWhole) add(slot, path, false);
      if (inner?.isMappedOver) add(slot, path, true);
      for (const more of inner?.paths ?? []) add(slot, [...path, ...more], false);
    }
  }
  for (const [slot, { isMappedOver, paths }] of bySlot) if (!isMappedOver && paths.length === 0) bySlot.delete(slot);
  return bySlot as ReadonlyMap<number, SlotUses>;
}

/** Returns, for each nested pipeline that is only used through paths (`"child.hits"`), the outputs in use. */
export function usedOutputs(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
): Map<string, Set<string> | undefined> {
  const used = new Map<string, Set<string> | undefined>(outputs.map((name) => [name, undefined]));
  for (const { dependencies } of nodes) {
    for (const { on, path } of dependencies) {
      const first = path[0];
      if (first === undefined) used.set(on, undefined);
      else if (!used.has(on)) used.set(on, new Set([first]));
      else used.get(on)?.add(first);
    }
  }
  return used;
}

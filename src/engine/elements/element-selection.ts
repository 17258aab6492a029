import type { ElementRange } from "./elements.js";

/** The elements of a map that are to be computed, because the others are known. */
export interface ElementSelection extends ElementRange {
  readonly indices: readonly number[];
  /** The number of elements of the whole map. */
  readonly of: number;
  /** The number of elements that are computed with them, because they are equal. */
  readonly equal: number;
  /** @param position its place among those that are computed. */
  computed(position: number, value: unknown): void;
}

/** The number of elements that are named of a map that never ends. */
export const MAX_NAMED = 5;

/** The counts in the end event of a map: its elements, the failed ones and the cached ones. */
export function mapEndCounts(
  computed: number,
  failed: number,
  selection: Pick<ElementSelection, "of" | "equal"> | undefined,
): { readonly elements: number; readonly failed: number; readonly cached?: number } {
  if (selection === undefined) return { elements: computed, failed };
  return { elements: selection.of, failed, cached: selection.of - computed - selection.equal };
}

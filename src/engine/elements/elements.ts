import type { List } from "./lists.js";

/** Some elements of a map. */
export interface ElementRange {
  /** The index of the first one in the whole map. */
  readonly first: number;
  readonly count: number;
  /** The index of each, where they are not neighbours. */
  readonly indices?: readonly number[] | undefined;
}

/** The index that an element of a part has in the whole map. */
export function elementIndex({ first, indices }: Omit<ElementRange, "count">, element: number): number {
  return indices === undefined ? first + element : indices[element]!;
}

/** The elements of a map: of its lists side by side, or of all their pairs; perhaps only a part of them. */
export class MapElements {
  readonly length: number;

  /** @param part which of them the lists bring; undefined: all. The lists of a product are whole in every part. */
  constructor(
    readonly lists: readonly List[],
    private readonly isProduct: boolean,
    private readonly part: ElementRange | undefined,
  ) {
    if (isProduct) this.length = part?.count ?? lists.reduce((product, { length }) => product * length, 1);
    else this.length = lists[0]?.length ?? 0;
  }

  /** The index that an element has in the whole map. */
  index(element: number): number {
    return this.part === undefined ? element : elementIndex(this.part, element);
  }

  /** The inputs of an element: a value from each list. The first list of a product varies slowest. */
  inputs(element: number): unknown[] {
    const { lists } = this;
    if (!this.isProduct) return lists.map((list) => list[element]);
    const values: unknown[] = new Array(lists.length);
    let rest = this.index(element);
    for (let i = lists.length - 1; i >= 0; i--) {
      const list = lists[i]!;
      values[i] = list[rest % list.length];
      rest = Math.floor(rest / list.length);
    }
    return values;
  }
}

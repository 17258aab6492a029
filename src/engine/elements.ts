import type { List } from "./lists.js";

/** The elements of a map: of its lists side by side, or of all their pairs; perhaps only a part of them. */
export class Elements {
  readonly length: number;
  private readonly first: number;

  /** @param part which of them are here; undefined: all. */
  constructor(
    readonly lists: readonly List[],
    private readonly isProduct: boolean,
    part: { readonly first: number; readonly count: number } | undefined,
  ) {
    this.first = part?.first ?? 0;
    // The lists of a product are whole in every part.
    if (isProduct) this.length = part?.count ?? lists.reduce((product, { length }) => product * length, 1);
    else this.length = lists[0]?.length ?? 0;
  }

  /** The index that an element has in the whole map. */
  index(element: number): number {
    return element + this.first;
  }

  /** What an element brings: a value from each list. The first list of a product varies slowest. */
  at(element: number): unknown[] {
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

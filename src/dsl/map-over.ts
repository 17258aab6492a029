import { namesIn, splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { MapArgument, MapArguments, MapKey, MapMethod } from "./map-types.js";
import { recordMember } from "./metadata.js";
import { asNestedPipeline } from "./nested.js";

/**
 * On a method: computed for each element of a list. The first argument names the list, or several (`["a", "b"]`,
 * by index, or all pairs with `{ mode: "product" }`); the rest name what every element shares. The method returns
 * `Each<T>`, dependants see `T[]`. With `{ batch: 64 }` it takes up to 64 elements at once and returns `Batch<T>`.
 *
 * On a field `Nested<T[]>`: a nested pipeline for each element, `@mapOver(list, Child, wiring, pick?)`; the child's
 * input that is wired to the list gets the element.
 *
 * @example
 * ```ts
 * @mapOver("queries", "index", "topK")
 * hits(query: Query, index: VectorIndex, topK: number): Each<Hit[]> { return index.search(query, topK); }
 * ```
 */
export function mapOver<T, K extends PropertyKey, P extends unknown[], R, const A extends readonly MapArgument[]>(
  ...given: MapArguments<T, K, P, A>
): (target: T, key: MapKey<T, K, A>, method?: MapMethod<P, R, A>) => void;
export function mapOver(...given: unknown[]) {
  assertCalled("@mapOver", given, '@mapOver("texts")');
  const [lists, second, ...rest] = given;
  const { names: over, faults: listFaults } = listsIn(lists);
  const child = asNestedPipeline(second);
  if (child !== undefined) {
    const [wiring, ...last] = rest;
    const { dependencies, options, faults } = splitOptions(last.filter((argument) => argument !== undefined));
    const [pick] = dependencies;
    return (target: object, key: unknown, third?: unknown): void =>
      recordMember(
        target,
        key,
        {
          role: "mapOver",
          over,
          dependencies: [],
          child: { pipeline: child, wiring: wiring as Record<string, string>, pick },
          options,
          faults: [...listFaults, ...faults],
        },
        third,
      );
  }
  const { faults, ...said } = splitOptions(given.slice(1));
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "mapOver", over, ...said, faults: [...listFaults, ...faults] }, third);
}

function listsIn(lists: unknown): ReturnType<typeof namesIn> {
  if (!Array.isArray(lists)) return namesIn([lists]);
  if (lists.length > 0) return namesIn(lists);
  const advice = 'Name at least one: @mapOver("texts"), or @mapOver(["texts", "titles"]).';
  return { names: [], faults: [{ code: "BAD_ARGUMENT", problem: "@mapOver is given no list to go over", advice }] };
}

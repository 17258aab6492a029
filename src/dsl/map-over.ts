import { namesIn, splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { MapArgument, MapArguments, MapKey, MapMethod } from "./map-types.js";
import { recordMember } from "./metadata.js";
import { asNestedPipeline } from "./nested.js";

/**
 * Declares a mapped node: a method that is called, or a nested pipeline that runs, once for each element of a list.
 *
 * On a method, the first argument names the list, or several (`["a", "b"]`, paired by index, or in all combinations
 * with `{ mode: "product" }`); the other names are shared by all elements. The method returns `Each<T>`, and dependents
 * receive `T[]`. With `{ batch: 64 }` it receives up to 64 elements at once and returns `Batch<T>`.
 *
 * On a field `Nested<T[]>`, `@mapOver(list, Child, wiring, pick?)` runs a nested pipeline for each element; the child's
 * input that is wired to the list receives the element.
 *
 * @param given the list or lists, the dependencies (or the child, its wiring and the node to pick), and a last {@link
 * MapOptions}.
 * @returns a method or property decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance member.
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
  const { faults, ...parsed } = splitOptions(given.slice(1));
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "mapOver", over, ...parsed, faults: [...listFaults, ...faults] }, third);
}

function listsIn(lists: unknown): ReturnType<typeof namesIn> {
  if (!Array.isArray(lists)) return namesIn([lists]);
  if (lists.length > 0) return namesIn(lists);
  const advice = 'Name at least one: @mapOver("texts"), or @mapOver(["texts", "titles"]).';
  return { names: [], faults: [{ code: "BAD_ARGUMENT", problem: "@mapOver has no list to iterate over", advice }] };
}

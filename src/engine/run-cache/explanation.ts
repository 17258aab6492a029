/**
 * Why a node is computed, or is not: what `explain()` says before a run, and `explain: true` after one.
 *
 * @example
 * ```ts
 * for (const { path, computed, cached, because } of await pipeline.explain(inputs)) console.log(path, computed, cached, because);
 * ```
 */
export interface NodeExplanation {
  /** The path, without the indices of elements: `Corpus.essays.count`. */
  readonly path: string;
  /** The node's own name. */
  readonly name: string;
  /** The number of elements that are computed; of a node that is not mapped, the number of calls. */
  readonly computed: number;
  /** The number of those that are in the cache, or equal another one that is computed. */
  readonly cached: number;
  /** Of how many only a run can know; `"any"`: of how many elements, too. */
  readonly unknown: number | "any";
  /** `code of normalise() in src/text.ts changed`; `same code, same inputs`. */
  readonly because: string;
}

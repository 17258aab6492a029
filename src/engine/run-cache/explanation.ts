/** Why a node is computed, or is not: what `explain()` says before a run, and `explain: true` after one. */
export interface NodeExplanation {
  /** Where, without the indices of elements: `Corpus.essays.count`. */
  readonly path: string;
  /** The node's own name. */
  readonly name: string;
  /** How many elements are computed; of a node that is not mapped, how many calls. */
  readonly computed: number;
  /** How many are in the cache, or equal another one that is computed. */
  readonly cached: number;
  /** Of how many only a run can know; `"any"`: of how many elements, too. */
  readonly unknown: number | "any";
  /** `code of normalise() in src/text.ts changed`; `same code, same inputs`. */
  readonly because: string;
}

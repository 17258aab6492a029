import type { Query } from "./models.js";

/** How good rankings are, from 0 to 1, averaged over the queries that have relevant passages. */
export interface Metrics {
  readonly "recall@1": number;
  readonly "recall@5": number;
  readonly "recall@10": number;
  readonly "mrr@10": number;
  readonly "ndcg@10": number;
}

/**
 * Recall, mean reciprocal rank, and normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), gains of 0 or 1.
 *
 * @param rankings for each query the ids of passages, best first; the first ten count.
 */
export function evaluate(queries: readonly Query[], rankings: readonly (readonly string[])[]): Metrics {
  const judged = queries.map((query, i) => ({ query, ids: rankings[i]! }));
  const answerable = judged.filter(({ query }) => query.relevant.length > 0);
  const mean = (measure: (relevant: ReadonlySet<string>, ids: readonly string[]) => number) =>
    answerable.reduce((sum, { query, ids }) => sum + measure(new Set(query.relevant), ids), 0) /
    Math.max(1, answerable.length);
  const recall = (k: number) =>
    mean((relevant, ids) => ids.slice(0, k).filter((id) => relevant.has(id)).length / relevant.size);
  const discount = (rank: number) => 1 / Math.log2(rank + 2);
  return {
    "recall@1": recall(1),
    "recall@5": recall(5),
    "recall@10": recall(10),
    "mrr@10": mean((relevant, ids) => {
      const first = ids.slice(0, 10).findIndex((id) => relevant.has(id));
      return first < 0 ? 0 : 1 / (first + 1);
    }),
    "ndcg@10": mean((relevant, ids) => {
      const gained = ids.slice(0, 10).reduce((sum, id, rank) => sum + (relevant.has(id) ? discount(rank) : 0), 0);
      const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => discount(rank));
      return gained / ideal.reduce((sum, gain) => sum + gain, 0);
    }),
  };
}

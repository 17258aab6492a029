import { deepStrictEqual } from "node:assert";
import { existsSync } from "node:fs";
import { corpusFrom } from "../examples/hebrew-retrieval/corpus.js";
import { HebrewRetrieval } from "../examples/hebrew-retrieval/retrieval.js";
import { measure, printTable } from "./measure.js";

/** HeQ (validation set, CC BY 4.0), laid beside the project. */
export const HEQ = "../shared/data/heq-val";

/** The example's retrieval over real Hebrew text, one element after another and on every core. */
export async function heq(): Promise<void> {
  if (!existsSync(`${HEQ}.passages.jsonl`)) {
    console.log(`\nThe Hebrew retrieval is left out: there is no ${HEQ}.passages.jsonl`);
    return;
  }
  const corpus = corpusFrom(`${HEQ}.passages.jsonl`, `${HEQ}.queries.jsonl`);
  const retrieval = new HebrewRetrieval();
  const run = (maps: "sequential" | "parallel" | "threaded") => retrieval.run(corpus, { execution: { maps } });
  const expected = await run("sequential");
  for (const maps of ["parallel", "threaded"] as const) deepStrictEqual(await run(maps), expected);
  const contenders = (["sequential", "parallel", "threaded"] as const).map((maps) => ({
    name: `maps: ${maps}`,
    operations: 1,
    run: () => run(maps),
  }));
  const { passages, queries } = corpus;
  const title = `Hebrew retrieval on HeQ, ${passages.length} passages, ${queries.length} queries, with the same results`;
  printTable(title, "run", await measure(contenders, 9), "maps: sequential");
}

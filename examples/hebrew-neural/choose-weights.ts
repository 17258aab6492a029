/** Tries weights of the two branches on the Declaration of Human Rights, and prints what each gives. */
import { declaration } from "../hebrew-retrieval/corpus.js";
import { evaluate } from "../hebrew-retrieval/evaluation.js";
import { fuseByRank, rerankByScore } from "../hebrew-retrieval/retrieval.js";
import { makeLsaModel } from "./lsa-model.js";
import { NeuralHebrewRetrieval } from "./retrieval.js";

const corpus = declaration();
const content = makeLsaModel(corpus.passages.map(({ text }) => text));
const { byWords, byMeaning } = await new NeuralHebrewRetrieval().run(
  { ...corpus, model: { kind: "ngrams", content } },
  { outputs: ["byWords", "byMeaning"] },
);
console.log("words  vectors  recall@1  recall@10  mrr@10  ndcg@10");
for (let step = 0; step <= 10; step++) {
  const weights = { words: (10 - step) / 10, vectors: step / 10 };
  const rankings = byWords.map((hits, i) => {
    const reranked = rerankByScore(fuseByRank(hits, byMeaning[i]!), hits, byMeaning[i]!, weights);
    return reranked.map(({ passage }) => corpus.passages[passage]!.id);
  });
  const metrics = evaluate(corpus.queries, rankings);
  const figures = [metrics["recall@1"], metrics["recall@10"], metrics["mrr@10"], metrics["ndcg@10"]];
  console.log([weights.words, weights.vectors, ...figures.map((value) => value.toFixed(4))].join("  "));
}

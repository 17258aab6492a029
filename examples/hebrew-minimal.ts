import { HebrewMinimal } from "./hebrew-minimal/pipeline.js";

for (const sizes of [
  { passageCount: 10, queryCount: 3, topK: 5 },
  { passageCount: 50, queryCount: 10, topK: 10 },
]) {
  const { summary } = await new HebrewMinimal().run(sizes);
  console.log(
    `${sizes.passageCount} passages, ${sizes.queryCount} queries, top ${sizes.topK}: ` +
      `${summary.total} predictions, ${summary.uniqueQueries} unique queries, average score ${summary.averageScore.toFixed(4)}`,
  );
}

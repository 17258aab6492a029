import type { Corpus } from "./corpus.js";
import type { Metrics } from "./evaluation.js";
import type { Prediction } from "./models.js";

// Isolates keep a right-to-left text in one piece where a line has numbers and latin letters beside it.
const isolated = (text: string) => `\u2068${text}\u2069`;
const WIDTH = 90;

/** The hits of each query, and the metrics, for a person to read. */
export function report(corpus: Corpus, predictions: readonly Prediction[], metrics: Metrics, shown: number): string {
  const texts = new Map(corpus.passages.map(({ id, text }) => [id, text]));
  const lines: string[] = [];
  for (const [i, { hits }] of predictions.entries()) {
    const query = corpus.queries[i]!;
    lines.push("", `${query.id}  ${isolated(query.text)}`);
    for (const [rank, { id, score }] of hits.slice(0, shown).entries()) {
      const mark = query.relevant.includes(id) ? "*" : " ";
      lines.push(
        `  ${String(rank + 1).padStart(2)}. ${mark} ${score.toFixed(3)}  ${id.padEnd(12)} ${isolated(cut(texts.get(id)!))}`,
      );
    }
  }
  lines.push("", "(* answers the question)", "", ...table(metrics, corpus));
  return lines.slice(1).join("\n");
}

function table(metrics: Metrics, { passages, queries }: Corpus): string[] {
  const rows = Object.entries(metrics).map(([name, value]) => `  ${name.padEnd(10)} ${value.toFixed(4)}`);
  return [`${queries.length} queries over ${passages.length} passages`, ...rows];
}

function cut(text: string): string {
  const letters = [...text.replace(/\s+/g, " ")];
  return letters.length <= WIDTH ? letters.join("") : `${letters.slice(0, WIDTH - 1).join("")}…`;
}

import { deepStrictEqual } from "node:assert";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DenseIndex } from "../examples/hebrew-neural/dense-index.js";
import { openEncoder } from "../examples/hebrew-neural/encoder.js";
import { makeLsaModel } from "../examples/hebrew-neural/lsa-model.js";
import { checkModelFiles, type EncoderSettings } from "../examples/hebrew-neural/model-files.js";
import { NeuralHebrewRetrieval } from "../examples/hebrew-neural/retrieval.js";
import type { SentenceEncoder, TextRole } from "../examples/hebrew-neural/sentence-encoder.js";
import { corpusFrom } from "../examples/hebrew-retrieval/corpus.js";
import { HEQ } from "./heq.js";
import { measure, printTable } from "./measure.js";

const BATCH = 64;
/** How often the passages are repeated: a run is then long enough for threads to be worth it. */
const COPIES = 4;

/** The sentence encoder of the example: in the pipeline against a loop by hand, in batches, in threads; and exact search. */
export async function neural(): Promise<void> {
  if (!existsSync(`${HEQ}.passages.jsonl`)) {
    console.log(`\nThe neural retrieval is left out: there is no ${HEQ}.passages.jsonl`);
    return;
  }
  const { passages, queries } = corpusFrom(`${HEQ}.passages.jsonl`, `${HEQ}.queries.jsonl`);
  const folder = mkdtempSync(path.join(os.tmpdir(), "bench-neural-"));
  try {
    const file = path.join(folder, "model.onnx");
    writeFileSync(file, makeLsaModel(passages.map(({ text }) => text)));
    const model: EncoderSettings = { kind: "ngrams", file, executors: ["cpu"] };
    await encoding(passages, queries, model);
    await search(384, 50_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Texts = ReturnType<typeof corpusFrom>;

async function encoding(passages: Texts["passages"], queries: Texts["queries"], model: EncoderSettings): Promise<void> {
  const byHand = async (encoder: SentenceEncoder, texts: readonly string[], role: TextRole, batch: number) => {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += batch)
      vectors.push(...(await encoder.encode(texts.slice(at, at + batch), role)));
    return vectors;
  };
  /** A run of the pipeline opens a session and forgets it at the end: so does the loop that it is compared with. */
  const wholeByHand = async () => {
    await using encoder = await openEncoder(await checkModelFiles(model));
    return await byHand(encoder, texts, "passage", BATCH);
  };
  const many = Array.from({ length: COPIES }, () => passages).flat();
  const texts = many.map(({ text }) => text);
  const asked = queries.map(({ text }) => text);
  const pipeline = new NeuralHebrewRetrieval();
  const run = (maps: "sequential" | "async" | "parallel", maxWorkers: number) =>
    pipeline.run({ passages: many, model }, { outputs: ["embedded"], execution: { maps, maxWorkers } });
  deepStrictEqual((await run("async", 1)).embedded, await wholeByHand());
  const hand = "the same loop by hand";
  const operations = texts.length;
  const rows = [
    { name: hand, operations, run: wholeByHand },
    { name: "pipeline", operations, run: () => run("async", 1) },
    { name: "pipeline, 1 thread", operations, run: () => run("parallel", 1) },
    { name: "pipeline, 2 threads", operations, run: () => run("parallel", 2) },
  ];
  printTable(`Encoding ${operations} passages in batches of ${BATCH}`, "passage", await measure(rows, 5, 1), hand);
  await using encoder = await openEncoder(await checkModelFiles(model));
  const one = "one at a time";
  const questions = [
    { name: one, operations: asked.length, run: () => byHand(encoder, asked, "query", 1) },
    { name: `in batches of ${BATCH}`, operations: asked.length, run: () => byHand(encoder, asked, "query", BATCH) },
  ];
  printTable(`Encoding ${asked.length} questions`, "question", await measure(questions, 9), one);
}

async function search(dimensions: number, size: number): Promise<void> {
  const index = new DenseIndex(
    Array.from({ length: size }, (_, row) => {
      const vector = Float32Array.from({ length: dimensions }, (_, i) => ((row * 31 + i * 17) % 101) - 50);
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    }),
  );
  const queries = Array.from({ length: 16 }, (_, i) => index.matrix.slice(i * dimensions, (i + 1) * dimensions));
  const one = "one question at a time";
  const rows = [
    { name: one, operations: queries.length, run: () => queries.map((query) => index.search([query], 50)[0]) },
    {
      name: `${queries.length} questions in one call`,
      operations: queries.length,
      run: () => index.search(queries, 50),
    },
  ];
  const title = `Exact search over ${size} passages of ${dimensions} dimensions`;
  printTable(title, "question", await measure(rows, 3, 1), one);
}

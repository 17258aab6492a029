import { parseArgs } from "node:util";
import { sqlite } from "../../src/index.js";
import { runCommand, UsageError } from "../hebrew-retrieval/command.js";
import { corpusFrom, declaration } from "../hebrew-retrieval/corpus.js";
import { report } from "../hebrew-retrieval/report.js";
import { makeLsaModel } from "./lsa-model.js";
import { type EncoderSettings, ModelError } from "./model-files.js";
import { NeuralHebrewRetrieval } from "./retrieval.js";

const USAGE = `Hebrew retrieval with a sentence encoder in ONNX, evaluated.

  npm run neural                                       the Declaration of Human Rights, with a model made from it
  npm run neural -- --passages FILE --queries FILE     any corpus, as JSON Lines, with a model made from it
  --model FILE       a model of make-model.ts for these passages
  --e5 FOLDER        multilingual-e5-small: model.onnx, tokenizer.json and tokenizer_config.json in one folder
  --no-rerank        fuse by rank alone
  --cache FILE       cache what is computed in an SQLite file
  --json             one JSON object on standard output: { encoder, metrics, predictions }`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const { passages, queries, model: file, e5, cache } = options;
  if ((passages === undefined) !== (queries === undefined))
    throw new UsageError("--passages and --queries go together: give both, or neither");
  if (file !== undefined && e5 !== undefined)
    throw new UsageError("--model and --e5 are two encoders: give one of them");
  const corpus = passages === undefined ? declaration() : corpusFrom(passages, queries!);
  const model = settingsOf(file, e5) ?? {
    kind: "ngrams",
    content: makeLsaModel(corpus.passages.map(({ text }) => text)),
  };
  const labels = new Set<string>();
  const { metrics, predictions } = await new NeuralHebrewRetrieval().run(
    { ...corpus, model, rerank: !options["no-rerank"] },
    {
      ...(cache !== undefined && { cache: sqlite(cache) }),
      onEvent: (event) => {
        if (event.type === "resource" && event.phase === "end" && event.label !== undefined) labels.add(event.label);
      },
    },
  );
  const encoder = [...labels].join(", ") || "none: all vectors were cached";
  if (options.json || process.env.npm_config_json === "true")
    console.log(JSON.stringify({ encoder, metrics, predictions }));
  else console.log(`${report(corpus, predictions, metrics, passages === undefined ? 3 : 10)}\n\nencoder: ${encoder}`);
}

function settingsOf(file: string | undefined, e5: string | undefined): EncoderSettings | undefined {
  if (file !== undefined) return { kind: "ngrams", file };
  if (e5 !== undefined) return { kind: "e5", file: `${e5}/model.onnx`, tokenizer: `${e5}/tokenizer.json` };
  return undefined;
}

function readOptions() {
  return parseArgs({
    options: {
      passages: { type: "string" },
      queries: { type: "string" },
      model: { type: "string" },
      e5: { type: "string" },
      "no-rerank": { type: "boolean", default: false },
      cache: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

await runCommand(USAGE, main, ModelError);

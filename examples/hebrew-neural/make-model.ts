import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { runCommand, UsageError } from "../hebrew-retrieval/command.js";
import { corpusFrom, declaration } from "../hebrew-retrieval/corpus.js";
import { makeLsaModel } from "./lsa-model.js";
import { ModelError } from "./model-files.js";

const USAGE = `Makes the small ONNX model of the example from the passages that it will search.

  node --import @swc-node/register/esm-register examples/hebrew-neural/make-model.ts --output FILE.onnx
  --passages FILE --queries FILE   the corpus, as JSON Lines; without them the Declaration of Human Rights
  --dimensions N                   of a vector (128), and at most one less than there are passages
  --buckets N                      of n-grams (32768)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      output: { type: "string" },
      passages: { type: "string" },
      queries: { type: "string" },
      dimensions: { type: "string", default: "128" },
      buckets: { type: "string", default: "32768" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const { output, passages, queries } = values;
  if (output === undefined) throw new UsageError("--output is missing: name the file of the model");
  if ((passages === undefined) !== (queries === undefined))
    throw new UsageError("--passages and --queries go together: give both, or neither");
  const corpus = passages === undefined ? declaration() : corpusFrom(passages, queries!);
  const began = performance.now();
  const model = makeLsaModel(
    corpus.passages.map(({ text }) => text),
    { dimensions: Number(values.dimensions), buckets: Number(values.buckets) },
  );
  mkdirSync(path.dirname(path.resolve(output)), { recursive: true });
  writeFileSync(output, model);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${output}: ${corpus.passages.length} passages, ${(model.length / 1e6).toFixed(2)} MB, ${seconds} s`);
  console.log(`sha256 ${createHash("sha256").update(model).digest("hex")}`);
}

await runCommand(USAGE, main, ModelError);

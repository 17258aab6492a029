import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { corpusFrom, declaration } from "../hebrew-retrieval/corpus.js";
import { makeLsaModel } from "./lsa-model.js";

const USAGE = `Makes the small ONNX model of the example from the passages that it will search.

  node --import @swc-node/register/esm-register examples/hebrew-neural/make-model.ts --output FILE.onnx
  --passages FILE --queries FILE   the corpus, as JSON Lines; without them the Declaration of Human Rights
  --dimensions N                   of a vector (128), --buckets N of n-grams (32768)`;

const { values } = parseArgs({
  options: {
    output: { type: "string" },
    passages: { type: "string" },
    queries: { type: "string" },
    dimensions: { type: "string", default: "128" },
    buckets: { type: "string", default: "32768" },
  },
});
const { output, passages, queries } = values;
const [dimensions, buckets] = [Number(values.dimensions), Number(values.buckets)];
const isWhole = [dimensions, buckets].every((value) => Number.isInteger(value) && value > 0);
if (output === undefined || !isWhole || (passages === undefined) !== (queries === undefined)) {
  console.error(USAGE);
  process.exit(1);
}
const corpus = passages === undefined ? declaration() : corpusFrom(passages, queries!);
const began = performance.now();
const model = makeLsaModel(
  corpus.passages.map(({ text }) => text),
  { dimensions, buckets },
);
mkdirSync(path.dirname(path.resolve(output)), { recursive: true });
writeFileSync(output, model);
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`${output}: ${corpus.passages.length} passages, ${(model.length / 1e6).toFixed(2)} MB, ${seconds} s`);
console.log(`sha256 ${createHash("sha256").update(model).digest("hex")}`);

import * as ort from "onnxruntime-node";
import { padBatches } from "./batches.js";
import { type Executor, ModelError, type ModelFiles } from "./model-files.js";
import { NgramHasher } from "./ngrams.js";
import type { SentenceEncoder } from "./sentence-encoder.js";
import { checkNames, openSession, readOutput, runSession } from "./session.js";

/** Ids that one run of the model takes: the rows that it gathers for them are some 30 MB. */
const MAX_IDS = 65_536;
const OUTPUT = "embeddings";

/** An encoder with a model of `make-model.ts`: hashed character n-grams in, dense vectors out. */
export class NgramSentenceEncoder implements SentenceEncoder {
  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly hasher: NgramHasher,
    readonly executor: Executor,
    readonly dimensions: number,
  ) {}

  /** Shown in the event of the resource. */
  get [Symbol.toStringTag](): string {
    return `NgramSentenceEncoder on ${this.executor}`;
  }

  static async open(files: ModelFiles): Promise<NgramSentenceEncoder> {
    const { session, executor } = await openSession(files);
    try {
      checkNames(session, ["ids", "weights"], [], [OUTPUT, "buckets"], "ngrams");
      const { buckets, dimensions } = await readSizes(session);
      return new NgramSentenceEncoder(session, new NgramHasher(buckets), executor, dimensions);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async encode(texts: readonly string[]): Promise<Float32Array[]> {
    const features = texts.map((text) => this.hasher.features(text));
    const vectors = new Array<Float32Array>(texts.length);
    const lengths = features.map(({ buckets }) => buckets.length);
    for (const { positions, length } of padBatches(lengths, MAX_IDS)) {
      const feeds = feed(
        positions.map((position) => features[position]!.buckets),
        positions.map((position) => features[position]!.weights),
        length,
      );
      const width = this.dimensions;
      const outputs = await runSession(this.session, feeds, [OUTPUT]);
      const { data } = readOutput(outputs, OUTPUT, "float32", [positions.length, width]);
      for (const [row, position] of positions.entries()) vectors[position] = data.slice(row * width, (row + 1) * width);
    }
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }
}

/** The number of buckets and of dimensions. The model is run with the last bucket that it names: a smaller table is an error. */
async function readSizes(session: ort.InferenceSession): Promise<{ buckets: number; dimensions: number }> {
  const names = [OUTPUT, "buckets"];
  const count = readOutput(await runSession(session, feed([[]], [[]], 1), names), "buckets", "int64", [1]).data[0]!;
  const buckets = Number(count);
  if (!(buckets >= 1 && buckets < 2 ** 31))
    throw new ModelError(`the model's output buckets is ${count}: the number of its buckets is expected`);
  const outputs = await runSession(session, feed([[buckets - 1], [0]], [[1], [1]], 1), names);
  const { dims } = readOutput(outputs, OUTPUT, "float32", [2, undefined]);
  return { buckets, dimensions: dims[1]! };
}

/** Rows of buckets and weights, padded with zeros. Row b + 1 of the table is that of bucket b. */
function feed(
  buckets: readonly ArrayLike<number>[],
  weights: readonly ArrayLike<number>[],
  length: number,
): Record<string, ort.Tensor> {
  const ids = new Int32Array(buckets.length * length);
  const padded = new Float32Array(buckets.length * length);
  for (const [row, each] of buckets.entries()) {
    for (let i = 0; i < each.length; i++) ids[row * length + i] = each[i]! + 1;
    padded.set(weights[row]!, row * length);
  }
  const dims = [buckets.length, length];
  return { ids: new ort.Tensor("int32", ids, dims), weights: new ort.Tensor("float32", padded, dims) };
}

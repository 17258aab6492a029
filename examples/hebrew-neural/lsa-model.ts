import { ModelError } from "./model-files.js";
import { NgramHasher } from "./ngrams.js";
import { encodeOnnx } from "./onnx.js";
import { rightSingularVectors } from "./svd.js";

export interface LsaOptions {
  /** The number of buckets that n-grams are hashed into. Default: 32,768. */
  readonly buckets?: number;
  /** The number of dimensions of a vector; at most one less than there are passages. Default: 128. */
  readonly dimensions?: number;
}

/** The number of buckets and of dimensions at most: tables of more do not fit into memory. */
const MOST = 1_000_000;
/** What int8 can hold on both sides of zero. */
const INT8 = 127;

/**
 * Makes an ONNX sentence encoder by latent semantic analysis of the very passages that it will search (Deerwester et al. 1990):
 * hashed character 3- and 4-grams, weighted by rarity, projected onto the singular vectors of the passages. It knows nothing of other
 * texts: make it anew for each corpus.
 *
 * @param texts the passages, in any order that stays the same.
 * @returns the bytes of an `.onnx` file: the same for the same texts and options.
 * @throws {ModelError} for fewer than two passages, and for options out of range.
 */
export function makeLsaModel(texts: readonly string[], options: LsaOptions = {}): Buffer {
  const { buckets = 32_768, dimensions = 128 } = options;
  if (texts.length < 2) throw new ModelError(`a model is made from at least 2 passages, not from ${texts.length}`);
  for (const [name, value] of Object.entries({ buckets, dimensions })) {
    if (!(Number.isInteger(value) && value >= 1 && value <= MOST))
      throw new ModelError(`${name} is ${value}: a whole number from 1 to ${MOST} is expected`);
  }
  const rank = Math.min(dimensions, texts.length - 1);
  const hasher = new NgramHasher(buckets);
  const features = texts.map((text) => hasher.features(text));
  const idf = rarities(
    features.map((each) => each.buckets),
    buckets,
  );
  const rows = features.map(({ buckets, weights }) => {
    const values = Float64Array.from(weights, (weight, i) => weight * idf[buckets[i]!]!);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
    return { columns: buckets, values: values.map((value) => value / norm) };
  });
  const vectors = rightSingularVectors(rows, buckets, rank);
  return encodeModel(vectors, idf, buckets, rank);
}

/** How rare each bucket is, as BM25 has it. */
function rarities(passages: readonly Int32Array[], buckets: number): Float64Array {
  const counts = new Float64Array(buckets);
  for (const passage of passages) for (const bucket of passage) counts[bucket]!++;
  return counts.map((count) => (count === 0 ? 0 : Math.log(1 + (passages.length - count + 0.5) / (count + 0.5))));
}

/**
 * The graph: rows of an int8 table, picked by bucket, scaled, summed by weight, and brought to length 1. Row 0 is padding: bucket b
 * has row b + 1.
 */
function encodeModel(vectors: Float64Array, idf: Float64Array, buckets: number, dimensions: number): Buffer {
  const table = new Int8Array((buckets + 1) * dimensions);
  const scales = new Float32Array(buckets + 1);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const row = vectors.subarray(bucket * dimensions, (bucket + 1) * dimensions);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest === 0 || idf[bucket] === 0) continue;
    const step = largest / INT8;
    for (let i = 0; i < dimensions; i++) table[(bucket + 1) * dimensions + i] = Math.round(row[i]! / step);
    scales[bucket + 1] = step * idf[bucket]!;
  }
  return encodeOnnx({
    name: "lsa",
    inputs: [
      { name: "ids", type: "int32", dims: ["batch", "length"] },
      { name: "weights", type: "float32", dims: ["batch", "length"] },
    ],
    outputs: [
      { name: "embeddings", type: "float32", dims: ["batch", dimensions] },
      // The encoder has to hash into as many.
      { name: "buckets", type: "int64", dims: [1] },
    ],
    initializers: [
      { name: "table", dims: [buckets + 1, dimensions], data: table },
      { name: "scales", dims: [buckets + 1], data: scales },
      { name: "second", dims: [1], data: BigInt64Array.of(1n) },
      { name: "bucketCount", dims: [1], data: BigInt64Array.of(BigInt(buckets)) },
      { name: "least", dims: [1], data: Float32Array.of(1e-12) },
    ],
    nodes: [
      { op: "Gather", inputs: ["table", "ids"], outputs: ["bytes"] },
      { op: "Cast", inputs: ["bytes"], outputs: ["rows"], attributes: { to: 1 } },
      { op: "Gather", inputs: ["scales", "ids"], outputs: ["scale"] },
      { op: "Mul", inputs: ["weights", "scale"], outputs: ["scaled"] },
      { op: "Unsqueeze", inputs: ["scaled", "second"], outputs: ["row"] },
      { op: "MatMul", inputs: ["row", "rows"], outputs: ["product"] },
      { op: "Squeeze", inputs: ["product", "second"], outputs: ["sums"] },
      { op: "ReduceL2", inputs: ["sums"], outputs: ["length"], attributes: { axes: [1], keepdims: 1 } },
      { op: "Max", inputs: ["length", "least"], outputs: ["divisor"] },
      { op: "Div", inputs: ["sums", "divisor"], outputs: ["embeddings"] },
      { op: "Identity", inputs: ["bucketCount"], outputs: ["buckets"] },
    ],
  });
}

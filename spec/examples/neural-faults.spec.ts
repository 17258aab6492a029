import { createHash } from "node:crypto";
import { rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { checkModelFiles, type EncoderSettings, ModelError } from "../../examples/hebrew-neural/model-files.js";
import { encodeOnnx, type OnnxModel } from "../../examples/hebrew-neural/onnx.js";
import { NeuralHebrewRetrieval } from "../../examples/hebrew-neural/retrieval.js";
import { declaration } from "../../examples/hebrew-retrieval/corpus.js";
import { modelFolder, smallTokenizer, withEncoder } from "../support/neural-models.js";
import { rejection } from "../support/rejection.js";

const files = modelFolder();

describe("hebrew-neural: files that do not do", () => {
  const { size } = smallTokenizer();
  const vectors = { type: "float32", dims: ["batch", "length"] } as const;
  const identity = (input: string, output: string, opset?: number): Buffer =>
    encodeOnnx({
      name: "identity",
      inputs: [{ name: input, ...vectors }],
      outputs: [{ name: output, ...vectors }],
      initializers: [],
      nodes: [{ op: "Identity", inputs: [input], outputs: [output] }],
      ...(opset !== undefined && { opset }),
    });
  const damaged = () => {
    const file = files.write("damaged.onnx", files.ofDeclaration().content);
    truncateSync(file, 100_000);
    return file;
  };
  const e5 = (changes: Partial<EncoderSettings> | (() => Partial<EncoderSettings>)) => () => ({
    ...files.e5Files(),
    ...(typeof changes === "function" ? changes() : changes),
  });
  const tokenizerOf = (text: string) => () => ({ tokenizer: files.write("other-tokenizer.json", text) });

  const cases: [string, () => EncoderSettings, RegExp][] = [
    [
      "a model that is not there",
      () => ({ kind: "ngrams", file: "/none.onnx" }),
      /^the model \/none\.onnx can't be read: ENOENT/,
    ],
    ["a folder", () => ({ kind: "ngrams", file: files.folder }), /^the model .* can't be read: EISDIR/],
    [
      "a damaged model",
      () => ({ kind: "ngrams", file: damaged() }),
      /damaged\.onnx can't be loaded by ONNX Runtime .*damaged/,
    ],
    [
      "an empty model",
      () => ({ kind: "ngrams", content: new Uint8Array(0) }),
      /^the content of the model can't be loaded/,
    ],
    [
      "a text in place of a model",
      () => ({ kind: "ngrams", content: Buffer.from("שלום") }),
      /can't be loaded by ONNX Runtime/,
    ],
    ["an opset of the future", () => ({ kind: "ngrams", content: identity("ids", "embeddings", 99) }), /opset/],
    [
      "a model of other names",
      () => ({ kind: "ngrams", content: identity("tokens", "vectors") }),
      /not one for the encoder "ngrams": it takes tokens and gives vectors; a model that takes ids, weights and gives embeddings, buckets is expected/,
    ],
    [
      "an e5 model for n-grams",
      () => ({ kind: "ngrams", file: files.e5Files().file! }),
      /it takes input_ids, attention_mask, token_type_ids and gives last_hidden_state/,
    ],
    [
      "a model of n-grams for e5",
      e5(() => ({ file: files.ofDeclaration().settings.file! })),
      /not one for the encoder "e5": it takes ids, weights/,
    ],
    [
      "a file and a content",
      () => ({ ...files.ofDeclaration().settings, content: new Uint8Array(1) }),
      /one of them, and not both/,
    ],
    [
      "a setting of another name",
      () => ({ ...files.ofDeclaration().settings, executor: ["cuda"] }) as EncoderSettings,
      /have no executor: they are kind, file, /,
    ],
    ["neither", () => ({ kind: "ngrams" }), /have to name a file, or give its content/],
    ["a content that is no bytes", () => ({ kind: "ngrams", content: [1, 2] as never }), /has to be a Uint8Array/],
    [
      "another sum",
      () => ({ ...files.ofDeclaration().settings, sha256: "0".repeat(64) }),
      /has the SHA-256 sum [0-9a-f]{64}, and 0{64} is expected/,
    ],
    ["a tokenizer of another sum", e5({ tokenizerSha256: "0".repeat(64) }), /tokenizer\.json has the SHA-256 sum/],
    ["e5 without a tokenizer", () => ({ kind: "e5", file: files.e5Files().file! }), /needs a tokenizer/],
    ["n-grams with one", () => ({ ...files.ofDeclaration().settings, tokenizer: "x" }), /has no tokenizer/],
    [
      "a tokenizer that is not there",
      e5({ tokenizer: "/none.json" }),
      /^the tokenizer \/none\.json can't be read: ENOENT/,
    ],
    ["a tokenizer that is no JSON", e5(tokenizerOf("{")), /other-tokenizer\.json is not JSON/],
    ["a tokenizer that is none", e5(tokenizerOf("{}")), /^the tokenizer .* can't be used: /],
    [
      "a tokenizer of a larger vocabulary",
      () => files.e5Files(size - 10),
      new RegExp(`the model failed on a batch of the shape \\[1, 1\\]: .*Its tokenizer has ids up to ${size - 1}`),
    ],
    [
      "a tokenizer without its configuration",
      e5(() => {
        rmSync(path.join(files.folder, "tokenizer_config.json"));
        return {};
      }),
      /^the tokenizer .*tokenizer_config\.json can't be read: ENOENT/,
    ],
    [
      "a configuration of another sum",
      e5({ tokenizerConfigSha256: "0".repeat(64) }),
      /tokenizer_config\.json has the SHA-256 sum/,
    ],
    [
      "a tokenizer without marks around a text",
      e5(tokenizerOf(JSON.stringify({ ...smallTokenizer().definition, post_processor: null }))),
      /^the tokenizer .* can't be used: it puts no marks around a text/,
    ],
    ["no executor", () => ({ ...files.ofDeclaration().settings, executors: [] }), /the list of executors is empty/],
    [
      "an executor that is not there",
      () => ({ ...files.ofDeclaration().settings, executors: ["cuda"] }),
      /can't be loaded by ONNX Runtime .*cuda: /,
    ],
  ];
  for (const [title, settings, message] of cases) {
    it(`${title}: an error that says so`, async function () {
      const opened = await rejection(withEncoder(settings(), async ({ executor }) => executor)).catch(() => undefined);
      // A machine with a GPU can have CUDA.
      if (opened === undefined && title === "an executor that is not there") return this.skip();
      expect(opened).to.be.instanceOf(ModelError);
      expect(opened!.message).to.match(message);
    });
  }

  it("do where their sums are those that are expected", async () => {
    const { content, settings } = files.ofDeclaration();
    const sum = createHash("sha256").update(content).digest("hex");
    expect((await checkModelFiles({ ...settings, sha256: sum })).sha256).to.equal(sum);
  });

  it("is an error of the run with the resource's name", async () => {
    const model = { kind: "ngrams", content: identity("a", "b") } as EncoderSettings;
    const error = await rejection(new NeuralHebrewRetrieval().run({ ...declaration(), model }));
    expect(error.message).to.match(
      /^NeuralHebrewRetrieval\.sentenceEncoder: the resource could not be built: ModelError: the model is not one/,
    );
  });

  it("is refused with the inputs where the settings are of another form", async () => {
    const model = { kind: "bert", file: "x", executors: ["tpu"], sha256: "abc" } as never;
    const error = await rejection(new NeuralHebrewRetrieval().run({ ...declaration(), model }));
    for (const name of ["model.kind", "model.executors", "model.sha256"]) expect(error.message).to.contain(name);
  });
});

/** A model with the names of one of `make-model.ts`, and what a case changes of it. */
function namedLikeOurs({
  outputs = {},
  buckets = BigInt64Array.of(16n),
  fixed = "batch",
  tail = [{ op: "Identity", inputs: ["sums"], outputs: ["embeddings"] }],
  table = Float32Array.from({ length: 17 * 4 }, (_, i) => Math.sin(i)),
}: {
  readonly outputs?: Partial<OnnxModel["outputs"][0]>;
  readonly buckets?: BigInt64Array | Float32Array;
  readonly fixed?: string | number;
  readonly tail?: OnnxModel["nodes"];
  readonly table?: Float32Array;
}): Buffer {
  return encodeOnnx({
    name: "named like ours",
    inputs: [
      { name: "ids", type: "int32", dims: [fixed, "length"] },
      { name: "weights", type: "float32", dims: [fixed, "length"] },
    ],
    outputs: [
      { name: "embeddings", type: "float32", dims: ["batch", 4], ...outputs },
      { name: "buckets", type: buckets instanceof Float32Array ? "float32" : "int64", dims: [buckets.length] },
    ],
    initializers: [
      { name: "table", dims: [17, 4], data: table },
      { name: "first", dims: [1], data: BigInt64Array.of(0n) },
      { name: "second", dims: [1], data: BigInt64Array.of(1n) },
      { name: "count", dims: [buckets.length], data: buckets },
    ],
    nodes: [
      { op: "Gather", inputs: ["table", "ids"], outputs: ["rows"] },
      { op: "Unsqueeze", inputs: ["weights", "second"], outputs: ["row"] },
      { op: "MatMul", inputs: ["row", "rows"], outputs: ["product"] },
      { op: "Squeeze", inputs: ["product", "second"], outputs: ["sums"] },
      ...tail,
      { op: "Identity", inputs: ["count"], outputs: ["buckets"] },
    ],
  });
}

describe("hebrew-neural: a model of the right names whose outputs are not those of an encoder", () => {
  const tail = (op: string, inputs: string[], attributes: Record<string, number>) => [
    { op, inputs, outputs: ["embeddings"], attributes },
  ];
  const buckets = (...values: bigint[]) => ({ buckets: BigInt64Array.from(values) });
  const cases: [string, Parameters<typeof namedLikeOurs>[0], RegExp][] = [
    [
      "of another rank",
      { tail: [{ op: "Identity", inputs: ["product"], outputs: ["embeddings"] }], outputs: { dims: ["batch", 1, 4] } },
      /output embeddings has the shape \[2, 1, 4\] and the type float32: \[2, any\] and float32 are expected/,
    ],
    [
      "without dimensions",
      { tail: tail("ReduceSum", ["sums", "second"], { keepdims: 0 }), outputs: { dims: ["batch"] } },
      /has the shape \[2\]/,
    ],
    [
      "with one row for all texts",
      { tail: tail("ReduceSum", ["sums", "first"], { keepdims: 1 }), outputs: { dims: [1, 4] } },
      /has the shape \[1, 4\]/,
    ],
    ["of another type", { tail: tail("Cast", ["sums"], { to: 7 }), outputs: { type: "int64" } }, /the type int64/],
    ["of no buckets", buckets(0n), /output buckets is 0: /],
    ["of fewer buckets than none", buckets(-3n), /output buckets is -3: /],
    ["of more buckets than its table has rows", buckets(1000n), /the model failed on a batch .*1000/],
    ["without a number of buckets", buckets(), /output buckets has the shape \[0\]/],
    ["with two numbers of buckets", buckets(16n, 16n), /output buckets has the shape \[2\]/],
    ["of half a bucket", { buckets: Float32Array.of(2.5) }, /output buckets has the shape \[1\] and the type float32/],
    ["for one text at a time", { fixed: 1 }, /the model failed on a batch of the shape \[2, 1\]: .*invalid dimensions/],
  ];
  for (const [title, changes, message] of cases) {
    it(`${title}: an error when it is opened`, async () => {
      const error = await rejection(
        withEncoder({ kind: "ngrams", content: namedLikeOurs(changes) }, async () => undefined),
      );
      expect(error).to.be.instanceOf(ModelError);
      expect(error.message).to.match(message);
    });
  }

  it("of vectors that are not of length 1: an error of the run, and no hits", async () => {
    for (const table of [new Float32Array(17 * 4).fill(Number.NaN), new Float32Array(17 * 4).fill(3e38), undefined]) {
      const model: EncoderSettings = {
        kind: "ngrams",
        content: namedLikeOurs(table === undefined ? {} : { table }),
        executors: ["cpu"],
      };
      const error = await rejection(new NeuralHebrewRetrieval().run({ ...declaration(), model }));
      expect(error.message).to.match(
        /^NeuralHebrewRetrieval\.denseIndex: failed with RangeError: vector 0 has the length .*, and 1 is expected/,
      );
    }
  });
});

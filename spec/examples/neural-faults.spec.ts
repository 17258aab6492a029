import { createHash } from "node:crypto";
import { truncateSync } from "node:fs";
import { expect } from "chai";
import { checkModelFiles, type EncoderSettings, ModelError } from "../../examples/hebrew-neural/model-files.js";
import { encodeOnnx } from "../../examples/hebrew-neural/onnx.js";
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

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { e5Settings } from "../../examples/hebrew-neural/e5.js";
import { makeLsaModel } from "../../examples/hebrew-neural/lsa-model.js";
import type { EncoderSettings } from "../../examples/hebrew-neural/model-files.js";
import { NeuralHebrewRetrievalOnGpu } from "../../examples/hebrew-neural/on-gpu.js";
import { encodeOnnx } from "../../examples/hebrew-neural/onnx.js";
import { NeuralHebrewRetrieval } from "../../examples/hebrew-neural/retrieval.js";
import { declaration } from "../../examples/hebrew-retrieval/corpus.js";
import { evaluate } from "../../examples/hebrew-retrieval/evaluation.js";
import { local, memory } from "../../src/index.js";
import { importFile } from "../support/in-process.js";
import { modelFolder, smallE5, smallTokenizer, watch } from "../support/neural-models.js";
import { rejection } from "../support/rejection.js";

const files = modelFolder();

describe("hebrew-neural: a run", () => {
  const inputs = () => ({
    ...declaration(),
    model: { ...files.ofDeclaration().settings, executors: ["cpu" as const] },
  });

  it("says which executor its session got, and opens one", async () => {
    const seen = watch();
    await new NeuralHebrewRetrieval().run(inputs(), { onEvent: seen.onEvent });
    expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
    expect(seen.encodings).to.be.greaterThan(0);
  });

  it("falls back to the next executor, and says so", async function () {
    const seen = watch();
    const model = { ...files.ofDeclaration().settings, executors: ["cuda" as const, "cpu" as const] };
    await new NeuralHebrewRetrieval().run({ ...inputs(), model }, { onEvent: seen.onEvent });
    if (seen.sessions[0] === "NgramSentenceEncoder on cuda") this.skip();
    expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
  });

  it("finds more on the Declaration than words alone", async () => {
    const { metrics } = await new NeuralHebrewRetrieval().run(inputs());
    const { byWords } = await new NeuralHebrewRetrieval().run(inputs(), { outputs: ["byWords"] });
    const { passages, queries } = declaration();
    const words = evaluate(
      queries,
      byWords.map((hits) => hits.map(({ passage }) => passages[passage]!.id)),
    );
    expect(metrics["recall@10"]).to.be.greaterThan(words["recall@10"]);
    expect(metrics["mrr@10"]).to.be.greaterThan(words["mrr@10"]);
  });

  it("does not run the n-gram branch of the class that it extends", async () => {
    const names = new Set<string>();
    await new NeuralHebrewRetrieval().run(inputs(), { onEvent: ({ name }) => void names.add(name) });
    expect([...names])
      .to.include("byMeaning")
      .and.not.include.members(["encoder"]);
    for (const name of ["encoder", "encoded", "vectorIndex", "encodedQueries", "byVectors"])
      expect(names.has(name)).to.equal(false);
  });

  it("encodes nothing the second time, and all of it for another model under the same path", async () => {
    const cache = memory();
    const file = files.write("replaced.onnx", files.ofDeclaration().content);
    const model = { kind: "ngrams", file, executors: ["cpu"] } as EncoderSettings;
    const run = async (model: EncoderSettings) => {
      const seen = watch();
      const outputs = await new NeuralHebrewRetrieval().run(
        { ...declaration(), model },
        { cache, onEvent: seen.onEvent },
      );
      return { outputs, encodings: seen.encodings, sessions: seen.sessions };
    };
    const first = await run(model);
    const again = await run(model);
    expect(again).to.deep.equal({ outputs: first.outputs, encodings: 0, sessions: [] });
    const moved = await run({
      ...model,
      file: files.write("moved.onnx", files.ofDeclaration().content),
      executors: ["cuda", "cpu"],
    });
    expect(moved.encodings).to.equal(0);
    const other = makeLsaModel(
      declaration().passages.map(({ text }) => text),
      { dimensions: 8 },
    );
    writeFileSync(file, other);
    const replaced = await run(model);
    expect(replaced.encodings).to.equal(first.encodings);
    expect(replaced.outputs).not.to.deep.equal(first.outputs);
  });

  it("encodes everything again where any file of its encoder has other content", async () => {
    const cache = memory();
    const model: EncoderSettings = { ...files.e5Files(), executors: ["cpu"] };
    const encodings = async () => {
      const seen = watch();
      await new NeuralHebrewRetrieval().run({ ...declaration(), model }, { cache, onEvent: seen.onEvent });
      return seen.encodings;
    };
    const first = await encodings();
    expect(first).to.be.greaterThan(0);
    expect(await encodings()).to.equal(0);
    const { definition, config } = smallTokenizer();
    for (const [name, content] of [
      ["tokenizer_config.json", JSON.stringify({ ...config, do_lowercase_and_remove_accent: true })],
      ["tokenizer.json", JSON.stringify({ ...definition, version: "1.1" })],
      [path.basename(model.file!), encodeOnnx({ ...smallE5(smallTokenizer().size).model, name: "another" })],
    ] as const) {
      files.write(name, content);
      expect(await encodings(), name).to.equal(first);
      expect(await encodings(), name).to.equal(0);
    }
  });

  it("opens one session for the runs of an open pipeline, and another one for other executors", async () => {
    await using open = new NeuralHebrewRetrieval().open();
    const seen = watch();
    for (let i = 0; i < 3; i++) await open.run(inputs(), { onEvent: seen.onEvent });
    expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
    const model = { ...inputs().model, executors: ["cuda" as const] };
    const error = await open.run({ ...inputs(), model }, { onEvent: seen.onEvent }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    if (error === undefined) expect(seen.sessions).to.have.length(2);
    else expect(error.message).to.contain("cuda: ");
    // Without CUDA there is no second one.
    for (const label of seen.sessions.slice(1)) expect(label).to.equal("NgramSentenceEncoder on cuda");
  });

  it("gives the same hits in threads, with a session for each @slow", async () => {
    const expected = await new NeuralHebrewRetrieval().run(inputs());
    const labels: unknown[] = [];
    for (const maps of ["parallel", "threaded"] as const) {
      const seen = watch();
      const execution = { maps, maxWorkers: 2 } as const;
      const found = await new NeuralHebrewRetrieval().run(inputs(), { execution, onEvent: seen.onEvent });
      expect(found.predictions.map(({ hits }) => hits.map(({ id }) => id))).to.deep.equal(
        expected.predictions.map(({ hits }) => hits.map(({ id }) => id)),
      );
      labels.push(...seen.sessions);
    }
    // A thread keeps its session for the next run.
    expect(labels.length).to.be.within(1, 4);
    expect(new Set(labels)).to.deep.equal(new Set(["NgramSentenceEncoder on cpu"]));
  });
});

describe("hebrew-neural: with multilingual-e5-small in an image", () => {
  it("takes the settings of the class: without other ones, the files of its image are those that are read", async () => {
    const error = await rejection(new NeuralHebrewRetrievalOnGpu().run(declaration() as never, { runOn: local() }));
    expect(error.message).to.match(
      /^NeuralHebrewRetrievalOnGpu\.modelFiles: failed with ModelError: the model \/opt\/e5\/model\.onnx can't be read/,
    );
    for (const name of ["sha256", "tokenizerSha256", "tokenizerConfigSha256"] as const)
      expect(e5Settings("/models/e5")[name]).to.match(/^[0-9a-f]{64}$/);
  });
});

describe("hebrew-neural: the commands", () => {
  const [MAIN, MAKE] = ["main.ts", "make-model.ts"].map((name) => `examples/hebrew-neural/${name}`) as [string, string];

  it("make a model, the same each time, and run with it @slow", async () => {
    const file = path.join(files.folder, "made", "model.onnx");
    const [made, again] = [
      await importFile(MAKE, "--output", file),
      await importFile(MAKE, "--output", `${file}.again`),
    ];
    const sum = /sha256 ([0-9a-f]{64})/.exec(made.stdout)?.[1];
    expect(sum).to.equal(createHash("sha256").update(readFileSync(file)).digest("hex"));
    expect(again.stdout).to.contain(`sha256 ${sum}`);
    const { stdout, code } = await importFile(MAIN, "--model", file, "--json");
    const { encoder, metrics, predictions } = JSON.parse(stdout);
    expect(encoder).to.match(/^NgramSentenceEncoder on (?:cuda|cpu)$/);
    expect(metrics["recall@10"]).to.be.greaterThan(0.9);
    expect(predictions).to.have.length(32);
    expect(code).to.not.equal(1);
  });

  it("say what is wrong with their options and files, without a stack", async () => {
    const [one, queries, output] = [
      files.write("one.jsonl", '{"id":"a","text":"שלום"}'),
      files.write("queries.jsonl", '{"id":"q","text":"שלום","relevant":["a"]}'),
      path.join(files.folder, "x.onnx"),
    ];
    const unknown = files.write("unknown.jsonl", '{"id":"q","text":"שלום","relevant":["zz"]}');
    for (const [file, args, text] of [
      [MAIN, ["--passages", "x"], "--passages and --queries go together"],
      [MAIN, ["--model", "a", "--e5", "b"], "--model and --e5 are two encoders"],
      [MAIN, ["--nope"], "Unknown option '--nope'"],
      [MAIN, ["--model", "/none.onnx"], "the model /none.onnx can't be read: ENOENT"],
      [MAIN, ["--passages", one, "--queries", queries], "at least 2 passages, not from 1"],
      [MAIN, ["--passages", one, "--queries", unknown], "unknown.jsonl:1: relevant names no passage: zz"],
      [MAKE, [], "--output is missing"],
      [MAKE, ["--nope"], "Unknown option '--nope'"],
      [MAKE, ["--output", output, "--queries", "x"], "--passages and --queries go together"],
      [MAKE, ["--output", output, "--passages", "/none", "--queries", "/none"], "ENOENT: no such file"],
      [MAKE, ["--output", output, "--passages", one, "--queries", unknown], "relevant names no passage: zz"],
      [MAKE, ["--output", output, "--passages", one, "--queries", queries], "at least 2 passages, not from 1"],
      [MAKE, ["--output", output, "--dimensions", "many"], "dimensions is NaN: a whole number from 1 to 1000000"],
      [MAKE, ["--output", output, "--buckets", "10000000000"], "buckets is 10000000000: a whole number from 1"],
      [MAKE, ["--output", files.folder], "EISDIR"],
    ] as const) {
      const { stderr, code } = await importFile(file, ...args);
      expect(stderr, args.join(" ")).to.contain(text).and.not.contain("    at ");
      expect(code, args.join(" ")).to.equal(1);
    }
    expect((await importFile(MAKE, "--help")).stdout).to.contain("--output FILE.onnx");
  });
});

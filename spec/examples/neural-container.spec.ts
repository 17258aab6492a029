import { createHash } from "node:crypto";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import type { EncoderSettings } from "../../examples/hebrew-neural/model-files.js";
import { NeuralHebrewRetrieval } from "../../examples/hebrew-neural/retrieval.js";
import { declaration } from "../../examples/hebrew-retrieval/corpus.js";
import { image, modal, sqlite } from "../../src/index.js";
import { NeuralOnVolume } from "../placement/pipelines/neural-on-volume.js";
import { built } from "../support/built.js";
import { execute, LOADER } from "../support/execute.js";
import { loopback, onLoopback } from "../support/modal.js";
import { modelFolder, watch } from "../support/neural-models.js";
import { rejection } from "../support/rejection.js";

const files = modelFolder();

describe("hebrew-neural: a run in a container @slow", () => {
  const held = loopback();

  onLoopback("gives the same hits, opens one session, and encodes nothing the second time", async () => {
    const content = files.ofDeclaration().content;
    const inputs = {
      ...declaration(),
      model: { kind: "ngrams", content, executors: ["cuda", "cpu"] } as EncoderSettings,
    };
    const here = await new NeuralHebrewRetrieval().run(inputs);
    const runOn = modal({ image: image().env({ ONNXRUNTIME_NODE_INSTALL: "skip" }), volume: "neural" });
    const cache = sqlite(".cache/neural.sqlite");
    const seen = watch();
    const there = await new NeuralHebrewRetrieval().run(inputs, { runOn, cache, onEvent: seen.onEvent });
    expect(there).to.deep.equal(here);
    expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
    expect(seen.encodings).to.be.greaterThan(0);
    const again = watch();
    expect(await new NeuralHebrewRetrieval().run(inputs, { runOn, cache, onEvent: again.onEvent })).to.deep.equal(here);
    expect({ encodings: again.encodings, sessions: again.sessions }).to.deep.equal({ encodings: 0, sessions: [] });
  });

  onLoopback("takes onnxruntime-node of image().cuda(), and puts none of its own beside it", async () => {
    held.server.forget();
    const inputs = {
      ...declaration(),
      model: { ...files.ofDeclaration().settings, executors: ["cuda", "cpu"] } as EncoderSettings,
    };
    const runOn = modal({ gpu: "A10G", image: image().cuda() });
    const { metrics } = await new NeuralHebrewRetrieval().run(inputs, { runOn });
    expect(metrics["recall@10"]).to.be.greaterThan(0.9);
    const commands = held.server
      .called("ImageGetOrCreate")
      .flatMap(({ image }) => image.dockerfileCommands as string[]);
    expect(commands.join("\n")).to.contain("'onnxruntime-node@1.30.0'").and.contain("ldd").and.not.contain("npm ci");
  });

  onLoopback("tells of a model that the container does not have", async () => {
    const inputs = { ...declaration(), model: { kind: "ngrams", file: "/models/none.onnx" } as EncoderSettings };
    const error = await rejection(new NeuralHebrewRetrieval().run(inputs, { runOn: modal() }));
    expect(error.message)
      .to.contain("the model /models/none.onnx can't be read: ENOENT")
      .and.contain("NeuralHebrewRetrieval.modelFiles");
  });

  onLoopback("is what the command line starts, with the image of the class and the GPU of --on", async () => {
    held.server.forget();
    const { passages, queries } = declaration();
    const file = files.write(
      "inputs.json",
      JSON.stringify({ passages, queries, model: { ...files.ofDeclaration().settings } }),
    );
    const ran = await execute(process.execPath, [
      ...[built("src/cli/main.ts"), "run", "examples/hebrew-neural/on-gpu.ts", "--input", `@${file}`],
      ...["--on", "modal:gpu=H100", "--outputs", "metrics", "--json", "--quiet"],
    ]);
    expect(ran.stderr).to.equal("");
    expect(JSON.parse(ran.stdout).metrics["recall@10"]).to.be.greaterThan(0.9);
    const images = held.server.called("ImageGetOrCreate").map(({ image }) => image.dockerfileCommands as string[]);
    expect(images.flat().join("\n"))
      .to.contain("FROM nvidia/cuda:13.")
      .and.contain("/resolve/614241f6")
      .and.contain("sha256sum -c");
    const [{ definition }] = held.server.called("SandboxCreate") as [{ definition: any }];
    expect(definition.resources.gpuConfig.gpuType).to.equal("H100");
  });

  onLoopback("is what npm run modal:demo -- neural shows", async () => {
    const { stdout, code } = await execute(process.execPath, [...LOADER, "examples/modal/demo.ts", "neural"]);
    expect(stdout).to.contain(
      "70 texts encoded, by NgramSentenceEncoder on cpu\nsecond run: 0 texts encoded: the same predictions",
    );
    expect(code).to.equal(0);
  });

  describe("with its model on a volume", () => {
    const inputs = (model: Partial<EncoderSettings>) => ({
      ...declaration(),
      model: { kind: "ngrams", executors: ["cpu"], ...model } as EncoderSettings,
    });
    const options = { volumes: { "/models": "weights" }, env: { MODELS: "/models" } };
    const failure = async (model: Partial<EncoderSettings>) =>
      (await rejection(new NeuralOnVolume().run(inputs(model), { runOn: modal(options) }))).message;
    let weights: string;
    before(() => {
      weights = held.server?.volume("weights", 1);
    });

    onLoopback("gives the same hits, and loads it once for the runs of a container", async () => {
      const { content, settings } = files.ofDeclaration();
      writeFileSync(path.join(weights, "small.onnx"), content);
      const here = await new NeuralHebrewRetrieval().run(inputs(settings));
      const runOn = modal({ ...options, keepWarm: true });
      const seen = watch();
      for (let i = 0; i < 2; i++) {
        const there = await new NeuralOnVolume().run(inputs({ file: "small.onnx" }), { runOn, onEvent: seen.onEvent });
        expect(there).to.deep.equal(here);
      }
      expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
      expect(seen.encodings).to.be.greaterThan(0);
    });

    onLoopback("names the file that is missing, damaged, or another one than its sum says", async () => {
      const { content } = files.ofDeclaration();
      const sum = createHash("sha256").update(content).digest("hex");
      writeFileSync(path.join(weights, "cut.onnx"), content.subarray(0, 100_000));
      const at = "NeuralOnVolume.";
      const missing = await failure({ file: "none.onnx" });
      expect(missing)
        .to.match(/modelFiles: .*the model \S*\/models\/none\.onnx can't be read: ENOENT/)
        .and.contain(at);
      const damaged = await failure({ file: "cut.onnx" });
      expect(damaged)
        .to.match(/sentenceEncoder: .*\/models\/cut\.onnx can't be loaded by ONNX Runtime/)
        .and.contain(at);
      const another = await failure({ file: "cut.onnx", sha256: sum });
      expect(another).to.match(new RegExp(`/models/cut\\.onnx has the SHA-256 sum .*, and ${sum} is expected`));
    });

    onLoopback("reads a tokenizer beside it, and names the file of it that is missing", async () => {
      const { file, tokenizer } = files.e5Files();
      const config = path.join(path.dirname(tokenizer!), "tokenizer_config.json");
      for (const each of [file!, tokenizer!, config]) copyFileSync(each, path.join(weights, path.basename(each)));
      const model = { kind: "e5", file: path.basename(file!), tokenizer: "tokenizer.json" } as const;
      const seen = watch();
      const { predictions } = await new NeuralOnVolume().run(inputs(model), {
        runOn: modal(options),
        onEvent: seen.onEvent,
      });
      expect(seen.sessions).to.deep.equal(["E5Encoder on cpu"]);
      const here = await new NeuralHebrewRetrieval().run(inputs({ kind: "e5", file, tokenizer } as EncoderSettings));
      expect(predictions).to.deep.equal(here.predictions);
      rmSync(path.join(weights, "tokenizer_config.json"));
      expect(await failure(model)).to.match(/the tokenizer \S*\/models\/tokenizer_config\.json can't be read: ENOENT/);
    });
  });
});

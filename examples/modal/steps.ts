import assert from "node:assert/strict";
import {
  InputError,
  image,
  local,
  type ModalOptions,
  modal,
  NodeError,
  type RunEvent,
  sqlite,
} from "../../src/index.js";
import { type Checks, passes } from "../checks.js";
import { HebrewMinimal } from "../hebrew-minimal/pipeline.js";
import { makeLsaModel } from "../hebrew-neural/lsa-model.js";
import type { EncoderSettings } from "../hebrew-neural/model-files.js";
import { NeuralHebrewRetrieval } from "../hebrew-neural/retrieval.js";
import { declaration } from "../hebrew-retrieval/corpus.js";
import { report } from "../hebrew-retrieval/report.js";
import { HebrewRetrieval } from "../hebrew-retrieval/retrieval.js";
import { smokeChecks } from "../smoke/checks.js";
import { Double } from "../smoke/pipelines.js";
import {
  Diamond,
  Everything,
  Increment,
  Picky,
  Primes,
  type Reading,
  Readings,
  Squared,
  SquaredEach,
} from "./pipelines.js";

/** A step of docs/modal.md. @returns whether it went well. */
export type Step = (options: ModalOptions) => Promise<boolean>;

export const STEPS: Readonly<Record<string, Step>> = { quickstart, smoke, suite, minimal, retrieval, neural };

/** One node, in a container. */
async function quickstart(options: ModalOptions): Promise<boolean> {
  const x = 41;
  const { result } = await new Increment().run({ x }, { runOn: modal(options) });
  console.log(`Input: x = ${x}`);
  console.log(`Output: result = ${result}`);
  return result === 42;
}

function smoke(options: ModalOptions): Promise<boolean> {
  return passes(smokeChecks({ runOn: modal({ ...options, keepWarm: true }) }));
}

function suite(options: ModalOptions): Promise<boolean> {
  const on = { runOn: modal({ ...options, keepWarm: true }) };
  const readings = [3, 9, 4].map((value) => ({ value, at: new Date(0) }) as Reading);
  const checks: Checks = {
    "single node": async () => assert.deepEqual(await new Double().run({ x: 4 }, on), { doubled: 8 }),
    "several dependent nodes": async () =>
      assert.deepEqual(await new Diamond().run({ x: 5 }, on), { doubled: 10, tripled: 15, sum: 25 }),
    map: async () =>
      assert.deepEqual(await new Diamond().map({ x: [1, 2] }, { over: "x", ...on }), [
        { doubled: 2, tripled: 3, sum: 5 },
        { doubled: 4, tripled: 6, sum: 10 },
      ]),
    "nested pipeline": async () => assert.deepEqual(await new Squared().run({ x: 2 }, on), { squared: 100 }),
    "nested mapped": async () => assert.deepEqual(await new SquaredEach().run({ xs: [1, 2] }, on), { total: 125 }),
    "execution options": async () => {
      const execution = { nodes: "sequential", maps: "sequential" } as const;
      assert.deepEqual(await new SquaredEach().run({ xs: [1, 2] }, { ...on, execution }), { total: 125 });
    },
    "validated models": async () => {
      assert.deepEqual(await new Readings().run({ readings }, on), { most: 9 });
      const wrong = [{ value: -1, at: new Date(0) } as Reading];
      await assert.rejects(new Readings().run({ readings: wrong }, on), InputError);
    },
    "Hebrew pattern": async () => {
      const { predictions, summary } = await new HebrewMinimal().run({ passageCount: 10, queryCount: 3, topK: 5 }, on);
      assert.equal(predictions.length, 15);
      assert.equal(summary.uniqueQueries, 3);
    },
    "error handling": async () => {
      const failing = new Picky().run({ xs: [1, 42] }, on);
      await assert.rejects(failing, (error: Error) => {
        assert.ok(error instanceof NodeError && error.cause instanceof RangeError);
        assert.match(error.message, /Picky\.taken\[1\]: failed with RangeError: 42 is not to be had/);
        return true;
      });
    },
    "larger maps with threads": async () => {
      const xs = Array.from({ length: 20_000 }, (_, i) => i);
      assert.deepEqual(await new Primes().run({ xs }, on), { count: 2262 });
    },
    "full integration": async () => {
      const inputs = { readings, words: ["a", "b", "a"] };
      const here = await new Everything().run(inputs, { runOn: local() });
      const events: RunEvent[] = [];
      const there = await new Everything().run(inputs, { ...on, onEvent: (event) => events.push(event) });
      assert.deepEqual(there, here);
      assert.ok(events.some(({ type, phase }) => type === "resource" && phase === "end"));
    },
  };
  return passes(checks);
}

/** The pattern of retrieval: here, in a container, and with a cache that outlives it. */
function minimal(options: ModalOptions): Promise<boolean> {
  const small = { passageCount: 10, queryCount: 3, topK: 5 };
  const large = { passageCount: 50, queryCount: 10, topK: 10 };
  const counts = async (sizes: typeof small, choices: object) => {
    const { predictions, summary } = await new HebrewMinimal().run(sizes, choices);
    return [predictions.length, summary.uniqueQueries];
  };
  const volume = "hypernodes-demo";
  const cached = { runOn: modal({ ...options, volume }), cache: sqlite(".cache/hebrew-minimal.sqlite") };
  return passes({
    "local: 15 and 3": async () => assert.deepEqual(await counts(small, { runOn: local() }), [15, 3]),
    "remote without a cache: 15 and 3": async () =>
      assert.deepEqual(await counts(small, { runOn: modal(options) }), [15, 3]),
    "remote with a cache: twice identical": async () => {
      const first = await new HebrewMinimal().run(small, cached);
      assert.deepEqual(await new HebrewMinimal().run(small, cached), first);
    },
    "larger: 100 and 10": async () => assert.deepEqual(await counts(large, cached), [100, 10]),
  });
}

/** Hybrid search over real Hebrew text, twice: the second time everything is remembered. */
async function retrieval(options: ModalOptions): Promise<boolean> {
  const corpus = declaration();
  const choices = {
    runOn: modal({ image: image().nodeSlim("22"), ...options, volume: "hypernodes-demo" }),
    cache: sqlite(".cache/hebrew.sqlite"),
  };
  const run = async () => {
    const began = performance.now();
    let computed = 0;
    const { metrics, predictions } = await new HebrewRetrieval().run(
      { ...corpus, topK: 10, rerank: true },
      {
        ...choices,
        onEvent: ({ type, phase }) => {
          if ((type === "node" || type === "element") && phase === "end") computed++;
        },
      },
    );
    return { metrics, predictions, computed, seconds: (performance.now() - began) / 1000 };
  };
  const first = await run();
  console.log(report(corpus, first.predictions, first.metrics, 3));
  const again = await run();
  assert.deepEqual(again.predictions, first.predictions);
  console.log(`\nfirst run:  ${first.computed} calls, ${first.seconds.toFixed(2)} s`);
  console.log(`second run: ${again.computed} calls, ${again.seconds.toFixed(2)} s: the same predictions`);
  return again.computed === 0;
}

/** Retrieval with a sentence encoder in ONNX, on the GPU if there is one, twice: the second time nothing is encoded. */
async function neural(options: ModalOptions): Promise<boolean> {
  const corpus = declaration();
  const content = makeLsaModel(corpus.passages.map(({ text }) => text));
  const model: EncoderSettings = { kind: "ngrams", content, executors: ["cuda", "cpu"] };
  const on = options.gpu === undefined ? image().env({ ONNXRUNTIME_NODE_INSTALL: "skip" }) : image().cuda();
  const choices = {
    runOn: modal({ image: on, ...options, volume: "hypernodes-demo" }),
    cache: sqlite(".cache/hebrew-neural.sqlite"),
  };
  const run = async () => {
    const labels = new Set<string>();
    let encoded = 0;
    const outputs = await new NeuralHebrewRetrieval().run(
      { ...corpus, model, topK: 10, rerank: true },
      {
        ...choices,
        onEvent: (event) => {
          if (event.type === "resource" && event.phase === "end" && event.label !== undefined) labels.add(event.label);
          if (event.type === "element" && event.phase === "end" && event.name.startsWith("embedded"))
            encoded += event.size ?? 1;
        },
      },
    );
    return { ...outputs, labels, encoded };
  };
  const first = await run();
  console.log(report(corpus, first.predictions, first.metrics, 3));
  const again = await run();
  assert.deepEqual(again.predictions, first.predictions);
  console.log(
    `\nfirst run:  ${first.encoded} texts encoded, by ${[...first.labels].join(", ") || "none: they were cached"}`,
  );
  console.log(`second run: ${again.encoded} texts encoded: the same predictions`);
  return again.encoded === 0;
}

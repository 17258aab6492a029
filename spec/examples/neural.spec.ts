import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect } from "chai";
import fc from "fast-check";
import { padBatches } from "../../examples/hebrew-neural/batches.js";
import { DenseIndex } from "../../examples/hebrew-neural/dense-index.js";
import { openEncoder } from "../../examples/hebrew-neural/encoder.js";
import { makeLsaModel } from "../../examples/hebrew-neural/lsa-model.js";
import { checkModelFiles, type EncoderSettings, ModelError } from "../../examples/hebrew-neural/model-files.js";
import { encodeOnnx, type OnnxModel } from "../../examples/hebrew-neural/onnx.js";
import { NeuralHebrewRetrieval } from "../../examples/hebrew-neural/retrieval.js";
import type { SentenceEncoder, TextRole } from "../../examples/hebrew-neural/sentence-encoder.js";
import { corpusFrom, declaration } from "../../examples/hebrew-retrieval/corpus.js";
import { evaluate } from "../../examples/hebrew-retrieval/evaluation.js";
import type { Hit } from "../../examples/hebrew-retrieval/models.js";
import { image, memory, modal, type RunEvent, sqlite } from "../../src/index.js";
import { built } from "../support/built.js";
import { execute, LOADER } from "../support/execute.js";
import { importFile } from "../support/in-process.js";
import { loopback, onLoopback } from "../support/modal.js";
import { rejection } from "../support/rejection.js";

const HEQ = "../shared/data/heq-val";

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "neural-"));
});
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** Opens an encoder for the time of some work. */
async function withEncoder<T>(settings: EncoderSettings, work: (encoder: SentenceEncoder) => Promise<T>): Promise<T> {
  await using encoder = await openEncoder(await checkModelFiles(settings));
  return await work(encoder);
}

/** The model of the Declaration, made once. */
let made: { readonly settings: EncoderSettings; readonly content: Buffer } | undefined;
function ofDeclaration() {
  if (made === undefined) {
    const content = makeLsaModel(declaration().passages.map(({ text }) => text));
    made = { content, settings: { kind: "ngrams", file: write("declaration.onnx", content) } };
  }
  return made;
}

describe("hebrew-neural: the model that is made", () => {
  const texts = declaration()
    .passages.slice(0, 12)
    .map(({ text }) => text);

  it("is the same to the byte each time, and another one for other passages", () => {
    const [first, again] = [makeLsaModel(texts), makeLsaModel(texts)];
    expect(first.equals(again)).to.equal(true);
    expect(first.equals(makeLsaModel(texts.slice(1)))).to.equal(false);
    expect(first.length).to.be.lessThan(5_000_000);
  });

  it("has at most as many dimensions as its passages allow", async () => {
    for (const [count, dimensions, expected] of [
      [12, 128, 11],
      [12, 4, 4],
      [2, 128, 1],
    ] as const) {
      const content = makeLsaModel(texts.slice(0, count), { dimensions, buckets: 1024 });
      await withEncoder({ kind: "ngrams", content }, async (encoder) => {
        expect(encoder.dimensions).to.equal(expected);
        const [vector] = await encoder.encode([texts[0]!], "passage");
        expect(Math.hypot(...vector!)).to.be.closeTo(1, 1e-5);
      });
    }
    expect(() => makeLsaModel(["one"])).to.throw("at least 2 passages, not from 1");
  });

  it("keeps what truncated singular vectors keep: with all of them, cosines are those of the n-grams", async () => {
    // Of as many dimensions as there are passages, less one, nothing but rounding to int8 and one dimension is lost.
    const content = makeLsaModel(texts, { dimensions: 64 });
    const vectors = await withEncoder({ kind: "ngrams", content }, (encoder) => encoder.encode(texts, "passage"));
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((total, value, i) => total + value * b[i]!, 0);
    for (const [i, vector] of vectors.entries()) {
      const nearest = vectors.map((other, j) => (i === j ? -1 : cosine(vector, other)));
      expect(cosine(vector, vector)).to.be.closeTo(1, 1e-5);
      expect(Math.max(...nearest), String(i)).to.be.lessThan(0.9);
    }
  });

  it("finds on HeQ what the bars ask for, under 5 MB @slow", async function () {
    if (!existsSync(`${HEQ}.passages.jsonl`)) {
      console.log("      skipped: the HeQ data set is not beside the project");
      this.skip();
    }
    this.timeout(300_000);
    const corpus = corpusFrom(`${HEQ}.passages.jsonl`, `${HEQ}.queries.jsonl`);
    const content = makeLsaModel(corpus.passages.map(({ text }) => text));
    expect(content.length).to.be.lessThan(5_000_000);
    const inputs = { ...corpus, model: { kind: "ngrams", content } as EncoderSettings };
    const { byMeaning } = await new NeuralHebrewRetrieval().run(inputs, { outputs: ["byMeaning"] });
    const ids = byMeaning.map((hits) => hits.map(({ passage }) => corpus.passages[passage]!.id));
    const dense = evaluate(corpus.queries, ids);
    const { metrics: fused } = await new NeuralHebrewRetrieval().run(inputs);
    const { metrics: byRank } = await new NeuralHebrewRetrieval().run({ ...inputs, rerank: false });
    expect(dense["recall@10"]).to.be.at.least(0.97);
    expect(dense["mrr@10"]).to.be.at.least(0.91);
    expect(fused["recall@10"]).to.be.at.least(0.98);
    expect(fused["mrr@10"]).to.be.at.least(0.935);
    expect(byRank["recall@10"]).to.be.at.least(0.98);
    expect(byRank["mrr@10"]).to.be.at.least(0.925);
  });
});

describe("hebrew-neural: batches", () => {
  it("have every text once, little padding, and no more ids than may be (property)", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(600), { maxLength: 200 }), fc.integer({ min: 1, max: 4_000 }), (lengths, maxIds) => {
        const batches = padBatches(lengths, maxIds);
        const positions = batches.flatMap((batch) => batch.positions);
        expect([...positions].sort((a, b) => a - b)).to.deep.equal([...lengths.keys()]);
        for (const { positions, length } of batches) {
          const ids = positions.reduce((total, position) => total + lengths[position]!, 0);
          const padded = positions.length * length;
          expect(length).to.equal(Math.max(1, ...positions.map((position) => lengths[position]!)));
          if (positions.length > 1) {
            expect(padded).to.be.at.most(maxIds);
            expect(ids).to.be.at.least(0.75 * padded);
          }
        }
      }),
    );
  });

  it("change no vector: alone, together, in any order, with texts of all lengths", async () => {
    const texts = ["", "שלום", ...declaration().passages.map(({ text }) => text), "...", "🙂", "\ud800 שלום \udc00"];
    await withEncoder(ofDeclaration().settings, async (encoder) => {
      const together = await encoder.encode(texts, "passage");
      const reversed = (await encoder.encode([...texts].reverse(), "passage")).reverse();
      for (const [i, text] of texts.entries()) {
        const [alone] = await encoder.encode([text], "passage");
        expectNear(together[i]!, alone!, text);
        expectNear(reversed[i]!, alone!, text);
      }
      // A text without a word has nothing in common with any other.
      for (const at of [0, texts.length - 3, texts.length - 2])
        expect(together[at]!.every((value) => value === 0)).to.equal(true);
      expect(await encoder.encode([], "query")).to.deep.equal([]);
    });
  });

  it("take a text of a megabyte", async () => {
    const text = declaration()
      .passages.map(({ text }) => text)
      .join(" ");
    const long = text.repeat(Math.ceil(1_000_000 / text.length));
    await withEncoder(ofDeclaration().settings, async (encoder) => {
      const [vector] = await encoder.encode([long], "passage");
      expect(Math.hypot(...vector!)).to.be.closeTo(1, 1e-5);
    });
  });
});

function expectNear(actual: Float32Array, expected: Float32Array, about: string): void {
  expect(actual.length, about).to.equal(expected.length);
  const far = actual.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= 1e-5));
  expect(far, `${about}: ${actual[far]} and ${expected[far]}`).to.equal(-1);
}

describe("hebrew-neural: the index", () => {
  it("finds what a search through all finds, for any number of questions (property)", () => {
    const element = fc.integer({ min: -3, max: 3 });
    const cases = fc.integer({ min: 1, max: 9 }).chain((dimensions) => {
      const vectors = fc.array(fc.array(element, { minLength: dimensions, maxLength: dimensions }), { maxLength: 60 });
      return fc.record({ passages: vectors, queries: vectors, limit: fc.nat(70) });
    });
    fc.assert(
      fc.property(cases, ({ passages, queries, limit }) => {
        const index = new DenseIndex(passages.map((each) => Float32Array.from(each)));
        const product = (a: readonly number[], b: readonly number[]) => a.reduce((total, x, i) => total + x * b[i]!, 0);
        const expected = queries.map((query) =>
          passages
            .map((each, passage) => ({ passage, score: product(each, query) }))
            .filter(({ score }) => score > 0)
            .sort((a, b) => b.score - a.score || a.passage - b.passage)
            .slice(0, limit),
        );
        const found: Hit[][] = index.search(
          queries.map((each) => Float32Array.from(each)),
          limit,
        );
        expect(found).to.deep.equal(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("reads its matrix in several blocks", () => {
    // 400 rows of 384 are more than one block has.
    const vectors = Array.from({ length: 400 }, (_, row) =>
      Float32Array.from({ length: 384 }, (_, i) => ((row * 7 + i * 13) % 31) - 15),
    );
    const [hits] = new DenseIndex(vectors).search([vectors[399]!], 400);
    const scores = vectors.map((vector) => vector.reduce((total, value, i) => total + value * vectors[399]![i]!, 0));
    expect(hits!.map(({ score }) => score)).to.deep.equal(scores.filter((score) => score > 0).sort((a, b) => b - a));
  });

  it("refuses vectors of other lengths", () => {
    const index = new DenseIndex([new Float32Array(3)]);
    expect(() => index.search([new Float32Array(2)], 1)).to.throw("a question has 2 elements, and the passages 3");
    expect(() => new DenseIndex([new Float32Array(3), new Float32Array(4)])).to.throw(
      "vector 1 has 4 elements, and the first one 3",
    );
  });
});

/** Random numbers that are the same each time. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x40000000 - 1;
  });
}

const DIMENSIONS = 16;
const POSITIONS = 512;

/**
 * A small random model with the inputs and outputs of multilingual-e5-small. A token's state depends on its id, its type and its
 * position, of which there are 512; that of a padded token is as large as any.
 */
function smallE5(
  vocabulary: number,
  types = true,
): { readonly model: OnnxModel; stateOf(id: number, position: number): number[] } {
  const words = numbers(vocabulary * DIMENSIONS, 1);
  const positions = numbers((POSITIONS + 1) * DIMENSIONS, 2);
  const typed = numbers(2 * DIMENSIONS, 3);
  const ids = { type: "int64", dims: ["batch", "sequence"] } as const;
  const stateOf = (id: number, position: number) =>
    Array.from(
      { length: DIMENSIONS },
      (_, i) => words[id * DIMENSIONS + i]! + positions[position * DIMENSIONS + i]! + (types ? typed[i]! : 0),
    );
  const model: OnnxModel = {
    name: "small e5",
    inputs: ["input_ids", "attention_mask", ...(types ? ["token_type_ids"] : [])].map((name) => ({ name, ...ids })),
    outputs: [{ name: "last_hidden_state", type: "float32", dims: ["batch", "sequence", DIMENSIONS] }],
    initializers: [
      { name: "words", dims: [vocabulary, DIMENSIONS], data: words },
      { name: "positions", dims: [POSITIONS + 1, DIMENSIONS], data: positions },
      ...(types ? [{ name: "types", dims: [2, DIMENSIONS], data: typed }] : []),
      { name: "axis", dims: [1], data: BigInt64Array.of(1n) },
    ],
    nodes: [
      { op: "CumSum", inputs: ["attention_mask", "axis"], outputs: ["at"] },
      { op: "Gather", inputs: ["words", "input_ids"], outputs: ["word"] },
      { op: "Gather", inputs: ["positions", "at"], outputs: ["position"] },
      { op: "Add", inputs: ["word", "position"], outputs: [types ? "placed" : "last_hidden_state"] },
      ...(types
        ? [
            { op: "Gather", inputs: ["types", "token_type_ids"], outputs: ["type"] },
            { op: "Add", inputs: ["placed", "type"], outputs: ["last_hidden_state"] },
          ]
        : []),
    ],
  };
  return { model, stateOf };
}

/** A tokenizer of the layout of XLM-R: pieces with their scores, blanks as marks, a mark at each end. */
function smallTokenizer(): { readonly definition: object; readonly config: object; readonly size: number } {
  const letters = [..."אבגדהוזחטיכלמנסעפצקרשתםןץףךabcdefghijklmnopqrstuvwxyz:?.,"];
  const pieces = ["▁", "▁של", "ום", "▁query", "▁passage", ...letters, ...letters.map((letter) => `▁${letter}`)];
  const special = ["<s>", "<pad>", "</s>", "<unk>"];
  const vocab = [
    ...special.map((piece) => [piece, 0]),
    ...pieces.map((piece, i) => [piece, -2 - i / 100 + piece.length]),
  ];
  const added = special.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const end = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const metaspace = { type: "Metaspace", replacement: "▁", add_prefix_space: true, prepend_scheme: "always" };
  return {
    size: vocab.length,
    config: {
      tokenizer_class: "XLMRobertaTokenizer",
      bos_token: "<s>",
      eos_token: "</s>",
      unk_token: "<unk>",
      pad_token: "<pad>",
    },
    definition: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: { type: "Precompiled", precompiled_charsmap: "" },
      pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] },
      post_processor: {
        type: "TemplateProcessing",
        single: [end("<s>"), sequence("A"), end("</s>")],
        pair: [end("<s>"), sequence("A"), end("</s>"), end("</s>"), sequence("B"), end("</s>")],
        special_tokens: {
          "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] },
          "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
        },
      },
      decoder: metaspace,
      model: { type: "Unigram", unk_id: 3, vocab },
    },
  };
}

/** The settings of a small model of this kind, with its files. */
function e5Files(vocabulary = smallTokenizer().size, types = true): EncoderSettings {
  const { definition, config } = smallTokenizer();
  write("tokenizer_config.json", JSON.stringify(config));
  return {
    kind: "e5",
    file: write(`e5-${vocabulary}-${types}.onnx`, encodeOnnx(smallE5(vocabulary, types).model)),
    tokenizer: write("tokenizer.json", JSON.stringify(definition)),
  };
}

describe("hebrew-neural: multilingual-e5-small", () => {
  const { definition, config, size } = smallTokenizer();

  /** What the encoder has to give, computed by hand. */
  const expected = (text: string, role: TextRole, types: boolean) => {
    const ids: number[] = new Tokenizer(definition, config).encode(`${role}: ${text}`).ids;
    const kept = ids.length <= POSITIONS ? ids : [...ids.slice(0, POSITIONS - 1), ids.at(-1)!];
    const { stateOf } = smallE5(size, types);
    const states = kept.map((id, i) => stateOf(id, i + 1));
    const mean = states[0]!.map((_, i) => states.reduce((total, state) => total + state[i]!, 0) / states.length);
    const norm = Math.hypot(...mean);
    return Float32Array.from(mean, (value) => value / norm);
  };

  for (const types of [true, false]) {
    it(`averages the states of the text's tokens alone, with its prefix${types ? "" : ", for a model without token_type_ids"}`, async () => {
      const texts = ["שלום", "", "שלום עולם, מה שלומך?", "abc ".repeat(60), "דג", "א".repeat(40), "\ud800שלום"];
      await withEncoder(e5Files(size, types), async (encoder) => {
        expect(encoder.dimensions).to.equal(DIMENSIONS);
        for (const role of ["query", "passage"] as const) {
          const vectors = await encoder.encode(texts, role);
          for (const [i, text] of texts.entries()) {
            expectNear(vectors[i]!, expected(Buffer.from(text).toString(), role, types), `${role}: ${text}`);
          }
        }
        const [[query], [passage]] = [
          await encoder.encode(["שלום"], "query"),
          await encoder.encode(["שלום"], "passage"),
        ];
        expect(query).not.to.deep.equal(passage);
      });
    });
  }

  it("cuts a text to 512 tokens, the mark at its end among them", async () => {
    await withEncoder(e5Files(), async (encoder) => {
      for (const count of [500, 508, 509, 510, 511, 600, 2_000]) {
        const text = "א ב ".repeat(count / 2);
        expectNear((await encoder.encode([text], "passage"))[0]!, expected(text, "passage", true), String(count));
      }
    });
  });

  it("reads of a text of a megabyte the beginning alone, and cuts no character in two", async () => {
    await withEncoder(e5Files(), async (encoder) => {
      const beginning = "א ב ".repeat(500);
      const [long] = await encoder.encode([beginning + "ג ".repeat(500_000)], "query");
      expectNear(long!, expected(beginning, "query", true), "a megabyte");
      const [whole, cut] = await encoder.encode([`א${"🙂".repeat(8_191)}`, `א${"🙂".repeat(8_192)}`], "query");
      expect(cut!.every(Number.isFinite) && whole!.every(Number.isFinite)).to.equal(true);
    });
  });
});

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
    const file = write("damaged.onnx", ofDeclaration().content);
    truncateSync(file, 100_000);
    return file;
  };
  const e5 = (changes: Partial<EncoderSettings> | (() => Partial<EncoderSettings>)) => () => ({
    ...e5Files(),
    ...(typeof changes === "function" ? changes() : changes),
  });
  const tokenizerOf = (text: string) => () => ({ tokenizer: write("other-tokenizer.json", text) });

  const cases: [string, () => EncoderSettings, RegExp][] = [
    [
      "a model that is not there",
      () => ({ kind: "ngrams", file: "/none.onnx" }),
      /^the model \/none\.onnx can't be read: ENOENT/,
    ],
    ["a folder", () => ({ kind: "ngrams", file: folder }), /^the model .* can't be read: EISDIR/],
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
      () => ({ kind: "ngrams", file: e5Files().file! }),
      /it takes input_ids, attention_mask, token_type_ids and gives last_hidden_state/,
    ],
    [
      "a model of n-grams for e5",
      e5(() => ({ file: ofDeclaration().settings.file! })),
      /not one for the encoder "e5": it takes ids, weights/,
    ],
    [
      "a file and a content",
      () => ({ ...ofDeclaration().settings, content: new Uint8Array(1) }),
      /one of them, and not both/,
    ],
    ["neither", () => ({ kind: "ngrams" }), /have to name a file, or give its content/],
    ["a content that is no bytes", () => ({ kind: "ngrams", content: [1, 2] as never }), /has to be a Uint8Array/],
    [
      "another sum",
      () => ({ ...ofDeclaration().settings, sha256: "0".repeat(64) }),
      /has the SHA-256 sum [0-9a-f]{64}, and 0{64} is expected/,
    ],
    ["a tokenizer of another sum", e5({ tokenizerSha256: "0".repeat(64) }), /tokenizer\.json has the SHA-256 sum/],
    ["e5 without a tokenizer", () => ({ kind: "e5", file: e5Files().file! }), /needs a tokenizer/],
    ["n-grams with one", () => ({ ...ofDeclaration().settings, tokenizer: "x" }), /has no tokenizer/],
    [
      "a tokenizer that is not there",
      e5({ tokenizer: "/none.json" }),
      /^the tokenizer \/none\.json can't be read: ENOENT/,
    ],
    ["a tokenizer that is no JSON", e5(tokenizerOf("{")), /other-tokenizer\.json is not JSON/],
    ["a tokenizer that is none", e5(tokenizerOf("{}")), /^the tokenizer .* can't be used: /],
    [
      "a tokenizer of a larger vocabulary",
      () => e5Files(size - 10),
      new RegExp(`the model refuses its inputs: .*Its tokenizer has ids up to ${size - 1}`),
    ],
    ["no executor", () => ({ ...ofDeclaration().settings, executors: [] }), /the list of executors is empty/],
    [
      "an executor that is not there",
      () => ({ ...ofDeclaration().settings, executors: ["cuda"] }),
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
    const { content, settings } = ofDeclaration();
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

/** What a run has done, by its events. */
function watch() {
  const events: RunEvent[] = [];
  return {
    onEvent: (event: RunEvent) => void events.push(event),
    /** How many calls of nodes there were that encode texts. */
    get encodings() {
      return events.filter(({ type, phase, name }) => type === "element" && phase === "end" && /^embedded/.test(name))
        .length;
    },
    /** The labels of the sessions that were opened. */
    get sessions() {
      return events.flatMap((event) => (event.type === "resource" && event.phase === "end" ? [event.label] : []));
    },
  };
}

describe("hebrew-neural: a run", () => {
  const inputs = () => ({ ...declaration(), model: { ...ofDeclaration().settings, executors: ["cpu" as const] } });

  it("says which executor its session got, and opens one", async () => {
    const seen = watch();
    await new NeuralHebrewRetrieval().run(inputs(), { onEvent: seen.onEvent });
    expect(seen.sessions).to.deep.equal(["NgramSentenceEncoder on cpu"]);
    expect(seen.encodings).to.be.greaterThan(0);
  });

  it("falls back to the next executor, and says so", async function () {
    const seen = watch();
    const model = { ...ofDeclaration().settings, executors: ["cuda" as const, "cpu" as const] };
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
    const file = write("replaced.onnx", ofDeclaration().content);
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
      file: write("moved.onnx", ofDeclaration().content),
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

describe("hebrew-neural: the commands", () => {
  const [MAIN, MAKE] = ["main.ts", "make-model.ts"].map((name) => `examples/hebrew-neural/${name}`) as [string, string];

  it("make a model, the same each time, and run with it @slow", async () => {
    const file = path.join(folder, "made", "model.onnx");
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

  it("say what is wrong with their options", async () => {
    for (const [args, text] of [
      [["--passages", "x"], "--passages and --queries go together"],
      [["--model", "a", "--e5", "b"], "--model and --e5 are two encoders"],
      [["--nope"], "Unknown option '--nope'"],
      [["--model", "/none.onnx"], "the model /none.onnx can't be read: ENOENT"],
    ] as const) {
      const { stderr, code } = await importFile(MAIN, ...args);
      expect(stderr).to.contain(text).and.not.contain("    at ");
      expect(code).to.equal(1);
    }
  });
});

describe("hebrew-neural: a run in a container @slow", () => {
  const held = loopback();

  onLoopback("gives the same hits, opens one session, and encodes nothing the second time", async () => {
    const content = ofDeclaration().content;
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
      model: { ...ofDeclaration().settings, executors: ["cuda", "cpu"] } as EncoderSettings,
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
    const file = write("inputs.json", JSON.stringify({ passages, queries, model: { ...ofDeclaration().settings } }));
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
});

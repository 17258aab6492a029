import { existsSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect } from "chai";
import fc from "fast-check";
import { padBatches } from "../../examples/hebrew-neural/batches.js";
import { DenseIndex } from "../../examples/hebrew-neural/dense-index.js";
import { makeLsaModel } from "../../examples/hebrew-neural/lsa-model.js";
import type { EncoderSettings } from "../../examples/hebrew-neural/model-files.js";
import { NeuralHebrewRetrieval } from "../../examples/hebrew-neural/retrieval.js";
import type { TextRole } from "../../examples/hebrew-neural/sentence-encoder.js";
import { corpusFrom, declaration } from "../../examples/hebrew-retrieval/corpus.js";
import { evaluate } from "../../examples/hebrew-retrieval/evaluation.js";
import type { Hit } from "../../examples/hebrew-retrieval/models.js";
import { DIMENSIONS, modelFolder, POSITIONS, smallE5, smallTokenizer, withEncoder } from "../support/neural-models.js";

const files = modelFolder();

const HEQ = "../shared/data/heq-val";

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
    await withEncoder(files.ofDeclaration().settings, async (encoder) => {
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
    await withEncoder(files.ofDeclaration().settings, async (encoder) => {
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
    const cases = fc.integer({ min: 1, max: 9 }).chain((dimensions) => {
      // Of length 1 with one element or four, or all zeros: all products are exact, and many are equal.
      const vector = fc
        .tuple(fc.constantFrom(0, 1, 4), fc.shuffledSubarray([...Array(dimensions).keys()]), fc.array(fc.boolean()))
        .map(([count, places, signs]) => {
          const taken = places.slice(0, places.length >= count ? count : Math.min(1, places.length));
          const elements = new Array<number>(dimensions).fill(0);
          for (const [i, place] of taken.entries()) elements[place] = (signs[i] ? -1 : 1) / Math.sqrt(taken.length);
          return elements;
        });
      const vectors = fc.array(vector, { maxLength: 60 });
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
      Float32Array.from({ length: 384 }, (_, i) => (i < 256 ? ((row * 7 + i * 13) % 31 < 15 ? -1 : 1) / 16 : 0)),
    );
    const [hits] = new DenseIndex(vectors).search([vectors[399]!], 400);
    const scores = vectors.map((vector) => vector.reduce((total, value, i) => total + value * vectors[399]![i]!, 0));
    expect(hits!.map(({ score }) => score)).to.deep.equal(scores.filter((score) => score > 0).sort((a, b) => b - a));
  });

  it("refuses vectors of another size, and those that are not of length 1: products are no cosines, and NaN is no score", () => {
    const unit = Float32Array.of(0, 1, 0);
    const index = new DenseIndex([unit, new Float32Array(3)]);
    for (const [vector, problem] of [
      [new Float32Array(2), "has 2 elements, and the "],
      [Float32Array.of(0, 2, 0), "has the length 2, and 1 is expected, or 0"],
      [Float32Array.of(0, 0.5, 0), "has the length 0.5, and 1 is expected"],
      [Float32Array.of(0, Number.NaN, 1), "has the length NaN"],
      [Float32Array.of(Number.POSITIVE_INFINITY, 0, 0), "has the length Infinity"],
    ] as const) {
      expect(() => index.search([unit, vector], 1)).to.throw(RangeError, `question 1 ${problem}`);
      expect(() => new DenseIndex([unit, vector])).to.throw(RangeError, `vector 1 ${problem}`);
    }
  });
});

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
      await withEncoder(files.e5Files(size, types), async (encoder) => {
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
    await withEncoder(files.e5Files(), async (encoder) => {
      for (const count of [500, 508, 509, 510, 511, 600, 2_000]) {
        const text = "א ב ".repeat(count / 2);
        expectNear((await encoder.encode([text], "passage"))[0]!, expected(text, "passage", true), String(count));
      }
    });
  });

  it("reads of a text of a megabyte the beginning alone, and cuts no character in two", async () => {
    await withEncoder(files.e5Files(), async (encoder) => {
      const beginning = "א ב ".repeat(500);
      const [long] = await encoder.encode([beginning + "ג ".repeat(500_000)], "query");
      expectNear(long!, expected(beginning, "query", true), "a megabyte");
      const [whole, cut] = await encoder.encode([`א${"🙂".repeat(8_191)}`, `א${"🙂".repeat(8_192)}`], "query");
      expect(cut!.every(Number.isFinite) && whole!.every(Number.isFinite)).to.equal(true);
    });
  });
});

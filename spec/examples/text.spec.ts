import { expect } from "chai";
import { evaluate } from "../../examples/hebrew-retrieval/evaluation.js";
import type { Passage, Query } from "../../examples/hebrew-retrieval/models.js";
import { HebrewRetrieval } from "../../examples/hebrew-retrieval/retrieval.js";
import { normalise, withoutPrefixes, words } from "../../examples/hebrew-retrieval/text.js";
import type { Encoder, Vector } from "../../examples/hebrew-retrieval/vectors.js";

describe("Hebrew text", () => {
  it("loses niqqud and cantillation, and keeps its letters", () => {
    expect(normalise("בְּרֵאשִׁ֖ית בָּרָ֣א")).to.equal("בראשית ברא");
    expect(normalise("\uFB2Aלום")).to.equal("שלום"); // a presentation form
  });
  it("becomes words: abbreviations in one piece, maqaf between two, final letters as others", () => {
    expect(words('רשב"י ורשב״י בית־דין שלום')).to.deep.equal(["רשבי", "ורשבי", "בית", "דינ", "שלומ"]);
  });
  it("gives a word without one and two prefix letters, if enough is left", () => {
    expect(withoutPrefixes("ושהבית")).to.deep.equal(["ושהבית", "שהבית", "הבית"]);
    expect(withoutPrefixes("הר")).to.deep.equal(["הר"]);
  });
});

describe("the metrics", () => {
  const query = (relevant: string[]) => ({ id: "q", text: "q", relevant }) as Query;
  it("are those of the textbooks", () => {
    const metrics = evaluate([query(["a", "b"]), query(["c"])], [["x", "a", "y", "b"], ["c"]]);
    expect(metrics["recall@1"]).to.equal(0.5);
    expect(metrics["recall@5"]).to.equal(1);
    expect(metrics["mrr@10"]).to.equal(0.75);
    const dcg = 1 / Math.log2(3) + 1 / Math.log2(5);
    expect(metrics["ndcg@10"]).to.be.closeTo((dcg / (1 + 1 / Math.log2(3)) + 1) / 2, 1e-12);
  });
});

describe("a subclass of the retrieval", () => {
  it("replaces the encoder", async () => {
    let encoded = 0;
    /** One dimension, which every text has. */
    class OneDimension implements Encoder {
      encode(): Vector {
        encoded++;
        return { dimensions: Uint32Array.of(0), values: Float32Array.of(1) };
      }
    }
    class Other extends HebrewRetrieval {
      override encoder(): Encoder {
        return new OneDimension();
      }
    }
    const passages = [
      { id: "a", text: "שלום" },
      { id: "b", text: "עולם" },
    ] as Passage[];
    const queries = [{ id: "q", text: "עולם", relevant: ["b"] }] as Query[];
    const { predictions } = await new Other().run({ passages, queries });
    expect(encoded).to.equal(3);
    expect(predictions[0]!.hits[0]!.id).to.equal("b");
  });

  it("leaves the order to rank fusion when it does not rerank", async () => {
    const passages = [{ id: "a", text: "שלום" }] as Passage[];
    const queries = [{ id: "q", text: "שלום", relevant: ["a"] }] as Query[];
    const { predictions } = await new HebrewRetrieval().run({ passages, queries, rerank: false });
    expect(predictions[0]!.hits[0]!.score).to.be.closeTo(2 / 61, 1e-12);
  });
});

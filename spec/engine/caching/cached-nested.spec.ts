import { expect } from "chai";
import {
  cached,
  input,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  Pipeline,
  type RunEvent,
} from "../../../src/index.js";
import { called, calls, forgetCalls, Lines } from "../../support/cached.js";
import { newSqlite } from "../../support/caches.js";
import { checkPurity } from "../../support/check-purity.js";

beforeEach(forgetCalls);

describe("a nested pipeline", () => {
  checkPurity();
  class Halves extends Pipeline {
    @input() xs!: number[];
    @node("xs") halves(xs: number[]): number[] {
      return xs.map((x) => x / 2);
    }
  }
  class Word extends Pipeline {
    @input() text!: string;
    @input() mark?: string = "!";
    @node("text") trimmed(text: string): string {
      calls.push(`trimmed(${text})`);
      return text.trim();
    }
    @node("trimmed", "mark") shouted(trimmed: string, mark: string): string {
      calls.push(`shouted(${trimmed})`);
      return trimmed.toUpperCase() + mark;
    }
  }
  class Words extends Pipeline {
    @input() texts!: string[];
    @input() mark!: string;
    @mapOver("texts", Word, { text: "texts", mark: "mark" }, "shouted") shouted!: Nested<string[]>;
  }

  for (const maps of ["async", "parallel"] as const) {
    it(`remembers inside of a map, ${maps}`, async () => {
      const lines = new Lines().with({ cache: newSqlite(), execution: { maps } });
      const computed = async (texts: string[], mark: string): Promise<string> => {
        const events: RunEvent[] = [];
        const { shouted } = await lines.run({ lines: texts, mark }, { onEvent: (event) => events.push(event) });
        expect(shouted).to.deep.equal(texts.map((text) => text.trim().toUpperCase() + mark));
        const ends = events.filter(({ type, phase }) => type === "node" && phase === "end");
        return ends
          .map(({ name }) => name)
          .sort()
          .join(" ");
      };
      expect(await computed(["a ", "b "], "!")).to.equal("shouted shouted trimmed trimmed");
      expect(await computed(["b ", "a ", "c "], "!")).to.equal("shouted trimmed");
      // Another mark: what is inside and does not depend on it is known.
      expect(await computed(["a ", "b ", "c "], "?")).to.equal("shouted shouted shouted");
      expect(await computed(["c ", "a ", "b "], "?")).to.equal("");
    });
  }

  it("remembers in its parent's store, unless it has its own", async () => {
    const [inner, outer] = [memory(), memory()];
    @cached(inner)
    class Own extends Word {}
    @cached(outer)
    class Both extends Pipeline {
      @input() text!: string;
      @nested(Word, { text: "text" }, "shouted") a!: Nested<string>;
      @nested(Own, { text: "text" }, "shouted") b!: Nested<string>;
    }
    await new Both().run({ text: " x " });
    const of = async (store: typeof inner) =>
      (await store.stats()).nodes.filter(({ entries }) => entries > 0).map(({ pipeline }) => pipeline);
    expect(new Set(await of(inner))).to.deep.equal(new Set(["Own"]));
    expect(new Set(await of(outer))).to.deep.equal(new Set(["Word", "Both"]));
    called();
    await new Both().run({ text: " x " });
    expect(called()).to.equal("");
  });

  it("that says it is not cached is computed each time, and so is what is around it", async () => {
    @cached(memory())
    class Around extends Pipeline {
      @input() text!: string;
      @nested(new Word().with({ cache: false }), { text: "text" }, "shouted") a!: Nested<string>;
      @node("a") length(a: string): number {
        calls.push("length");
        return a.length;
      }
    }
    await new Around().run({ text: "x" });
    called();
    await new Around().run({ text: "x" });
    expect(called()).to.equal("trimmed(x) shouted(x)");
  });

  it("whose step says cache: false is computed each time, with all that is in it", async () => {
    @cached(memory())
    class Around extends Pipeline {
      @input() text!: string;
      @nested(Word, { text: "text" }, "shouted", { cache: false }) a!: Nested<string>;
      @nested(Word, { text: "text" }, "shouted") b!: Nested<string>;
    }
    await new Around().run({ text: "x" });
    called();
    await new Around().run({ text: "x" });
    expect(called()).to.equal("trimmed(x) shouted(x)");
  });

  it("whose value is changed by who takes it does not change what is cached", async () => {
    @cached(newSqlite())
    class Sorts extends Pipeline {
      @input() xs!: number[];
      @nested(Halves, { xs: "xs" }, "halves") halves!: Nested<number[]>;
      @node("halves", { cache: false }) sorted(halves: number[]): number[] {
        return halves.sort((a, b) => a - b);
      }
      @node("halves") same(halves: number[]): number[] {
        return halves;
      }
    }
    const execution = { check: false };
    for (let i = 0; i < 3; i++) {
      expect((await new Sorts().run({ xs: [6, 4, 2] }, { outputs: ["same"] })).same).to.deep.equal([3, 2, 1]);
      expect((await new Sorts().run({ xs: [6, 4, 2] }, { outputs: ["sorted"], execution })).sorted).to.deep.equal([
        1, 2, 3,
      ]);
    }
  });

  it("stores each value once: around it there are only the keys of what is inside", async () => {
    const store = newSqlite();
    const large = "x".repeat(100_000);
    await new Words().with({ cache: store }).run({ texts: [large], mark: "!" });
    const { nodes } = await store.stats();
    // Trimmed and shouted, and no more. What is known of the program's code is in the store, too.
    const values = nodes.filter(({ entries }) => entries > 0);
    expect(values.reduce((sum, { bytes }) => sum + bytes, 0)).to.be.within(200_000, 202_000);
  });
});

import { expect } from "chai";
import {
  type Cache,
  cached,
  input,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  Pipeline,
  type RunEvent,
  resource,
} from "../../../src/index.js";
import { called, calls, forgetCalls, Lines } from "../../support/cached.js";
import { newSqlite } from "../../support/caches.js";
import { checkPurity } from "../../support/check-purity.js";
import { warningsOf } from "../../support/warnings.js";

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
    it(`caches inside of a map, ${maps}`, async () => {
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

  it("caches in its parent's store, unless it has its own", async () => {
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

describe("a nested pipeline with a version", () => {
  checkPurity();
  interface Variant {
    readonly version?: number;
    readonly innerVersion?: number;
    readonly factor?: number;
    readonly inResource?: number;
    readonly deep?: number;
    readonly bound?: number;
    readonly pick?: "y" | "z";
    readonly wire?: "x" | "w";
  }
  function classesOf(variant: Variant) {
    const { version = 1, innerVersion = 1, factor = 1, inResource = 1, deep = 1, bound = 1 } = variant;
    const { pick = "y", wire = "x" } = variant;
    class DeepIn extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x + deep * 1000;
      }
    }
    class VersionedIn extends Pipeline {
      @input() x!: number;
      @input() b!: number;
      @resource() offset(): { readonly by: number } {
        return { by: inResource * 100 };
      }
      @nested(DeepIn, { x: "x" }, "y", { version: 1 }) deep!: Nested<number>;
      @node("deep", "b", "offset", { version: innerVersion }) y(
        deep: number,
        b: number,
        offset: { by: number },
      ): number {
        return deep * factor + b * 10 + offset.by;
      }
      @node("y") z(y: number): number {
        return -y;
      }
    }
    class VersionedOut extends Pipeline {
      @input() x!: number;
      @input() w!: number;
      @input() xs!: number[];
      @nested(new VersionedIn().bind({ b: bound }), { x: wire }, pick, { version }) one!: Nested<number>;
      @mapOver("xs", new VersionedIn().bind({ b: bound }), { x: "xs" }, pick, { version }) each!: Nested<number[]>;
    }
    return VersionedOut;
  }
  const variants: Record<string, Variant> = {
    "another version": { version: 2 },
    "another version inside": { innerVersion: 2 },
    "another value from its factory": { factor: 3 },
    "another value in a resource from its factory": { inResource: 3 },
    "another value further inside": { deep: 3 },
    "another bound value": { bound: 3 },
    "another pick": { pick: "z" },
    "another wiring": { wire: "w" },
  };
  const inputs = { x: 5, w: 6, xs: [7, 8] };
  async function runWith(variant: Variant, cache: Cache) {
    const cachedPaths: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.phase === "cached" && /\.(?:one|each(?:\[\d\])?)$/.test(event.path)) cachedPaths.push(event.path);
    };
    let value: unknown;
    const warnings = await warningsOf(async () => {
      value = await new (classesOf(variant))().run(inputs, { cache, onEvent });
    });
    expect(warnings).to.deep.equal([]);
    return { value, cachedPaths };
  }
  for (const [what, variant] of Object.entries(variants)) {
    it(`is cached as one, and not under ${what}`, async () => {
      const store = memory();
      const first = await runWith({}, store);
      expect(first.cachedPaths).to.deep.equal([]);
      const again = await runWith({}, store);
      expect(again.value).to.deep.equal(first.value);
      expect(again.cachedPaths.length).to.be.at.least(2);
      const other = await runWith(variant, store);
      expect(other.value).to.deep.equal(await new (classesOf(variant))().run(inputs));
      expect(other.cachedPaths.filter((path) => path.endsWith("one"))).to.deep.equal([]);
    });
  }
});

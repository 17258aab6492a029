import { expect } from "chai";
import { cached, type Each, input, mapOver, memory, model, node, Pipeline, resource } from "../../../src/index.js";
import { calls, forgetCalls } from "../../support/cached.js";
import { countingKeyv } from "../../support/caches.js";
import { warningsOf } from "../../support/warnings.js";

beforeEach(forgetCalls);

describe("a node that can't be cached", () => {
  it("uses a resource that has no key of its own: it is computed", async () => {
    class Scorer {
      constructor(readonly by: number) {}
    }
    @cached(memory())
    class Scored extends Pipeline {
      @input() x!: number;
      constructor(private readonly scorer = new Scorer(1)) {
        super();
      }
      @resource() score(): (x: number) => number {
        return (x) => x * this.scorer.by;
      }
      @node("x", "score") y(x: number, score: (x: number) => number): number {
        return score(x);
      }
    }
    expect((await new Scored(new Scorer(2)).run({ x: 1 })).y).to.equal(2);
    expect((await new Scored(new Scorer(3)).run({ x: 1 })).y).to.equal(3);
  });

  it("is computed, with a warning that says what and why", async () => {
    @cached(memory())
    class Foreign extends Pipeline {
      @input() score!: unknown;
      @input() xs!: number[];
      @mapOver("xs", "score") y(x: number, score: unknown): Each<number> {
        return (score as (x: number) => number)(x);
      }
      @node("xs") made(xs: number[]): { readonly f: () => number } {
        return { f: () => xs.length };
      }
    }
    const warnings = await warningsOf(async () => {
      const { y, made } = await new Foreign().run({ score: (x: number) => -x, xs: [1, 2] });
      expect(y).to.deep.equal([-1, -2]);
      expect(made.f()).to.equal(2);
    });
    expect(warnings).to.have.length(2);
    expect(warnings.join()).to.contain("Foreign.y is not cached").and.to.contain("Foreign.made is not cached");
  });

  it("takes a value without a content: the warning has the name of that, and what is not there", async () => {
    class Taking extends Pipeline {
      @input() options!: { inner: object };
      @node("options") y(_options: unknown): number {
        return 1;
      }
      @node("options.inner") ofPart(_inner: unknown): number {
        return 2;
      }
    }
    const options = { inner: { log: () => 1 } };
    for (const name of ["y", "ofPart"] as const) {
      const warnings = await warningsOf(async () => {
        await new Taking().run({ options }, { cache: memory(), outputs: [name] });
      });
      expect(warnings.join()).to.contain(`Taking.${name} is not cached: options.inner.log: it is a function`);
    }
  });

  it("is an error of a class that would not come back: a model does, and so do the language's own", async () => {
    class Lost extends Error {}
    @model({ name: "cached.spec/Kept" })
    class Kept extends Error {}
    @cached(memory())
    class Errors extends Pipeline {
      @input() xs!: number[];
      @node("xs") lost(xs: number[]): unknown {
        return { of: [new Lost(`${xs.length}`)] };
      }
      @node("lost") isLost(lost: unknown): boolean {
        return (lost as { of: unknown[] }).of[0] instanceof Lost;
      }
      @mapOver("xs") lostElements(x: number): Each<unknown> {
        return new Lost(`${x}`);
      }
      @node("xs") others(xs: number[]): unknown[] {
        return [new Kept(`${xs.length}`), new TypeError("a", { cause: new Kept("b") }), new DOMException("c", "d")];
      }
    }
    for (let i = 0; i < 2; i++) {
      const warnings = await warningsOf(async () => {
        const seen = await new Errors().run({ xs: [1] });
        expect(seen.isLost).to.equal(true);
        expect(seen.lostElements[0]).to.be.instanceOf(Lost);
        expect((seen.others as [Error, Error])[0]).to.be.instanceOf(Kept);
        expect((seen.others as [Error, Error])[1].cause).to.be.instanceOf(Kept);
      });
      expect(
        warnings
          .join("\n")
          .match(/Errors\.(lost|lostElements) is not cached: value: it contains an error of class Lost/g),
      ).to.have.length(2);
      expect(warnings.join("\n")).to.not.contain("Errors.others");
    }
  });

  it("without a cache, nothing is hashed: a large shared list costs a map nothing", async () => {
    let reads = 0;
    const list = new Proxy([1, 2, 3], {
      get(target, key, receiver) {
        reads++;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    class Shared extends Pipeline {
      @input() xs!: number[];
      @input() list!: number[];
      @mapOver("xs", "list") y(x: number, _list: number[]): Each<number> {
        return x;
      }
    }
    await new Shared().run({ xs: [1, 2], list });
    expect(reads).to.equal(0);
  });
});

describe("a value of a class that is not known where it is read", () => {
  it("is computed again, and stays in the store for a process that knows the class", async () => {
    const { store, held } = countingKeyv();
    @model()
    class KnownHere {
      constructor(readonly x: number) {}
    }
    class Makes extends Pipeline {
      @input() x!: number;
      @node("x") made(x: number): KnownHere {
        calls.push("made");
        return new KnownHere(x);
      }
    }
    const makes = new Makes().with({ cache: store });
    await makes.run({ x: 1 });
    // As if another process had another class of that name.
    const size = held.size;
    @model({ name: "KnownHere" })
    class Other {}
    expect((await makes.run({ x: 1 })).made).to.be.instanceOf(KnownHere);
    expect(held.size).to.equal(size);
    expect(Other.name).to.equal("Other");
  });
});

import { expect } from "chai";
import { input, memory, node, Pipeline, resource } from "../../../src/index.js";
import { warningsOf } from "../../support/warnings.js";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Held {
  get(): number;
}

interface Settings {
  v: number;
}

/** Resources that hold what they were built from, and nodes that show it. */
class Holder extends Pipeline {
  @input() r!: Settings;
  @input() x?: number = 1;
  @resource("r") held(r: Settings): Held {
    return { get: () => r.v };
  }
  @resource("held") outer(held: Held): Held {
    return { get: () => held.get() * 10 };
  }
  @node("x", "held") async use(x: number | undefined, held: Held): Promise<number> {
    await sleep(30);
    return x! * held.get();
  }
  @node("x", "outer") async useOuter(x: number | undefined, outer: Held): Promise<number> {
    await sleep(30);
    return x! * outer.get();
  }
  @node("use") doubled(use: number): number {
    return use * 2;
  }
}

/** Another node changes it. */
class Changing extends Holder {
  @node("r") changes(r: Settings): number {
    r.v += 100;
    return r.v;
  }
}

/** Another node takes it, while the caller changes it. */
class Taking extends Holder {
  @node("r") async takes(r: Settings): Promise<number> {
    await sleep(15);
    return r.v;
  }
}

const SHOWN = ["use", "useOuter", "doubled"] as const;

async function expectRight(cache: ReturnType<typeof memory>): Promise<void> {
  for (const pipeline of [new Holder(), new Changing(), new Taking()] as Holder[]) {
    const found = await pipeline.run({ r: { v: 1 } }, { cache, outputs: SHOWN });
    expect(found).to.deep.equal({ use: 1, useOuter: 10, doubled: 2 });
  }
}

describe("what is computed with a resource whose inputs were changed since is not cached", () => {
  it("by a node: a warning names it, and the resource", async () => {
    const cache = memory();
    const warnings = await warningsOf(async () => void (await new Changing().run({ r: { v: 1 } }, { cache })));
    expect(warnings.join("\n")).to.match(
      /Changing\.use is not cached: its resource held was built from r, which changes/,
    );
    expect(warnings.join("\n")).to.match(/Changing\.useOuter is not cached: its resource held was built from r/);
    await expectRight(cache);
  });

  it("by the caller while the run lasts", async () => {
    const cache = memory();
    const r = { v: 1 };
    setTimeout(() => {
      r.v = 2;
    }, 5);
    const warnings = await warningsOf(async () => void (await new Taking().run({ r }, { cache })));
    expect(warnings.length).to.be.greaterThan(0);
    await expectRight(cache);
  });

  it("by the caller between the runs of an open pipeline: the next run builds it again", async () => {
    const cache = memory();
    await using open = new Holder().open();
    const r = { v: 1 };
    for (const v of [1, 2, 3, 1]) {
      r.v = v;
      expect(await open.run({ r, x: 2 }, { cache, outputs: SHOWN })).to.deep.equal({
        use: v * 2,
        useOuter: v * 20,
        doubled: v * 4,
      });
    }
    r.v = 7;
    expect(await open.run({ r: { v: 1 } }, { cache, outputs: SHOWN })).to.deep.equal({
      use: 1,
      useOuter: 10,
      doubled: 2,
    });
    await expectRight(cache);
  });

  it("while one that changes its inputs itself when it is built is still shared by the runs of an open pipeline", async () => {
    let built = 0;
    class Sorting extends Pipeline {
      @input() xs!: number[];
      @resource("xs") sorted(xs: number[]): { first: number } {
        built++;
        return { first: xs.sort()[0]! };
      }
      @node("sorted") first({ first }: { first: number }): number {
        return first;
      }
    }
    await using open = new Sorting().open();
    for (let run = 0; run < 3; run++) expect(await open.run({ xs: [3, 1, 2] })).to.deep.equal({ first: 1 });
    expect(built).to.equal(1);
  });
});

import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { MAP_RULES } from "../../src/dsl/node-options.js";
import {
  type Batch,
  type Each,
  input,
  type MapOptions,
  mapOver,
  memory,
  type Nested,
  type NodeError,
  nested,
  node,
  Pipeline,
} from "../../src/index.js";
import { newFolder } from "../support/caches.js";

interface Row {
  readonly from: MapOptions;
  readonly to: MapOptions;
  /** Whether the values of one are none of the other. */
  readonly counts: boolean;
}

/** Each option, and whether it counts in the keys of a map's elements. */
const TABLE: Readonly<Record<keyof MapOptions, readonly Row[]>> = {
  // It is looked up no more.
  cache: [{ from: {}, to: { cache: false }, counts: true }],
  version: [
    { from: {}, to: { version: 1 }, counts: true },
    { from: { version: 1 }, to: { version: 2 }, counts: true },
    { from: { version: 1 }, to: { version: "1" }, counts: true },
    { from: { version: 1 }, to: { version: 1 }, counts: false },
  ],
  // Of how a call is tried and waited for its value knows nothing; what fails is never kept.
  retries: [
    { from: {}, to: { retries: 3 }, counts: false },
    { from: { retries: 1 }, to: { retries: { times: 2, delayMs: 1 } }, counts: false },
  ],
  timeoutMs: [{ from: {}, to: { timeoutMs: 60_000 }, counts: false }],
  onError: [{ from: {}, to: { onError: "collect" }, counts: false }],
  // An element of two lists is one pair, however it came to be one.
  mode: [{ from: { mode: "zip" }, to: { mode: "product" }, counts: false }],
  // The method sees how many elements it gets.
  batch: [
    { from: {}, to: { batch: 2 }, counts: true },
    { from: { batch: 2 }, to: { batch: 3 }, counts: true },
    { from: { batch: 2, version: 1 }, to: { batch: 3, version: 1 }, counts: true },
    { from: { version: 1 }, to: { version: 1, batch: 1 }, counts: true },
    { from: { batch: 2 }, to: { batch: 2, retries: 1 }, counts: false },
  ],
};

/** A pipeline whose map has some options: its code is always the same. */
function mapped(options: MapOptions): new () => Pipeline {
  class Sizes extends Pipeline {
    @input() xs!: number[];
    @input() ys!: number[];
    sizes(xs: number | number[]): unknown {
      return Array.isArray(xs) ? xs.map(() => xs.length) : 0;
    }
  }
  const decorate = mapOver as (...given: unknown[]) => (target: object, key: string) => void;
  decorate(["xs", "ys"], options)(Sizes.prototype, "sizes");
  return Sizes;
}

describe("an option of a decorator counts in the key where a method can see it", () => {
  it("has a row for each option there is", () => {
    expect(Object.keys(TABLE).sort()).to.deep.equal(Object.keys(MAP_RULES).sort());
  });

  const inputs = { xs: [1], ys: [2] } as never;
  const isComputed = async (first: Pipeline, second: Pipeline): Promise<boolean> => {
    const cache = memory();
    await first.run(inputs, { cache });
    const [explained] = await second.explain(inputs, { cache });
    return explained!.computed > 0;
  };
  for (const [option, rows] of Object.entries(TABLE)) {
    for (const { from, to, counts } of rows) {
      it(`${option}: ${JSON.stringify(from)} becomes ${JSON.stringify(to)}: ${counts ? "computed again" : "cached"}`, async () => {
        expect(await isComputed(new (mapped(from))(), new (mapped(to))())).to.equal(counts);
      });
      it(`${option}, inside of a nested pipeline: ${JSON.stringify(from)} becomes ${JSON.stringify(to)}`, async () => {
        const around = (options: MapOptions): Pipeline => {
          class Around extends Pipeline {
            @input() xs!: number[];
            @input() ys!: number[];
            inner!: unknown;
          }
          const decorate = nested as (...given: unknown[]) => (target: object, key: string) => void;
          decorate(mapped(options), { xs: "xs", ys: "ys" }, "sizes")(Around.prototype, "inner");
          return new Around();
        };
        // How the lists go together is a part of how the nested pipeline hangs together.
        expect(await isComputed(around(from), around(to))).to.equal(counts || option === "mode");
      });
    }
  }

  it("of a list in batches of two nothing is that of one in batches of three", async () => {
    class Twos extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 2 }) ys(xs: number[]): Batch<number> {
        return xs.map(() => xs.length);
      }
    }
    class Threes extends Twos {
      @mapOver("xs", { batch: 3 }) override ys(xs: number[]): Batch<number> {
        return super.ys(xs);
      }
    }
    const cache = memory();
    const inputs = { xs: [1, 2, 3, 4, 5, 6] };
    expect((await new Twos().run(inputs, { cache })).ys).to.deep.equal([2, 2, 2, 2, 2, 2]);
    expect((await new Threes().run(inputs, { cache })).ys).to.deep.equal([3, 3, 3, 3, 3, 3]);
  });
});

describe("an error that is collected inside of a nested pipeline", () => {
  class Counted extends Pipeline {
    @input() files!: string[];
    @mapOver("files", { onError: "collect" }) there(file: string): Each<boolean> {
      if (!existsSync(file)) throw new Error("it is not there");
      return true;
    }
    @node("there") missing(there: (boolean | NodeError)[]): number {
      return there.filter((each) => each !== true).length;
    }
  }
  class Inner extends Pipeline {
    @input() files!: string[];
    @nested(Counted, { files: "files" }, "missing") missing!: Nested<number>;
  }
  class Around extends Pipeline {
    @input() files!: string[];
    @nested(Counted, { files: "files" }, "missing") once!: Nested<number>;
    @nested(Inner, { files: "files" }, "missing") deeper!: Nested<number>;
  }
  class Each1 extends Pipeline {
    @input() folders!: string[][];
    @mapOver("folders", Counted, { files: "folders" }, "missing") missing!: Nested<number[]>;
  }

  it("may not be there the next time: what is made of it is not kept around it", async () => {
    const file = path.join(newFolder("options"), "later");
    const there = path.join(newFolder("options"), "there");
    writeFileSync(there, "");
    const cache = memory();
    const inputs = { files: [file] };
    const lists = { folders: [[there], [file]] };
    expect(await new Around().run(inputs, { cache })).to.deep.equal({ once: 1, deeper: 1 });
    expect((await new Each1().run(lists, { cache })).missing).to.deep.equal([0, 1]);
    writeFileSync(file, "");
    expect(await new Around().run(inputs, { cache })).to.deep.equal({ once: 0, deeper: 0 });
    expect((await new Each1().run(lists, { cache })).missing).to.deep.equal([0, 0]);
    // What has not failed is kept, around it, too.
    rmSync(file);
    expect(await new Around().run(inputs, { cache })).to.deep.equal({ once: 0, deeper: 0 });
    expect((await new Each1().run(lists, { cache })).missing).to.deep.equal([0, 0]);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  type Batch,
  type Each,
  execution,
  input,
  mapOver,
  type Nested,
  NodeError,
  node,
  Pipeline,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("mapOver", () => {
  it("keeps input order when later elements finish first", async () => {
    const finished: number[] = [];
    class Delays extends Pipeline {
      @input() delays!: number[];
      @mapOver("delays") async waited(ms: number): Promise<Each<number>> {
        await sleep(ms);
        finished.push(ms);
        return ms;
      }
    }
    const { waited } = await new Delays().run({ delays: [30, 1, 15] });
    expect(waited).to.deep.equal([30, 1, 15]);
    expect(finished).to.deep.equal([1, 15, 30]);
  });

  it("gives [] for [], and what depends on it still runs", async () => {
    let built = 0;
    class Empty extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") doubled(x: number): Each<number> {
        built++;
        return x * 2;
      }
      @mapOver("doubled") again(x: number): Each<number> {
        built++;
        return x * 2;
      }
      @mapOver("xs", { batch: 3 }) batched(xs: number[]): Batch<number> {
        built++;
        return xs;
      }
      @node("again", "batched") total(again: number[], batched: number[]): number {
        return again.length + batched.length;
      }
    }
    expect(await new Empty().run({ xs: [] })).to.deep.equal({ doubled: [], again: [], batched: [], total: 0 });
    expect(await new Empty().map({ xs: [] }, { over: "xs" })).to.deep.equal([]);
    expect(built).to.equal(0);
  });

  it("goes over several lists by index, or over all their pairs", async () => {
    class Pairs extends Pipeline {
      @input() as!: number[];
      @input() bs!: string[];
      @mapOver(["as", "bs"]) zipped(a: number, b: string): Each<string> {
        return a + b;
      }
      @mapOver(["as", "bs"], { mode: "product" }) crossed(a: number, b: string): Each<string> {
        return a + b;
      }
      @mapOver(["as", "bs"], { mode: "product", batch: 3 }) batched(as: number[], bs: string[]): Batch<string> {
        return as.map((a, i) => a + bs[i]!);
      }
    }
    const { zipped, crossed, batched } = await new Pairs().run({ as: [1, 2], bs: ["x", "y"] });
    expect(zipped).to.deep.equal(["1x", "2y"]);
    expect(crossed).to.deep.equal(["1x", "1y", "2x", "2y"]);
    expect(batched).to.deep.equal(crossed);
    const { crossed: none } = await new Pairs().run({ as: [1, 2], bs: [] }, { outputs: ["crossed"] });
    expect(none).to.deep.equal([]);
  });

  it("bounds the number of elements in flight", async () => {
    let active = 0;
    let most = 0;
    class Bounded extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async slow(x: number): Promise<Each<number>> {
        most = Math.max(most, ++active);
        await sleep(1);
        active--;
        return x;
      }
    }
    const xs = Array.from({ length: 50 }, (_, i) => i);
    await new Bounded().run({ xs }, { execution: { maxWorkers: 7 } });
    expect(most).to.equal(7);
    most = 0;
    await new Bounded().run({ xs }, { execution: { maps: "sequential" } });
    expect(most).to.equal(1);
  });

  it("maps over what a map gives, inside a nested pipeline inside a map", async () => {
    class Words extends Pipeline {
      @input() text!: string;
      @node("text") words(text: string): string[] {
        return text.split(" ");
      }
      @mapOver("words") lengths(word: string): Each<number> {
        return word.length;
      }
      @node("lengths") total(lengths: number[]): number {
        return lengths.reduce((sum, length) => sum + length, 0);
      }
    }
    class Texts extends Pipeline {
      @input() texts!: string[];
      @mapOver("texts", Words, { text: "texts" }, "total") totals!: Nested<number[]>;
      @node("totals") longest(totals: number[]): number {
        return Math.max(...totals);
      }
    }
    class Corpus extends Pipeline {
      @input() books!: string[][];
      @mapOver("books", Texts, { texts: "books" }, "longest") longest!: Nested<number[]>;
    }
    const { longest } = await new Corpus().run({ books: [["a bb", "ccc d e"], [], ["f"]] });
    expect(longest).to.deep.equal([5, Number.NEGATIVE_INFINITY, 1]);
  });

  it("gives the element to the child's input that is wired to the list", async () => {
    class Child extends Pipeline {
      @input() a!: number;
      @input() b!: number;
      @input() all!: number[];
      @node("a", "b", "all") sum(a: number, b: number, all: number[]): number {
        return a * 100 + b * 10 + all.length;
      }
    }
    class Parent extends Pipeline {
      @input() as!: number[];
      @input() bs!: number[];
      @input() rest!: number[];
      @mapOver(["as", "bs"], Child, { a: "as", b: "bs", all: "rest" }, "sum") zipped!: Nested<number[]>;
      @mapOver(["bs", "as"], Child, { a: "as", b: "bs", all: "rest" }, "sum", { mode: "product" })
      crossed!: Nested<number[]>;
    }
    const { zipped, crossed } = await new Parent().run({ as: [1, 2], bs: [3, 4], rest: [0, 0] });
    expect(zipped).to.deep.equal([132, 242]);
    expect(crossed).to.deep.equal([132, 232, 142, 242]);
  });
});

describe("maps of maps", () => {
  const log: string[] = [];
  class Flow extends Pipeline {
    @input() xs!: number[];
    @mapOver("xs") a(x: number): Each<number> {
      log.push(`a${x}`);
      return x;
    }
    @mapOver("a") b(a: number): Each<number> {
      log.push(`b${a}`);
      return a;
    }
    @node("xs") shared(xs: number[]): number {
      log.push("shared");
      return xs.length;
    }
    @mapOver(["b", "a"], "shared") c(b: number, a: number, shared: number): Each<number> {
      log.push(`c${b}`);
      return a + b + shared;
    }
    @node("c") whole(c: number[]): number {
      log.push("whole");
      return c.length;
    }
  }

  for (const mode of ["sequential", "async"] as const) {
    it(`flow depth-first, and a node that needs the whole list waits for it: ${mode}`, async () => {
      log.length = 0;
      const { c, whole } = await new Flow().run({ xs: [1, 2, 3] }, { execution: { nodes: mode, maps: mode } });
      expect(log.join(" ")).to.equal("shared a1 b1 c1 a2 b2 c2 a3 b3 c3 whole");
      expect(c).to.deep.equal([5, 7, 9]);
      expect(whole).to.equal(3);
    });
  }

  it("start with an element as soon as it is there, while others are still waited for", async () => {
    const order: string[] = [];
    class Waiting extends Pipeline {
      @input() delays!: number[];
      @mapOver("delays") async first(ms: number): Promise<Each<number>> {
        await sleep(ms);
        order.push(`first ${ms}`);
        return ms;
      }
      @mapOver("first") async second(ms: number): Promise<Each<number>> {
        order.push(`second ${ms}`);
        return ms;
      }
    }
    expect((await new Waiting().run({ delays: [40, 1, 20] })).second).to.deep.equal([40, 1, 20]);
    expect(order).to.deep.equal(["first 1", "second 1", "first 20", "second 20", "first 40", "second 40"]);
  });

  it("join a map that is in progress when the value that they share comes late", async () => {
    class Late extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async a(x: number): Promise<Each<number>> {
        await sleep(x);
        return x;
      }
      @node("xs") async shared(xs: number[]): Promise<number> {
        await sleep(10);
        return xs.length;
      }
      @mapOver("a", "shared") b(a: number, shared: number): Each<number> {
        return a + shared;
      }
    }
    expect((await new Late().run({ xs: [1, 30, 5] }, { outputs: ["b"] })).b).to.deep.equal([4, 33, 8]);
  });

  it("may take what the whole of the map before gives", async () => {
    class Mean extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") a(x: number): Each<number> {
        return x;
      }
      @node("a") mean(a: number[]): number {
        return a.reduce((sum, x) => sum + x, 0) / a.length;
      }
      @mapOver("a", "mean") centred(a: number, mean: number): Each<number> {
        return a - mean;
      }
      @mapOver("centred", "a") both(centred: number, a: number[]): Each<number> {
        return centred + a.length;
      }
    }
    expect((await new Mean().run({ xs: [1, 2, 3] })).both).to.deep.equal([2, 3, 4]);
  });

  it("make batches of the elements of a map as they come", async () => {
    const batches: number[][] = [];
    class Batches extends Pipeline {
      @input() delays!: number[];
      @mapOver("delays") async waited(ms: number): Promise<Each<number>> {
        await sleep(ms);
        return ms;
      }
      @mapOver("waited", { batch: 2 }) batched(ms: number[]): Batch<number> {
        batches.push(ms);
        return ms.map((m) => m * 2);
      }
    }
    expect((await new Batches().run({ delays: [30, 1, 2, 1, 5] })).batched).to.deep.equal([60, 2, 4, 2, 10]);
    expect(batches.map(String)).to.have.members(["30,1", "2,1", "5"]);
    expect(batches.at(-1)).to.deep.equal([30, 1]);
  });

  it("may be as long a chain as one likes", async () => {
    const { chainOfMaps } = await import("../support/generated.js");
    const pipeline = new (chainOfMaps(3000))() as unknown as { run(inputs: object): Promise<Record<string, number[]>> };
    expect((await pipeline.run({ xs: [1, 2] })).n2999).to.deep.equal([3001, 3002]);
  });
});

describe("batches", () => {
  it("keep errors to the element at fault", async () => {
    const calls: number[][] = [];
    class Fragile extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 4, onError: "collect" }) inverse(xs: number[]): Batch<number | NodeError> {
        calls.push(xs);
        if (xs.includes(0)) throw new RangeError("division by zero");
        return xs.map((x) => 1 / x);
      }
    }
    const { inverse } = await new Fragile().run({ xs: [1, 2, 0, 4, 5] });
    expect(inverse.map((v) => (v instanceof NodeError ? `${v.element} ${v.where}` : v))).to.deep.equal([
      1,
      0.5,
      "2 Fragile.inverse[2]",
      0.25,
      0.2,
    ]);
    expect(calls.map(String)).to.have.members(["1,2,0,4", "1", "2", "0", "4", "5"]);
    class Throwing extends Fragile {
      @mapOver("xs", { batch: 4 }) override inverse(xs: number[]): Batch<number> {
        return super.inverse(xs) as Batch<number>;
      }
    }
    const error = await rejection<NodeError>(new Throwing().run({ xs: [1, 2, 0, 4, 5] }));
    expect(error.element).to.equal(2);
  });

  it("of a size that the list has not", async () => {
    class Sizes extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 2 }) async a(xs: number[]): Promise<Batch<number>> {
        return xs.map((x) => x + 1);
      }
      @mapOver("a", { batch: 3 }) b(xs: number[]): Batch<number> {
        return Float64Array.from(xs, (x) => x * 2) as unknown as Batch<number>;
      }
    }
    for (let n = 0; n < 8; n++) {
      const xs = Array.from({ length: n }, (_, i) => i);
      expect((await new Sizes().run({ xs })).b).to.deep.equal(xs.map((x) => (x + 1) * 2));
    }
  });
});

describe("onError: collect", () => {
  class Risky extends Pipeline {
    @input() xs!: number[];
    @mapOver("xs", { onError: "collect" }) inverse(x: number): Each<number | NodeError> {
      if (x === 0) throw new RangeError("division by zero");
      return 1 / x;
    }
    @mapOver("inverse") again(inverse: number): Each<number | NodeError> {
      called.push(inverse);
      return inverse * 2;
    }
    @node("inverse") failures(inverse: (number | NodeError)[]): number {
      return inverse.filter((v) => v instanceof NodeError).length;
    }
  }
  const called: number[] = [];

  it("finishes, with a NodeError in the place of each failed element, which does not come to later maps", async () => {
    called.length = 0;
    const { inverse, again, failures } = await new Risky().run({ xs: [1, 0, 4] });
    const error = inverse[1] as NodeError;
    expect(error).to.be.instanceOf(NodeError);
    expect(error.element).to.equal(1);
    expect(error.cause).to.be.instanceOf(RangeError);
    expect(again).to.deep.equal([2, error, 0.5]);
    expect(called).to.deep.equal([1, 0.25]);
    expect(failures).to.equal(1);
  });

  it("on a node: what depends on it does not run, and has its error", async () => {
    class Optional extends Pipeline {
      @input() x!: number;
      @node("x", { onError: "collect" }) risky(x: number): number[] {
        throw new Error(`no ${x}`);
      }
      @node("risky") after(risky: number[]): number {
        return risky.length;
      }
      @mapOver("risky") each(r: number): Each<number> {
        return r;
      }
      @mapOver("each") eachAgain(r: number): Each<number> {
        return r;
      }
      @node("x") other(x: number): number {
        return x;
      }
    }
    const results = await new Optional().run({ x: 1 });
    expect(results.other).to.equal(1);
    for (const name of ["after", "each", "eachAgain"] as const) expect(results[name]).to.equal(results.risky);
  });

  it("in map and stream: a NodeError for each failed run, the others whole", async () => {
    class Inverse extends Pipeline {
      @input() x!: number;
      @node("x") inverse(x: number): number {
        if (x === 0) throw new RangeError("division by zero");
        return 1 / x;
      }
    }
    const results = await new Inverse().map({ x: [1, 0, 2] }, { over: "x", onError: "collect" });
    expect(results[0]).to.deep.equal({ inverse: 1 });
    expect(results[1]).to.be.instanceOf(NodeError).and.to.include({ where: "Inverse[1].inverse", element: 1 });
    expect(results[2]).to.deep.equal({ inverse: 0.5 });
  });
});

describe("the execution modes of nodes", () => {
  it("run independent nodes together, or one at a time", async () => {
    const order: string[] = [];
    const step = async (name: string) => {
      order.push(`+${name}`);
      await sleep(2);
      order.push(`-${name}`);
      return 1;
    };
    class Independent extends Pipeline {
      @input() x!: number;
      @node("x") async a(_x: number): Promise<number> {
        return step("a");
      }
      @node("x") async b(_x: number): Promise<number> {
        return step("b");
      }
      @node("a", "b") async c(_a: number, _b: number): Promise<number> {
        return step("c");
      }
    }
    await new Independent().run({ x: 1 });
    expect(order.join(" ")).to.equal("+a +b -a -b +c -c");
    order.length = 0;
    @execution({ nodes: "sequential" })
    class OneAtATime extends Independent {}
    await new OneAtATime().run({ x: 1 });
    expect(order.join(" ")).to.equal("+a -a +b -b +c -c");
    order.length = 0;
    await new OneAtATime().with({ execution: { nodes: "async" } }).run({ x: 1 });
    expect(order.join(" ")).to.equal("+a +b -a -b +c -c");
  });
});

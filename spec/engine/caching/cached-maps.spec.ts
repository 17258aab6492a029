import { expect } from "chai";
import {
  type Batch,
  cached,
  type Each,
  input,
  mapOver,
  memory,
  type Nested,
  NodeError,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  type RunEvent,
} from "../../../src/index.js";
import { Chain, called, calls, forgetCalls, Lists, Next } from "../../support/cached.js";
import { newSqlite, told } from "../../support/caches.js";
import { checkPurity } from "../../support/check-purity.js";
import { rejection } from "../../support/rejection.js";

beforeEach(forgetCalls);

class Counting extends Pipeline {
  @input() all!: unknown[];
  @node("all") shown(all: unknown[]): string {
    return all.map((each) => (each instanceof NodeError ? "error" : String(each))).join();
  }
}

/** Nodes of all kinds that take a list in which some elements have failed. */
class Partly extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect" }) roots(x: number): Each<number | NodeError> {
    if (x < 0) throw new RangeError("below");
    return Math.sqrt(x);
  }
  @mapOver("roots") twice(root: number): Each<number | NodeError> {
    return 2 * root;
  }
  @output("roots") kinds(roots: (number | NodeError)[]): Output<string[]> {
    return roots.map((root) => (root instanceof NodeError ? root.where : `number ${root}`));
  }
  @output("twice") others(twice: (number | NodeError)[]): Output<string[]> {
    return twice.map((each) => (each instanceof NodeError ? each.where : `number ${each}`));
  }
  @mapOver("xs", "roots") beside(x: number, roots: (number | NodeError)[]): Each<string> {
    return `${x} of ${roots.map((root) => (root instanceof NodeError ? "error" : root)).join()}`;
  }
  @nested(Counting, { all: "roots" }, "shown") inside!: Nested<string>;
  @output("beside", "inside") rest(beside: string[], inside: string): Output<string[]> {
    return [...beside, inside];
  }
}

function textOf(outputs: object): string {
  return JSON.stringify(outputs, (_, value) => (value instanceof NodeError ? value.where : value));
}

interface Pair {
  all: number[];
}

/** Maps over a list with errors beside lists that a warm run finds in the store, and does not read. */
class Beside extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect" }) some(x: number): Each<number> {
    if (x < 0) throw new RangeError("below");
    return x;
  }
  @node("xs") list(xs: number[]): number[] {
    return xs.map((x) => 2 * x);
  }
  @node("xs") record(xs: number[]): Pair {
    return { all: xs.map((x) => 3 * x) };
  }
  @mapOver("xs") mapped(x: number): Each<number> {
    return 4 * x;
  }
  @mapOver(["some", "list"]) zipList(a: number, b: number): Each<string> {
    return `${a} ${b}`;
  }
  @mapOver(["list", "some"]) listZip(a: number, b: number): Each<string> {
    return `${a} ${b}`;
  }
  @mapOver(["some", "record.all"], { batch: 2 }) zipPath(a: number[], b: number[]): Batch<string> {
    return a.map((each, i) => `${each} ${b[i]}`);
  }
  @mapOver(["mapped", "some", "record.all"]) zipThree(a: number, b: number, c: number): Each<string> {
    return `${a} ${b} ${c}`;
  }
  @mapOver(["some", "mapped"], { mode: "product" }) product(a: number, b: number): Each<string> {
    return `${a} ${b}`;
  }
  @mapOver(["record.all", "some"], { mode: "product", batch: 3 }) productPath(a: number[], b: number[]): Batch<string> {
    return a.map((each, i) => `${each} ${b[i]}`);
  }
}

describe("a cached map", () => {
  checkPurity();
  it("computes the elements that are new", async () => {
    @cached(memory())
    class Doubles extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") doubled(x: number): Each<number> {
        return 2 * x;
      }
    }
    const counted: string[] = [];
    for (const xs of [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ]) {
      const events: RunEvent[] = [];
      const { doubled } = await new Doubles().run({ xs }, { onEvent: (event) => events.push(event) });
      expect(doubled).to.deep.equal(xs.map((x) => 2 * x));
      const of = (phase: string) => events.filter((event) => event.type === "element" && event.phase === phase).length;
      counted.push(`${of("end")}/${of("cached")}`);
      const end = events.find((event) => event.type === "map" && event.phase === "end");
      expect(end).to.include({ elements: 3, failed: 0, cached: of("cached") });
    }
    expect(counted).to.deep.equal(["3/0", "0/3", "1/2"]);
  });

  for (const maps of ["sequential", "async", "threaded", "parallel"] as const) {
    it(`of 10,000 known elements and a new one computes one, ${maps}`, async () => {
      const next = new Next().with({ cache: memory(), execution: { maps } });
      const xs = Array.from({ length: 10_000 }, (_, i) => i);
      const computed = async (list: number[]): Promise<number> => {
        let count = 0;
        const onEvent = ({ type, phase }: RunEvent) => {
          if (type === "element" && phase === "end") count++;
        };
        expect((await next.run({ xs: list }, { onEvent })).next).to.deep.equal(list.map((x) => x + 1));
        return count;
      };
      expect(await computed(xs)).to.equal(10_000);
      expect(await computed([...xs.slice(5000), 77_777, ...xs.slice(0, 5000)])).to.equal(1);
    });
  }

  it("of 20,000 equal elements computes one", async () => {
    const lists = new Lists().with({ cache: memory() });
    expect(await lists.run({ xs: new Array(20_000).fill(7) })).to.deep.equal({ sum: 20_000 * 71 });
    expect(called()).to.equal("scaled(7) next(70) sum");
  });

  it("computes equal elements once, in any order", async () => {
    const lists = new Lists().with({ cache: memory() });
    expect(await lists.run({ xs: [1, 2, 1, 1] })).to.deep.equal({ sum: 54 });
    expect(called()).to.equal("scaled(1) scaled(2) next(10) next(20) sum");
    expect(await lists.run({ xs: [2, 2, 1] })).to.deep.equal({ sum: 53 });
    expect(called()).to.equal("sum");
  });

  it("caches each element of a batch, and fills batches with those that are new", async () => {
    @cached(newSqlite())
    class Batched extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 4 }) doubled(xs: number[]): Batch<number> {
        calls.push(`[${xs}]`);
        return xs.map((x) => 2 * x);
      }
    }
    await new Batched().run({ xs: [1, 2, 3, 4, 5, 6] });
    expect(called()).to.equal("[1,2,3,4] [5,6]");
    const xs = [1, 10, 2, 11, 3, 12, 4, 13, 14];
    expect((await new Batched().run({ xs })).doubled).to.deep.equal(xs.map((x) => 2 * x));
    expect(called()).to.equal("[10,11,12,13] [14]");
  });

  it("names the right element when one fails, and caches the others", async () => {
    class Some extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { onError: "collect" }) y(x: number): Each<number> {
        calls.push(String(x));
        if (x < 0) throw new RangeError("below");
        return x;
      }
    }
    const some = new Some().with({ cache: memory() });
    await some.run({ xs: [1, 2] });
    called();
    const { y } = await some.run({ xs: [1, 2, -3, 4, -3] });
    expect(
      y.map((value) => ((value as unknown) instanceof NodeError ? (value as unknown as NodeError).where : value)),
    ).to.deep.equal([...[1, 2, "Some.y[2]", 4, "Some.y[4]"]]);
    expect(called()).to.equal("-3 4");
    const events: RunEvent[] = [];
    await some.run({ xs: [4, 5, -1] }, { onEvent: (event) => events.push(event) });
    expect(told(events, "element")).to.deep.equal([
      ...["element cached Some.y[0]", "element start Some.y[1]", "element end Some.y[1]"],
      ...["element start Some.y[2]", "element failed Some.y[2]"],
    ]);
  });

  for (const maps of ["async", "sequential"] as const) {
    it(`gives a node that takes a list the cached values beside an error, with maps ${maps}`, async () => {
      const parts = new Partly().with({ execution: { maps } });
      for (const outputs of [["kinds"], ["others"], ["beside"], ["inside"], ["kinds", "rest", "others"]] as const) {
        const kept = parts.with({ cache: memory() });
        for (const xs of [
          [1, -2, 3],
          [1, -2, 3],
          [1, -2, 3, 4],
          [4, 5, -1],
        ]) {
          const expected = textOf(await parts.run({ xs }, { outputs }));
          expect(textOf(await kept.run({ xs }, { outputs })), `${outputs} of ${xs}`).to.equal(expected);
        }
      }
    });
  }

  for (const maps of ["async", "sequential"] as const) {
    it(`over a list with errors and a list that is not read yet gives the same as without a cache (table), ${maps}`, async () => {
      const beside = new Beside().with({ execution: { maps } });
      const names = ["zipList", "listZip", "zipPath", "zipThree", "product", "productPath"] as const;
      for (const outputs of [...names.map((name) => [name]), names]) {
        const kept = beside.with({ cache: memory() });
        for (const xs of [[1, -2, 3], [1, -2, 3], [1, -2, 3, -4], [-1], []]) {
          const expected = textOf(await beside.run({ xs }, { outputs }));
          expect(textOf(await kept.run({ xs }, { outputs })), `${outputs} of ${xs}`).to.equal(expected);
        }
      }
    });
  }

  it("carries the error of another node to equal elements as it is", async () => {
    class Carries extends Pipeline {
      @input() xs!: number[];
      @node("xs", { onError: "collect" }) first(_xs: number[]): number {
        throw new RangeError("no first");
      }
      @mapOver("xs", "first") y(x: number, first: number): Each<number> {
        return x + first;
      }
    }
    const { y } = await new Carries().run({ xs: [1, 2, 1] }, { cache: memory() });
    expect(y.map((error) => (error as unknown as NodeError).where)).to.deep.equal([
      "Carries.first",
      "Carries.first",
      "Carries.first",
    ]);
  });

  it("is empty for an empty list, and an error for a value that is not a list, as without a cache", async () => {
    const lists = new Lists().with({ cache: memory() });
    for (let i = 0; i < 2; i++) expect(await lists.run({ xs: [] })).to.deep.equal({ sum: 0 });
    expect((await rejection(lists.run({ xs: "no list" as never }))).message).to.contain(
      'it maps over "xs", which is not a list',
    );
  });

  it("of a pipeline, and a stream of it, look each element up", async () => {
    const chain = new Chain().with({ cache: newSqlite() });
    expect(await chain.map({ x: [1, 2] }, { over: "x" })).to.deep.equal([
      { doubled: 2, result: 3 },
      { doubled: 4, result: 5 },
    ]);
    expect(called().split(" ")).to.have.members(["doubled", "doubled", "result", "result"]);
    expect(await chain.map({ x: [2, 1, 2, 3] }, { over: "x" })).to.deep.equal(
      [4, 2, 4, 6].map((doubled) => ({ doubled, result: doubled + 1 })),
    );
    expect(called()).to.equal("doubled result");
    const results: unknown[] = [];
    for await (const result of chain.stream({ x: [3, 4] }, { over: "x" })) results.push(result);
    expect(results).to.deep.include.members([
      { doubled: 6, result: 7 },
      { doubled: 8, result: 9 },
    ]);
    expect(called()).to.equal("doubled result");
  });
});

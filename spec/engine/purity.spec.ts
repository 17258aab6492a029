import { expect } from "chai";
import {
  type Each,
  type ExecutionMode,
  input,
  mapOver,
  memory,
  NodeError,
  node,
  Pipeline,
  type PipelineOptions,
  resource,
} from "../../src/index.js";
import { Lines } from "../support/cached.js";
import {
  Batches,
  Building,
  Each2,
  FailedBuilding,
  FailedLater,
  HandedOn,
  HandedOnEach,
  HandedOnPart,
  Outer,
  type Row,
  Sharing,
  Sorting,
  Tagging,
} from "../support/impure.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

const rows = (): Row[] => [1, 2, 3].map((at) => ({ at, tags: ["a"] }));
const CHECKED = { execution: { check: true } } as const;

describe("execution: { check: true }", () => {
  const cases: [new () => Pipeline, string, string][] = [
    [Sorting, "Sorting.changed", "it changed the value of Sorting.made, at by.at[0]"],
    [Tagging, "Tagging.tagged[1]", "it changed element 1 of the value of Tagging.copies, at tags[1]"],
    [Batches, "Batches.marked[0]", "it changed an element of the input rows of Batches, at at"],
    [Sharing, "Sharing.noted", "it changed the value of Sharing.seen, at at[0]"],
    [Outer, "Outer.inner.cleared", "it changed the value of Outer.first, at tags[0]"],
    [Building, "Building.table", "it changed the value of Building.first, at tags[1]"],
    [FailedBuilding, "FailedBuilding.table", "it changed the value of FailedBuilding.first, at at"],
    [FailedLater, "FailedLater.counted[0]", "it changed element 0 of the input rows of FailedLater, at at"],
    [Each2, "Each2.inner[0].cleared", "it changed element 0 of the input rows of Each2, at tags[0]"],
    [HandedOn, "HandedOn.middle.inner.cleared", "it changed the value of HandedOn.one, at tags[0]"],
    [HandedOnPart, "HandedOnPart.middle.parts.cut", "it changed rows of the value of HandedOnPart.all, at [2]"],
    [
      HandedOnEach,
      "HandedOnEach.middle[0].inner.cleared",
      "element 0 of the value of HandedOnEach.all.rows, at tags[0]",
    ],
  ];
  for (const [type, where, problem] of cases) {
    for (const cache of [false, true]) {
      for (const mode of ["sequential", "async"] as const) {
        it(`${type.name}: names the node, the maker and the way, ${mode}, ${cache ? "with" : "without"} a cache`, async () => {
          const options: PipelineOptions = {
            cache: cache && memory(),
            execution: { nodes: mode, maps: mode, check: true },
          };
          const error = await rejection(new type().run({ rows: rows() } as never, options as never));
          expect(error).to.be.instanceOf(NodeError).and.to.include({ code: "CHANGED_INPUT", where });
          expect(error.message).to.contain(problem);
        });
      }
    }
    for (const mode of ["threaded", "parallel"] as const satisfies ExecutionMode[]) {
      it(`${type.name}: reports it in threads, ${mode}`, async () => {
        const options: PipelineOptions = { execution: { nodes: mode, maps: mode, check: true } };
        const error = await rejection(new type().run({ rows: rows() } as never, options as never));
        expect(error).to.include({ code: "CHANGED_INPUT" });
        // Of two elements, in two threads, either may be the first.
        const ofAny = (text: string) => text.replace(/(?<=element )\d/, "?");
        expect((error as NodeError).where.replace(/\[\d\]/, "")).to.equal(where.replace(/\[\d\]/, ""));
        expect(ofAny(error.message)).to.contain(ofAny(problem));
      });
    }
  }

  it("is not asked for by default, and finds nothing where nothing is changed", async () => {
    await new Tagging().run({ rows: rows() });
    const inputs = { lines: ["a", "b"], mark: "!" };
    expect(await new Lines().run(inputs, CHECKED)).to.deep.equal(await new Lines().run(inputs));
  });

  it("names all that had the value when it was changed", async () => {
    class Both extends Pipeline {
      @input() xs!: number[];
      @node("xs") async waits(xs: number[]): Promise<number> {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return xs.length;
      }
      @node("xs") async pops(xs: number[]): Promise<number | undefined> {
        await Promise.resolve();
        return xs.pop();
      }
    }
    const error = await rejection(new Both().run({ xs: [1, 2] }, CHECKED));
    expect(error.message).to.contain(
      "Both.pops: it, or Both.waits at the same time, changed the input xs of Both, at [1]",
    );
  });

  it("leaves resources alone, and takes what can't be encoded", async () => {
    class Counted extends Pipeline {
      @input() xs!: number[];
      @input() by!: { readonly get: unknown };
      @resource() counter(): { calls: number } {
        return { calls: 0 };
      }
      @mapOver("xs", "counter") numbers(x: number, counter: { calls: number }): Each<number> {
        return x + counter.calls++ * 0;
      }
      @node("by") a(_: object): number {
        return 1;
      }
      @node("by") b(_: object): number {
        return 2;
      }
    }
    const warnings = await warningsOf(async () => {
      const { numbers } = await new Counted().run({ xs: [1, 2], by: { get: () => 1 } }, CHECKED);
      expect(numbers).to.deep.equal([1, 2]);
    });
    expect(warnings).to.deep.equal([]);
  });

  it("says once of two results that they are, or have, the same object", async () => {
    class Same extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") rows(x: number): Each<Row> {
        return { at: x, tags: [] };
      }
      @node("rows") top(rows: Row[]): Row[] {
        return rows.slice(0, 2);
      }
      @node("top") again(top: Row[]): Row[] {
        return top;
      }
    }
    const warnings = await warningsOf(() => new Same().run({ xs: [1, 2, 3] }, CHECKED));
    expect(warnings).to.deep.equal([
      "HypernodesWarning: Same.rows[0] and Same.top gave the same object: from a cache, or a thread, they are two",
      "HypernodesWarning: Same.top and Same.again gave the same object: from a cache, or a thread, they are two",
      "HypernodesWarning: Same.rows[0] and Same.again gave the same object: from a cache, or a thread, they are two",
    ]);
  });
});

import { expect } from "chai";
import { type Batch, input, mapOver, node, Pipeline, resource } from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("the execution of a pipeline", () => {
  it("uses, for each option, the value of the nearest pipeline that sets it", async () => {
    const { order, Outer } = await import("../support/nested-execution.js");
    await new Outer().run({ x: 1 });
    expect(order).to.deep.equal(["start a", "end a", "start b", "end b"]);
  });

  it("builds a resource when it is first needed, once for all elements", async () => {
    let built = 0;
    class Stateful extends Pipeline {
      @input() value!: number;
      @resource() scale(): { by: number } {
        built++;
        return { by: 10 };
      }
      @node("value", "scale") scaled(value: number, scale: { by: number }): number {
        return value * scale.by;
      }
    }
    const pipeline = new Stateful();
    expect(built).to.equal(0);
    const results = await pipeline.map({ value: [1, 2, 3, 4, 5] }, { over: "value" });
    expect(results.map((r) => r.scaled)).to.deep.equal([10, 20, 30, 40, 50]);
    expect(built).to.equal(1);
  });

  it("calls a batch method once with all elements", async () => {
    const calls: number[][] = [];
    class Batched extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 64 }) tenfold(xs: number[]): Batch<number> {
        calls.push(xs);
        return xs.map((x) => x * 10);
      }
    }
    expect(await new Batched().run({ xs: [1, 2, 3] })).to.deep.equal({ tenfold: [10, 20, 30] });
    expect(calls).to.deep.equal([[1, 2, 3]]);
    expect(await new Batched().run({ xs: [] })).to.deep.equal({ tenfold: [] });
    expect(calls).to.have.length(1);

    class Short extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 64 }) tenfold(xs: number[]): Batch<number> {
        return xs.slice(1);
      }
    }
    const error = await rejection(new Short().run({ xs: [1, 2, 3] }));
    expect(error.message).to.contain("the batch method was given 3 elements and returned 2 values");
  });
});

import { expect } from "chai";
import { input, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { Chain, Diamond, Partly } from "../support/small-pipelines.js";

describe("map", () => {
  class Double extends Pipeline {
    @input() x!: number;
    @node("x") doubled(x: number): number {
      return x * 2;
    }
  }

  it("returns results in the order of the inputs", async () => {
    expect(await new Double().map({ x: [1, 2, 3] }, { over: "x" })).to.deep.equal([
      { doubled: 2 },
      { doubled: 4 },
      { doubled: 6 },
    ]);
  });

  it("runs a chain for each element", async () => {
    expect(await new Chain().map({ x: [1, 2, 3] }, { over: "x" })).to.deep.equal([
      { doubled: 2, result: 3 },
      { doubled: 4, result: 5 },
      { doubled: 6, result: 7 },
    ]);
  });

  it("runs a diamond for each element", async () => {
    const results = await new Diamond().map({ x: [1, 2, 3] }, { over: "x" });
    expect(results.map((r) => r.result)).to.deep.equal([5, 10, 15]);
  });

  class Scale extends Pipeline {
    @input() value!: number;
    @input() factor!: number;
    @node("value", "factor") result(value: number, factor: number): number {
      return value * factor;
    }
  }

  it("gives an input without a list to each element", async () => {
    const results = await new Scale().map({ value: [1, 2, 3], factor: 10 }, { over: "value" });
    expect(results.map((r) => r.result)).to.deep.equal([10, 20, 30]);
  });

  class Labels extends Pipeline {
    @input() id!: number;
    @input() text!: string;
    @input() prefix?: string = "";
    @node("id", "text", "prefix") label(id: number, text: string, prefix: string): string {
      return prefix === "" ? `${id}: ${text.toUpperCase()}` : `${prefix}${id}: ${text}`;
    }
  }

  it("pairs two lists by index", async () => {
    const results = await new Labels().map(
      { id: [1, 2, 3], text: ["hello", "world", "test"] },
      { over: ["id", "text"], mode: "zip" },
    );
    expect(results.map((r) => r.label)).to.deep.equal(["1: HELLO", "2: WORLD", "3: TEST"]);
  });

  it("refuses lists of unequal lengths, and names both lengths", async () => {
    const error = await rejection(new Labels().map({ id: [1, 2], text: ["a"] }, { over: ["id", "text"] }));
    expect(error.message).to.contain('lists of unequal lengths: "id" has 2, "text" has 1');
  });

  it("runs all pairs in a product, and varies the first list slowest", async () => {
    const results = await new Labels().map({ id: [1, 2], text: ["a", "b"] }, { over: ["id", "text"], mode: "product" });
    expect(results.map((r) => r.label)).to.deep.equal(["1: A", "1: B", "2: A", "2: B"]);
    const other = await new Labels().map({ id: [1, 2], text: ["a", "b"] }, { over: ["text", "id"], mode: "product" });
    expect(other.map((r) => r.label)).to.deep.equal(["1: A", "2: A", "1: B", "2: B"]);
  });

  it("pairs two lists by index beside an input without a list", async () => {
    const results = await new Labels().map(
      { id: [1, 2], text: ["hello", "world"], prefix: "MSG-" },
      { over: ["id", "text"] },
    );
    expect(results.map((r) => r.label)).to.deep.equal(["MSG-1: hello", "MSG-2: world"]);
  });

  it("returns only the chosen outputs", async () => {
    class Tripled extends Double {
      @node("doubled") tripled(doubled: number): number {
        return doubled * 3;
      }
    }
    expect(await new Tripled().map({ x: [1, 2, 3] }, { over: "x", outputs: ["tripled"] })).to.deep.equal([
      { tripled: 6 },
      { tripled: 12 },
      { tripled: 18 },
    ]);
  });

  it("refuses a name in over that is not an input, and names it", async () => {
    const error = await rejection(new Double().map({ x: [1] }, { over: "q" as "x" }));
    expect(error.message).to.contain('the option over is "q"');
  });

  it("requires fewer inputs for fewer outputs", async () => {
    const as = await new Partly().map({ x: [1, 2, 3] }, { over: "x", outputs: ["a"] });
    expect(as.map((r) => r.a)).to.deep.equal([2, 3, 4]);
    const error = await rejection(new Partly().map({ x: [1, 2, 3] }, { over: "x", outputs: ["b"] }));
    expect(error.message).to.contain('"y"');
    const bs = await new Partly().map({ x: [1, 2, 3], y: 10 }, { over: "x", outputs: ["b"] });
    expect(bs.map((r) => r.b)).to.deep.equal([12, 13, 14]);
  });

  it("takes a bound list", async () => {
    const bound = new Scale().bind({ value: [1, 2, 3] as unknown as number, factor: 10 });
    const results = await bound.map({} as { value: number[] }, { over: "value" });
    expect(results.map((r) => r.result)).to.deep.equal([10, 20, 30]);
  });

  it("prefers its own lists to bound values", async () => {
    const bound = new Scale().bind({ value: 7, factor: 9 });
    const results = await bound.map({ value: [1, 2], factor: [100, 200] }, { over: ["value", "factor"] });
    expect(results.map((r) => r.result)).to.deep.equal([100, 400]);
  });

  it("refuses an unknown mode before any node runs", async () => {
    const error = await rejection(new Double().map({ x: [1] }, { over: "x", mode: "cross" as "zip" }));
    expect(error.message).to.contain('the option mode is "cross". It takes "zip" or "product".');
  });
});

import { expect } from "chai";
import { input, node, Pipeline } from "../../src/index.js";

class Add extends Pipeline {
  @input() x!: number;
  @input() y!: number;
  @node("x", "y") sum(x: number, y: number): number {
    return x + y;
  }
}

describe("bound inputs", () => {
  it("may be all inputs; a run's own value takes the place of a bound one in that run only", async () => {
    const bound = new Add().bind({ x: 5, y: 10 });
    expect(await bound.run()).to.deep.equal({ sum: 15 });
    expect(await bound.run({ x: 100 })).to.deep.equal({ sum: 110 });
    expect(await bound.run()).to.deep.equal({ sum: 15 });
  });

  it("add up, and can be removed one by one or all", async () => {
    const add = new Add();
    const bound = add.bind({ x: 1 }).bind({ y: 2 });
    expect(await bound.run()).to.deep.equal({ sum: 3 });
    const rebound = bound.bind({ x: 10 });
    expect(await rebound.run()).to.deep.equal({ sum: 12 });
    expect(await rebound.unbind("x").run({ x: 5 })).to.deep.equal({ sum: 7 });
    expect(await rebound.unbind().run({ x: 100, y: 200 })).to.deep.equal({ sum: 300 });
    expect(await (rebound.unbind("nothing" as "x") as typeof rebound).run()).to.deep.equal({ sum: 12 });
    expect(add.boundInputs).to.deep.equal({});
  });

  it("are copied by boundInputs", () => {
    const bound = new Add().bind({ x: 1 });
    (bound.boundInputs as Record<string, unknown>).x = 99;
    expect(bound.boundInputs).to.deep.equal({ x: 1 });
    expect(bound.missingInputs).to.deep.equal(["y"]);
  });
});

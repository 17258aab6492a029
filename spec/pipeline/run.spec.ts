import { expect } from "chai";
import { input, node, output, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { Chain, Diamond, Partly } from "../support/small-pipelines.js";

class Add extends Pipeline {
  @input() x!: number;
  @input() y!: number;
  @node("x", "y") sum(x: number, y: number): number {
    return x + y;
  }
}

describe("a run", () => {
  it("returns the value of a single node, and no input", async () => {
    class Single extends Pipeline {
      @input() x!: number;
      @node("x") result(x: number): number {
        return x + 1;
      }
    }
    expect(await new Single().run({ x: 5 })).to.deep.equal({ result: 6 });
  });

  it("passes a value through a chain of two nodes", async () => {
    expect(await new Chain().run({ x: 5 })).to.deep.equal({ doubled: 10, result: 11 });
  });

  it("passes a value through a chain of three nodes", async () => {
    class Longer extends Pipeline {
      @input() x!: number;
      @node("x") doubled(x: number): number {
        return x * 2;
      }
      @node("doubled") incremented(doubled: number): number {
        return doubled + 1;
      }
      @node("incremented") result(incremented: number): number {
        return incremented ** 2;
      }
    }
    expect(await new Longer().run({ x: 5 })).to.deep.equal({ doubled: 10, incremented: 11, result: 121 });
  });

  it("gives both branches of a diamond to the node that merges them", async () => {
    expect(await new Diamond().run({ x: 5 })).to.deep.equal({ doubled: 10, tripled: 15, result: 25 });
  });

  it("starts at two roots", async () => {
    class Roots extends Pipeline {
      @input() x!: number;
      @input() y!: number;
      @node("x", "y") sum(x: number, y: number): number {
        return x + y;
      }
      @node("x", "y") product(x: number, y: number): number {
        return x * y;
      }
      @node("sum", "product") result(sum: number, product: number): number {
        return sum + product;
      }
    }
    expect(await new Roots().run({ x: 5, y: 3 })).to.deep.equal({ sum: 8, product: 15, result: 23 });
  });

  it("gives several nodes parts of one node's record, by paths", async () => {
    class Multi extends Pipeline {
      @input() x!: number;
      @node("x") both(x: number): { doubled: number; tripled: number } {
        return { doubled: x * 2, tripled: x * 3 };
      }
      @node("both.doubled", "both.tripled") result(doubled: number, tripled: number): number {
        return doubled + tripled;
      }
    }
    expect(await new Multi().run({ x: 5 })).to.deep.equal({ both: { doubled: 10, tripled: 15 }, result: 25 });
  });

  it("allows nodes to be declared in any order", async () => {
    class Reversed extends Pipeline {
      @input() x!: number;
      @node("doubled") result(doubled: number): number {
        return doubled + 1;
      }
      @node("x") doubled(x: number): number {
        return x * 2;
      }
    }
    expect(await new Reversed().run({ x: 5 })).to.deep.equal({ result: 11, doubled: 10 });
  });

  it("runs only the chosen outputs and the nodes that they need", async () => {
    const called: string[] = [];
    class Several extends Pipeline {
      @input() x!: number;
      @node("x") doubled(x: number): number {
        called.push("doubled");
        return x * 2;
      }
      @node("x") tripled(x: number): number {
        called.push("tripled");
        return x * 3;
      }
      @node("doubled") quadrupled(doubled: number): number {
        called.push("quadrupled");
        return doubled * 2;
      }
    }
    expect(await new Several().run({ x: 5 }, { outputs: ["doubled"] })).to.deep.equal({ doubled: 10 });
    expect(called).to.deep.equal(["doubled"]);
    expect(await new Several().run({ x: 5 }, { outputs: ["doubled", "quadrupled"] })).to.deep.equal({
      doubled: 10,
      quadrupled: 20,
    });
    expect(called).not.to.include("tripled");
  });

  it("requires only the inputs that the outputs need", async () => {
    expect(await new Partly().run({ x: 1 }, { outputs: ["a"] })).to.deep.equal({ a: 2 });
    const error = await rejection(new Partly().run({ x: 1 }, { outputs: ["b"] }));
    expect(error.message).to.contain('missing input "y"');
  });

  it("returns the merge of a diamond alone, if it alone is chosen", async () => {
    class Merge extends Pipeline {
      @input() x!: number;
      @node("x") a(x: number): number {
        return x + 1;
      }
      @node("a") b(a: number): number {
        return a * 2;
      }
      @node("b") c(b: number): number {
        return b + 10;
      }
      @node("a") d(a: number): number {
        return a * 3;
      }
      @node("c", "d") e(c: number, d: number): number {
        return c + d;
      }
    }
    expect(await new Merge().run({ x: 5 }, { outputs: ["e"] })).to.deep.equal({ e: 40 });
  });

  it("refuses an unknown output, alone or among others", async () => {
    for (const outputs of [["nonexistent"], ["doubled", "nonexistent"]]) {
      const error = await rejection(new Chain().run({ x: 5 }, { outputs: outputs as ["doubled"] }));
      expect(error.message).to.contain('"nonexistent" is not found in pipeline Chain');
    }
  });

  it("refuses missing inputs before any node runs", async () => {
    const error = await rejection(new Add().run({ x: 1 } as { x: number; y: number }));
    expect(error.message).to.contain('missing input "y" (required: "x" and "y")');
  });

  it("refuses a cycle at construction, with its path", () => {
    class Cyclic extends Pipeline {
      @node("b") a(b: number): number {
        return b;
      }
      @node("a") b(a: number): number {
        return a;
      }
    }
    expect(() => new Cyclic()).to.throw("Cyclic.a: the nodes wait for each other: a -> b -> a");
  });

  it("refuses two roles on one member, and names both", () => {
    class Twice extends Pipeline {
      @input() x!: number;
      // @ts-expect-error the method does not return Output
      @output("x") @node("x") r(x: number): number {
        return x;
      }
    }
    expect(() => new Twice()).to.throw("Twice.r: it has 2 roles: @node and @output");
  });

  it("waits for an async node", async () => {
    class Waiting extends Pipeline {
      @input() x!: number;
      @node("x") async result(x: number): Promise<number> {
        await Promise.resolve();
        return x * 2;
      }
    }
    expect(await new Waiting().run({ x: 5 })).to.deep.equal({ result: 10 });
  });
});

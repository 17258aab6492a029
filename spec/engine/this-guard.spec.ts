import { expect } from "chai";
import { input, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("this, inside a node", () => {
  class Undeclared extends Pipeline {
    @input() x!: number;
    @input() topK?: number = 5;
    private readonly factor = 10;
    private count = 0;
    #secret = 7;
    @node("x") reads(x: number): number {
      return x * this.topK!;
    }
    @node("x") calls(x: number): number {
      return this.reads(x);
    }
    @node("x") writes(x: number): number {
      this.count += x;
      return this.count;
    }
    @node("x") assigns(x: number): number {
      this.topK = x;
      return x;
    }
    @node("x") helps(x: number): number {
      return this.scaled(x) + this.#secret + this.#hidden();
    }
    private scaled(x: number): number {
      return x * this.factor;
    }
    #hidden(): number {
      return this.#secret;
    }
  }

  it("has no inputs and no nodes: they are undeclared dependencies", async () => {
    const reads = await rejection(new Undeclared().run({ x: 1 }, { outputs: ["reads"] }));
    expect(reads.message).to.contain(
      'Undeclared.reads: failed with HypernodesError: Undeclared.topK: a node reads this.topK, which is an input that it does not name. Name "topK" in the node\'s decorator, and take it as a parameter.',
    );
    const calls = await rejection(new Undeclared().run({ x: 1 }, { outputs: ["calls"] }));
    expect(calls.message).to.contain("a node reads this.reads, which is a node that it does not name");
  });

  it("can't be written to", async () => {
    for (const name of ["writes", "assigns"] as const) {
      const error = await rejection(new Undeclared().run({ x: 1 }, { outputs: [name] }));
      expect(error.message).to.contain("return them, or keep them in a @resource");
    }
  });

  it("has the helper methods and constants of the class, private ones too", async () => {
    expect(await new Undeclared().run({ x: 1 }, { outputs: ["helps"] })).to.deep.equal({ helps: 24 });
  });

  it("is an ordinary object in a unit test of the method", () => {
    expect(new Undeclared().reads(3)).to.equal(15);
    expect(new Undeclared().helps(1)).to.equal(24);
  });
});

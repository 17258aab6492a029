import { expect } from "chai";
import { type Each, input, mapOver, type Nested, nested, node, Pipeline } from "../../src/index.js";

describe("a nested pipeline in a pipeline", () => {
  class Inner extends Pipeline {
    @input() x!: number;
    @node("x") doubled(x: number): number {
      return x * 2;
    }
    @node("doubled") incremented(doubled: number): number {
      return doubled + 1;
    }
  }

  it("runs only the picked node and the nodes that it needs", async () => {
    class Outer extends Pipeline {
      @input() x!: number;
      @nested(Inner, { x: "x" }, "incremented") incremented!: Nested<number>;
      @node("incremented") result(incremented: number): number {
        return incremented ** 2;
      }
    }
    expect(await new Outer().run({ x: 5 })).to.deep.equal({ incremented: 11, result: 121 });
  });

  it("works at three levels", async () => {
    class Middle extends Pipeline {
      @input() value!: number;
      @nested(Inner, { x: "value" }, "incremented") inner!: Nested<number>;
    }
    class Outer extends Pipeline {
      @input() x!: number;
      @nested(Middle, { value: "x" }, "inner") middle!: Nested<number>;
      @node("middle") result(middle: number): number {
        return middle ** 2;
      }
    }
    expect(await new Outer().run({ x: 5 }, { outputs: ["result"] })).to.deep.equal({ result: 121 });
  });

  it("works in a pipeline that is mapped", async () => {
    class Outer extends Pipeline {
      @input() x!: number;
      @nested(Inner, { x: "x" }, "doubled") doubled!: Nested<number>;
      @node("doubled") result(doubled: number): number {
        return doubled + 1;
      }
    }
    expect(await new Outer().map({ x: [1, 2, 3] }, { over: "x" })).to.deep.equal([
      { doubled: 2, result: 3 },
      { doubled: 4, result: 5 },
      { doubled: 6, result: 7 },
    ]);
  });

  it("has inputs and outputs under other names", async () => {
    class Clean extends Pipeline {
      @input() passage!: string;
      @node("passage") trimmed(passage: string): string {
        return passage.trim();
      }
      @node("trimmed") cleaned(trimmed: string): string {
        return trimmed.toLowerCase();
      }
    }
    class Outer extends Pipeline {
      @input() document!: string;
      @nested(Clean, { passage: "document" }, "cleaned") processed!: Nested<string>;
    }
    expect(await new Outer().run({ document: "  Hello World  " })).to.deep.equal({ processed: "hello world" });
  });

  it("gives the values that elements share to each of them", async () => {
    class Shared extends Pipeline {
      @input() items!: string[];
      @input() prefix!: string;
      @mapOver("items", "prefix") labels(item: string, prefix: string): Each<string> {
        return `${prefix}: ${item}`;
      }
    }
    const { labels } = await new Shared().run({ items: ["apple", "banana"], prefix: "FRUIT" });
    expect(labels).to.deep.equal(["FRUIT: apple", "FRUIT: banana"]);
  });

  it("may have the same names as another nested pipeline", async () => {
    class A extends Pipeline {
      @input() v!: number;
      @node("v") result(v: number): number {
        return v * 2;
      }
    }
    class B extends Pipeline {
      @input() v!: number;
      @node("v") result(v: number): number {
        return v * 3;
      }
    }
    class Both extends Pipeline {
      @input() v!: number;
      @nested(A, { v: "v" }, "result") a!: Nested<number>;
      @nested(B, { v: "v" }, "result") b!: Nested<number>;
      @node("a", "b") combined(a: number, b: number): number {
        return a + b;
      }
    }
    expect(await new Both().run({ v: 5 })).to.deep.equal({ a: 10, b: 15, combined: 25 });
  });

  const ran: string[] = [];
  class Three extends Pipeline {
    @input() x!: number;
    @node("x") one(x: number): number {
      ran.push("one");
      return x * 2;
    }
    @node("x") two(x: number): number {
      ran.push("two");
      return x * 3;
    }
    @node("two") three(two: number): number {
      ran.push("three");
      return two * 3;
    }
  }

  it("runs only the nodes that are picked, or that paths reach", async () => {
    ran.length = 0;
    class Picked extends Pipeline {
      @input() x!: number;
      @nested(Three, { x: "x" }, "one") mapped!: Nested<number>;
      @node("mapped") final(mapped: number): number {
        ran.push("final");
        return mapped + 100;
      }
    }
    expect(await new Picked().run({ x: 5 })).to.deep.equal({ mapped: 10, final: 110 });
    expect(ran).to.deep.equal(["one", "final"]);

    ran.length = 0;
    class Reached extends Pipeline {
      @input() x!: number;
      @nested(Three, { x: "x" }) all!: Nested<{ one: number; two: number; three: number }>;
      @node("all.one") final(one: number): number {
        ran.push("final");
        return one + 100;
      }
    }
    expect(await new Reached().run({ x: 5 }, { outputs: ["final"] })).to.deep.equal({ final: 110 });
    expect(ran).to.deep.equal(["one", "final"]);
  });
});

import { expect } from "chai";
import {
  type Batch,
  type Each,
  input,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  output,
  Pipeline,
  type RunEvent,
  type RunObserver,
  resource,
} from "../src/index.js";
import { sceneOf } from "../src/view/scene.js";
import { toGraphModel } from "../src/view/to-graph-model.js";
import { rejection } from "./support/rejection.js";

/*
 * What the Python original does and its port must do, by the rows of the table of its behaviours.
 */

class Chain extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
  @node("doubled") result(doubled: number): number {
    return doubled + 1;
  }
}

class Diamond extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
  @node("x") tripled(x: number): number {
    return x * 3;
  }
  @node("doubled", "tripled") result(doubled: number, tripled: number): number {
    return doubled + tripled;
  }
}

class Add extends Pipeline {
  @input() x!: number;
  @input() y!: number;
  @node("x", "y") sum(x: number, y: number): number {
    return x + y;
  }
}

class Partly extends Pipeline {
  @input() x!: number;
  @input() y!: number;
  @node("x") a(x: number): number {
    return x + 1;
  }
  @node("a", "y") b(a: number, y: number): number {
    return a + y;
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

describe("the list of a run's events", () => {
  it("has the start and the end of each node in order, with durations", async () => {
    const events: RunEvent[] = [];
    await new Chain().run({ x: 5 }, { onEvent: (event) => events.push(event) });
    const nodes = events.filter((event) => event.type === "node");
    expect(nodes.map((event) => `${event.phase} ${event.name}`)).to.deep.equal([
      "start doubled",
      "end doubled",
      "start result",
      "end result",
    ]);
    for (const event of nodes) if (event.phase === "end") expect(event.durationMs).to.be.at.least(0);
  });

  it("has those of the run first and last, with its inputs and outputs", async () => {
    const events: RunEvent[] = [];
    await new Chain().run({ x: 5 }, { onEvent: (event) => events.push(event) });
    expect(events[0])
      .to.include({ type: "run", phase: "start", path: "Chain" })
      .and.to.deep.include({ inputs: ["x"] });
    expect(events.at(-1))
      .to.include({ type: "run", phase: "end" })
      .and.to.deep.include({
        outputs: ["doubled", "result"],
      });
    expect(new Set(events.map((event) => event.run)).size).to.equal(1);
  });

  it("emits elements of a map that were in the cache as cached", async () => {
    class Doubles extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") doubled(x: number): Each<number> {
        return x * 2;
      }
    }
    const pipeline = new Doubles().with({ cache: memory() });
    const counts: [executed: number, cached: number][] = [];
    for (const xs of [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ]) {
      const phases: string[] = [];
      await pipeline.run({ xs }, { onEvent: ({ type, phase }) => type === "element" && phases.push(phase) });
      const count = (sought: string) => phases.filter((phase) => phase === sought).length;
      counts.push([count("end"), count("cached")]);
    }
    expect(counts).to.deep.equal([
      [3, 0],
      [0, 3],
      [1, 2],
    ]);
  });

  it("lets the observers of a run share state", async () => {
    const found: unknown[] = [];
    const sets: RunObserver = { onNodeStart: ({ name }, shared) => shared.set(`span_${name}`, name) };
    const reads: RunObserver = { onNodeEnd: ({ name }, shared) => found.push(shared.get(`span_${name}`)) };
    await new Chain().run({ x: 5 }, { onEvent: [sets, reads] });
    expect(found).to.deep.equal(["doubled", "result"]);
  });

  it("refuses an observer that supports only another placement", async () => {
    const error = await rejection(new Chain().run({ x: 5 }, { onEvent: { placements: ["modal"] } }));
    expect(error.message).to.contain('is not compatible with the placement "local"');
  });

  it("gives the observers of the outermost pipeline the events of all nested ones", async () => {
    const { order, Outer } = await import("./support/nested-execution.js");
    const paths = new Set<string>();
    await new Outer().run({ x: 1 }, { onEvent: ({ path }) => paths.add(path) });
    order.splice(0);
    expect(Math.max(...[...paths].map((path) => path.split(".").length))).to.be.at.least(3);
  });
});

describe("the boxes of a nested pipeline", () => {
  it("closes nested pipelines at depth 1, and shows their nodes inside of them at depth 2, each id once", async () => {
    const { Outer } = await import("./support/nested-execution.js");
    const sketch = toGraphModel(new Outer().graph());
    const inner = (depth: number) => sceneOf(sketch, { depth }).boxes.filter(({ parent }) => parent !== undefined);
    expect(inner(1)).to.deep.equal([]);
    expect(inner(2)).not.to.deep.equal([]);
    for (const { id, parent } of inner(2)) expect(id.startsWith(`${parent}.`)).to.equal(true);
    const { boxes, groups } = sceneOf(sketch, { depth: 2 });
    const ids = [...boxes, ...groups].map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });
});

describe("the execution of a pipeline", () => {
  it("uses, for each option, the value of the nearest pipeline that sets it", async () => {
    const { order, Outer } = await import("./support/nested-execution.js");
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

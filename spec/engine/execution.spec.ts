import { createHook } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { planFor } from "../../src/graph/compile-plan.js";
import { input, type Nested, nested, node, Pipeline } from "../../src/index.js";
import { chainOfNodes } from "../support/generated.js";

/** How many promises are made while something runs. */
async function promisesIn(run: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "PROMISE") count++;
    },
  }).enable();
  await run();
  hook.disable();
  return count;
}

describe("an execution", () => {
  it("makes no promise for synchronous nodes", async () => {
    const promises = async (length: number) => {
      const pipeline = new (chainOfNodes(length))() as unknown as { run(inputs: object): Promise<unknown> };
      await pipeline.run({ x: 1 });
      return promisesIn(() => pipeline.run({ x: 1 }));
    };
    expect(await promises(500)).to.equal(await promises(1));
  });

  it("plans once for a class and a choice of outputs", () => {
    class Planned extends Pipeline {
      @input() x!: number;
      @node("x") a(x: number): number {
        return x;
      }
      @node("a") b(a: number): number {
        return a;
      }
    }
    const graph = new Planned().graph();
    expect(planFor(graph)).to.equal(planFor(new Planned().graph()));
    expect(planFor(graph, ["a"])).to.equal(planFor(graph, ["a"]));
    expect(planFor(graph, ["a"])).not.to.equal(planFor(graph));
  });

  it("binds its methods once for a class, and each object sees its own fields and private state", async () => {
    class Scaled extends Pipeline {
      @input() x!: number;
      scale = 1;
      #calls = 0;
      @node("x") scaled(x: number): number {
        return x * this.scale;
      }
      @node("scaled") counted(scaled: number): string {
        this.#calls++;
        return `${scaled} ${this.#calls}`;
      }
    }
    const times = (scale: number): Scaled => Object.assign(new Scaled(), { scale });
    const [two, three] = [times(2), times(3)];
    expect((await two.run({ x: 1 } as never)).counted).to.equal("2 1");
    expect((await three.run({ x: 1 } as never)).counted).to.equal("3 1");
    expect((await two.run({ x: 2 } as never)).counted).to.equal("4 2");
    expect((await new Scaled().run({ x: 5 } as never)).counted).to.equal("5 1");
  });

  it("overlaps independent nested pipelines, and the elements of map, unless it is sequential", async () => {
    const order: string[] = [];
    class Branch extends Pipeline {
      @input() name!: string;
      @node("name") async waited(name: string): Promise<string> {
        order.push(`+${name}`);
        await sleep(2);
        order.push(`-${name}`);
        return name;
      }
    }
    class Both extends Pipeline {
      @input() x!: string;
      @input() y!: string;
      @nested(Branch, { name: "x" }, "waited") a!: Nested<string>;
      @nested(Branch, { name: "y" }, "waited") b!: Nested<string>;
      @node("a", "b") sum(a: string, b: string): string {
        return a + b;
      }
    }
    expect((await new Both().run({ x: "x", y: "y" })).sum).to.equal("xy");
    expect(order.join(" ")).to.equal("+x +y -x -y");
    order.length = 0;
    await new Branch().map({ name: ["1", "2"] }, { over: "name" });
    expect(order.join(" ")).to.equal("+1 +2 -1 -2");
    order.length = 0;
    await new Branch().map({ name: ["1", "2"] }, { over: "name", execution: { maps: "sequential" } });
    expect(order.join(" ")).to.equal("+1 -1 +2 -2");
  });

  it("runs a graph of 10,000 nodes", async () => {
    const pipeline = new (chainOfNodes(10_000))() as unknown as { run(inputs: object): Promise<{ n9999: number }> };
    expect((await pipeline.run({ x: 1 })).n9999).to.equal(10_001);
  });
});

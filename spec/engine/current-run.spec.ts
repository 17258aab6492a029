import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { currentRun, input, node, Pipeline } from "../../src/index.js";

describe("currentRun", () => {
  it("is known in a node, across its awaits and in what it calls; runs side by side have their own", async () => {
    class Seeing extends Pipeline {
      @input() ms!: number;
      @node("ms") async ids(ms: number): Promise<string[]> {
        const ids = [currentRun().id];
        await sleep(ms);
        await (async () => ids.push(currentRun().id))();
        return ids;
      }
    }
    const [a, b] = await Promise.all([new Seeing().run({ ms: 5 }), new Seeing().run({ ms: 1 })]);
    expect(a.ids[0]).to.equal(a.ids[1]);
    expect(b.ids[0]).to.equal(b.ids[1]);
    expect(a.ids[0]).not.to.equal(b.ids[0]);
  });

  it("is not known outside", () => {
    expect(() => currentRun()).to.throw("currentRun(): no node is running");
  });
});

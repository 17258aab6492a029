import { expect } from "chai";
import {
  cached,
  type Each,
  input,
  mapOver,
  memory,
  node,
  type Output,
  output,
  Pipeline,
  type RunEvent,
} from "../../../src/index.js";
import { byMap, called, calls, forgetCalls, Lists } from "../../support/cached.js";
import { countingKeyv, told } from "../../support/caches.js";
import { checkPurity } from "../../support/check-purity.js";

beforeEach(forgetCalls);

describe("a value is read only if something needs it", () => {
  checkPurity();
  it("a fully cached run reads the outputs alone", async () => {
    const { store, valuesRead } = countingKeyv();
    const lists = new Lists().with({ cache: store });
    await lists.run({ xs: [1, 2, 3] });
    valuesRead();
    expect(await lists.run({ xs: [1, 2, 3] })).to.deep.equal({ sum: 63 });
    expect(valuesRead()).to.have.length(1);
    expect(called()).to.equal(
      "scaled(1) next(10) scaled(2) next(20) scaled(3) next(30) sum".split(" ").sort(byMap).join(" "),
    );
  });

  it("and with an observer, too, which receives an event of every element", async () => {
    const { store, valuesRead } = countingKeyv();
    const lists = new Lists().with({ cache: store });
    await lists.run({ xs: [1, 2, 3] });
    valuesRead();
    const events: RunEvent[] = [];
    await lists.run({ xs: [1, 2, 3] }, { onEvent: (event) => events.push(event) });
    // The contents of the lists' elements are read to look each of them up; of values, the output's alone.
    expect(valuesRead().length).to.be.at.most(3);
    expect(told(events, "element")).to.deep.equal([
      ...["element cached Lists.scaled[0]", "element cached Lists.scaled[1]", "element cached Lists.scaled[2]"],
      ...["element cached Lists.next[0]", "element cached Lists.next[1]", "element cached Lists.next[2]"],
    ]);
  });

  it("a node that is computed again to an equal value leaves the nodes after it cached (early cut-off)", async () => {
    @cached(memory())
    class CutOff extends Pipeline {
      @input() x!: number;
      @node("x") sign(x: number): number {
        calls.push("sign");
        return Math.sign(x);
      }
      @node("sign") named(sign: number): string {
        calls.push("named");
        return sign < 0 ? "below" : "above";
      }
      @node("named") shouted(named: string): string {
        calls.push("shouted");
        return named.toUpperCase();
      }
    }
    await new CutOff().run({ x: 1 });
    called();
    expect((await new CutOff().run({ x: 2 })).shouted).to.equal("ABOVE");
    expect(called()).to.equal("sign");
  });

  it("and so does an element of a list", async () => {
    const lists = new Lists().with({ cache: memory() });
    await lists.run({ xs: [1, 2, 3] });
    called();
    await lists.run({ xs: [2, 4, 6], factor: 5 });
    // scaled gives 10, 20, 30 again: a list of the same content.
    expect(called()).to.equal("scaled(2) scaled(4) scaled(6)");
  });

  it("a part of a record is looked up by its own content", async () => {
    const { store, valuesRead } = countingKeyv();
    @cached(store)
    class Parts extends Pipeline {
      @input() xs!: number[];
      @node("xs") split(xs: number[]): { small: number[]; large: number[] } {
        calls.push("split");
        return { small: xs.filter((x) => x < 10), large: xs.filter((x) => x >= 10) };
      }
      @output("split.small") count(small: number[]): Output<number> {
        calls.push("count");
        return small.length;
      }
      @mapOver("split.large") halves(x: number): Each<number> {
        calls.push(`halves(${x})`);
        return x / 2;
      }
      @output("halves") most(halves: number[]): Output<number> {
        calls.push("most");
        return Math.max(...halves);
      }
    }
    await new Parts().run({ xs: [1, 2, 30, 40] });
    called();
    expect(await new Parts().run({ xs: [1, 2, 30, 50] })).to.deep.equal({ count: 2, most: 25 });
    expect(called()).to.equal("split halves(50) most");
    valuesRead();
    expect(await new Parts().run({ xs: [1, 2, 30, 50] })).to.deep.equal({ count: 2, most: 25 });
    expect(called()).to.equal("");
  });
});

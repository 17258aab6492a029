import { expect } from "chai";
import { cached, input, memory, NodeError, node, type Output, output, Pipeline } from "../../../src/index.js";
import { Chain, called, calls, forgetCalls, Lists } from "../../support/cached.js";
import { newSqlite } from "../../support/caches.js";
import { checkPurity } from "../../support/check-purity.js";
import { rejection } from "../../support/rejection.js";

beforeEach(forgetCalls);

describe("a cached pipeline", () => {
  checkPurity();
  it("computes what is new, and nothing twice", async () => {
    const chain = new Chain().with({ cache: memory() });
    expect(await chain.run({ x: 5 })).to.deep.equal({ doubled: 10, result: 11 });
    expect(called()).to.equal("doubled result");
    expect(await chain.run({ x: 5 })).to.deep.equal({ doubled: 10, result: 11 });
    expect(called()).to.equal("");
    expect(await chain.run({ x: 10 })).to.deep.equal({ doubled: 20, result: 21 });
    expect(called()).to.equal("doubled result");
  });

  it("computes a diamond once, in its order", async () => {
    @cached(memory())
    class Diamond extends Pipeline {
      @input() x!: number;
      @node("x") double(x: number): number {
        calls.push("double");
        return 2 * x;
      }
      @node("x") triple(x: number): number {
        calls.push("triple");
        return 3 * x;
      }
      @node("double", "triple") add(double: number, triple: number): number {
        calls.push("add");
        return double + triple;
      }
    }
    for (const [x, expected] of [
      [5, "double triple add"],
      [5, ""],
      [10, "double triple add"],
    ] as const) {
      expect((await new Diamond().run({ x })).add).to.equal(5 * x);
      expect(called()).to.equal(expected);
    }
  });

  it("computes a node that says cache: false each time, and what comes after it only for another value", async () => {
    @cached(memory())
    class Seeded extends Pipeline {
      @input() seed!: number;
      @node("seed", { cache: false }) drawn(seed: number): number {
        calls.push("drawn");
        return seed * 7;
      }
      @node("drawn") after(drawn: number): number {
        calls.push("after");
        return drawn + 1;
      }
    }
    await new Seeded().run({ seed: 1 });
    expect(called()).to.equal("drawn after");
    expect(await new Seeded().run({ seed: 1 })).to.deep.equal({ drawn: 7, after: 8 });
    expect(called()).to.equal("drawn");
  });

  it("knows null and undefined as values", async () => {
    @cached(newSqlite())
    class Nothing extends Pipeline {
      @input() x!: number;
      @node("x") isNull(_: number): null {
        calls.push("isNull");
        return null;
      }
      @node("x") isUndefined(_: number): undefined {
        calls.push("isUndefined");
        return undefined;
      }
    }
    await new Nothing().run({ x: 1 });
    called();
    expect(await new Nothing().run({ x: 1 })).to.deep.equal({ isNull: null, isUndefined: undefined });
    expect(called()).to.equal("");
  });

  it("gives a changed version its own entries, whatever the code", async () => {
    const store = memory();
    const versioned = (version: number | string) => {
      @cached(store)
      class Versioned extends Pipeline {
        @input() x!: number;
        @node("x", { version }) y(x: number): number {
          calls.push(`y under ${version}`);
          return x;
        }
      }
      return new Versioned().run({ x: 1 });
    };
    for (const version of [1, 1, 2, "2", 2]) await versioned(version);
    expect(called()).to.equal("y under 1 y under 2 y under 2");
  });

  it("is cached for one run, or not, as that says", async () => {
    const store = memory();
    await new Chain().run({ x: 1 }, { cache: store });
    await new Chain().run({ x: 1 }, { cache: store });
    expect(called()).to.equal("doubled result");
    await new Chain().with({ cache: store }).run({ x: 1 }, { cache: false });
    expect(called()).to.equal("doubled result");
  });

  it("stores no failure", async () => {
    let fails = true;
    @cached(memory())
    class Failing extends Pipeline {
      @input() x!: number;
      @node("x") before(x: number): number {
        calls.push("before");
        return x;
      }
      @node("before", { onError: "collect" }) y(x: number): number {
        calls.push("y");
        if (fails) throw new RangeError("not yet");
        return x;
      }
    }
    expect((await new Failing().run({ x: 1 })).y).to.be.instanceOf(NodeError);
    fails = false;
    expect((await new Failing().run({ x: 1 })).y).to.equal(1);
    expect(called()).to.equal("before y y");
  });

  it("keeps what was computed before a failure", async () => {
    let fails = true;
    @cached(newSqlite())
    class Failing extends Lists {
      @output("sum") end(sum: number): Output<number> {
        if (fails) throw new RangeError("not yet");
        return sum;
      }
    }
    expect((await rejection(new Failing().run({ xs: [1, 2] }))).message).to.contain("not yet");
    called();
    fails = false;
    expect((await new Failing().run({ xs: [1, 2] })).end).to.equal(32);
    expect(called()).to.equal("");
  });
});

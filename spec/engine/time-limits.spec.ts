import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  currentRun,
  input,
  mapOver,
  type Nested,
  type NodeError,
  node,
  Pipeline,
  TimeoutError,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("timeoutMs", () => {
  it("ends a call that takes too long; the call can see it", async () => {
    let seen = false;
    class Slow extends Pipeline {
      @input() x!: number;
      @node("x", { timeoutMs: 10 }) async slow(x: number): Promise<number> {
        const { signal } = currentRun();
        await sleep(5000, undefined, { signal }).catch(() => {});
        seen = signal.aborted && currentRun().signal === signal;
        return x;
      }
    }
    const error = await rejection<NodeError>(new Slow().run({ x: 1 }));
    expect(error.message).to.contain(
      "Slow.slow: failed with TimeoutError: Slow.slow: it took longer than its timeoutMs of 10 ms",
    );
    expect(error.cause).to.be.instanceOf(TimeoutError);
    await sleep(1);
    expect(seen).to.equal(true);
  });

  it("is per element and attempt, and of a nested pipeline as a whole", async () => {
    let attempts = 0;
    class Inner extends Pipeline {
      @input() x!: number;
      @node("x") async a(x: number): Promise<number> {
        attempts++;
        await sleep(x, undefined, { signal: currentRun().signal });
        return x;
      }
    }
    class Outer extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Inner, { x: "xs" }, "a", { timeoutMs: 100, retries: { times: 1, delayMs: 1 }, onError: "collect" })
      as!: Nested<(number | NodeError)[]>;
    }
    const { as } = await new Outer().run({ xs: [1, 5000, 2] });
    expect([as[0], as[2]]).to.deep.equal([1, 2]);
    expect((as[1] as NodeError).cause).to.be.instanceOf(TimeoutError);
    expect(as[1]).to.include({ attempts: 2, element: 1, where: "Outer.as[1]" });
    expect(attempts).to.equal(4);
  });
});

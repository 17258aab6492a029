import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  AbortError,
  type Each,
  input,
  mapOver,
  type NodeError,
  node,
  Pipeline,
  type RunEvent,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("retries", () => {
  class Flaky extends Pipeline {
    @input() fails!: number;
    @node("fails", { retries: { times: 2, delayMs: 1 } }) sync(fails: number): number {
      if (tries++ < fails) throw new Error(`try ${tries}`);
      return tries;
    }
    @node("fails", { retries: { times: 2, delayMs: 1 } }) async async(fails: number): Promise<number> {
      await sleep(0);
      return this.again(fails);
    }
    private again(fails: number): number {
      if (tries++ < fails) throw new Error(`try ${tries}`);
      return tries;
    }
  }
  let tries = 0;

  for (const name of ["sync", "async"] as const) {
    it(`call again, with growing waits, and then give up: ${name}`, async () => {
      tries = 0;
      expect(await new Flaky().run({ fails: 2 }, { outputs: [name] })).to.deep.equal({ [name]: 3 });
      tries = 0;
      const events: RunEvent[] = [];
      const error = await rejection<NodeError>(
        new Flaky().run({ fails: 9 }, { outputs: [name], onEvent: (event) => events.push(event) }),
      );
      expect(error.message).to.contain("failed after 3 attempts with Error: try 3");
      expect(error.attempts).to.equal(3);
      const retried = events.filter((event) => event.phase === "retried");
      expect(retried.map((event) => `${event.attempt} ${event.delayMs}`)).to.deep.equal(["1 1", "2 2"]);
    });
  }

  it("are per element", async () => {
    const tried = new Map<number, number>();
    class Elements extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { retries: { times: 3, delayMs: 1 } }) each(x: number): Each<number> {
        tried.set(x, (tried.get(x) ?? 0) + 1);
        if (tried.get(x)! <= x) throw new Error("again");
        return x;
      }
    }
    expect((await new Elements().run({ xs: [0, 1, 2, 3] })).each).to.deep.equal([0, 1, 2, 3]);
    expect([...tried.values()]).to.deep.equal([1, 2, 3, 4]);
  });

  it("end when the run is stopped", async () => {
    class Hopeless extends Pipeline {
      @input() x!: number;
      @node("x", { retries: { times: 100, delayMs: 10_000 } }) never(x: number): number {
        throw new Error(`no ${x}`);
      }
    }
    const error = await rejection(new Hopeless().run({ x: 1 }, { signal: AbortSignal.timeout(10) }));
    expect(error).to.be.instanceOf(AbortError);
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  currentRun,
  type Each,
  input,
  mapOver,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
  type RunEvent,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

describe("a node that fails", () => {
  class Essays extends Pipeline {
    @input() essay!: string;
    @node("essay") words(essay: string): string[] {
      return essay.split(" ");
    }
    @node("words") count(words: string[]): number {
      if (words.includes("bad")) throw new RangeError("not counted");
      return words.length;
    }
  }
  class Corpus extends Pipeline {
    @input() texts!: string[];
    @mapOver("texts", Essays, { essay: "texts" }, "count") essays!: Nested<number[]>;
  }

  it("is named by its path also in a class without a name", async () => {
    class Nameless extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        throw new Error(`no ${x}`);
      }
    }
    Object.defineProperty(Nameless, "name", { value: "" });
    const error = await rejection<NodeError>(new Nameless().run({ x: 1 }));
    expect(error.where).to.equal("(anonymous class).y");
    const missing = await rejection(new Nameless().run({} as never));
    expect(missing.message).to.contain('(anonymous class): missing input "x"');
  });

  it("is named by its path through nesting and maps, with its inputs and its cause", async () => {
    const error = await rejection<NodeError>(new Corpus().run({ texts: ["a", "b", "c", "d bad"] }));
    expect(error).to.be.instanceOf(NodeError);
    expect(error.message).to.equal(
      "Corpus.essays[3].count: failed with RangeError: not counted\n  given words = [ 'd', 'bad' ]",
    );
    expect(error).to.include({ code: "NODE_FAILED", where: "Corpus.essays[3].count", node: "essays", element: 3 });
    expect(error.cause).to.be.instanceOf(RangeError);
    expect((error.cause as Error).stack).to.contain("failures.spec.ts");
  });

  it("prints large inputs in bounded space", async () => {
    class Large extends Pipeline {
      @input() list!: number[];
      @input() text!: string;
      @input() evil!: object;
      @node("list", "text", "evil") broken(_list: number[], _text: string, _evil: object): number {
        throw "a string";
      }
    }
    const evil = {
      get [Symbol.toStringTag](): string {
        throw new Error("can't be printed");
      },
    };
    const given = { list: new Array(1_000_000).fill(1), text: "x".repeat(100_000), evil };
    const error = await rejection(new Large().run(given));
    expect(error.message).to.contain("failed with a thrown 'a string'");
    expect(error.message).to.contain("list = [ 1, 1, 1, 1, ... 999996 more items ]");
    expect(error.message.length).to.be.below(1000);
  });

  it("prints errors among its inputs by their messages, without where their code lies", async () => {
    class Shared extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { onError: "collect" }) halves(x: number): Each<number> {
        if (x % 2 === 1) throw new RangeError(`${x} is odd`);
        return x / 2;
      }
      @mapOver("xs", "halves", { onError: "collect" }) indices(x: number, halves: unknown): Each<number> {
        if (x === 2) throw new RangeError("not 2");
        return (halves as number[]).indexOf(x);
      }
    }
    const { indices } = await new Shared().run({ xs: [1, 2, 4, 6, 8] });
    expect((indices[1] as unknown as NodeError).message).to.equal(
      "Shared.indices[1]: failed with RangeError: not 2\n  given xs = 2\n        halves = " +
        "[ NodeError: Shared.halves[0]: failed with RangeError: 1 is odd given xs = 1, 1, 2, 3, ... 1 more item ]",
    );
  });

  it("is reported in the same words whether it throws, rejects, or returns a promise that rejects", async () => {
    class Ways extends Pipeline {
      @input() x!: number;
      @node("x") throwing(x: number): number {
        throw new Error(`no ${x}`);
      }
      @node("x") async rejecting(x: number): Promise<number> {
        throw new Error(`no ${x}`);
      }
      @node("x") returning(x: number): Promise<number> {
        return Promise.reject(new Error(`no ${x}`));
      }
    }
    for (const name of ["throwing", "rejecting", "returning"] as const) {
      for (const onEvent of [undefined, () => {}]) {
        const error = await rejection(new Ways().run({ x: 1 }, { outputs: [name], ...(onEvent && { onEvent }) }));
        expect(error.message).to.equal(`Ways.${name}: failed with Error: no 1\n  given x = 1`);
      }
    }
  });

  it("closes the other maps that are in progress, too", async () => {
    class Two extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async bad(x: number): Promise<Each<number>> {
        await sleep(1);
        throw new Error(`no ${x}`);
      }
      @mapOver("xs") async good(x: number): Promise<Each<number>> {
        await sleep(5000, undefined, { signal: currentRun().signal });
        return x;
      }
    }
    const closed: string[] = [];
    const onEvent = ({ type, phase, path }: RunEvent) => {
      if (phase === "failed") closed.push(`${type} ${path}`);
    };
    await rejection(new Two().run({ xs: [1] }, { onEvent }));
    expect(closed).to.have.members([
      "element Two.bad[0]",
      "map Two.bad",
      "map Two.good",
      "element Two.good[0]",
      "run Two",
    ]);
    expect(closed.at(-1)).to.equal("run Two");
  });

  it("stops the rest: calls in flight see the signal, nothing more starts, and nothing is left running", async () => {
    const log: string[] = [];
    class Stopping extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async slow(x: number): Promise<Each<number>> {
        log.push(`start ${x}`);
        if (x === 1) throw new Error("boom");
        await sleep(1000, undefined, { signal: currentRun().signal }).catch(() => log.push(`stopped ${x}`));
        return x;
      }
      @node("slow") after(slow: number[]): number {
        log.push("after");
        return slow.length;
      }
    }
    await rejection(new Stopping().run({ xs: [0, 1, 2, 3, 4] }, { execution: { maxWorkers: 2 } }));
    expect(log).to.deep.equal(["start 0", "start 1", "stopped 0"]);
  });

  it("under retries or collect stops the other calls that its attempt has started, and only those", async () => {
    const log: string[] = [];
    class Inner extends Pipeline {
      @input() x!: number;
      @node("x") async slow(x: number): Promise<number> {
        await sleep(x === 1 ? 5000 : 5, undefined, { signal: currentRun().signal }).catch(() =>
          log.push(`stopped ${x}`),
        );
        return x;
      }
      @node("x") async quick(x: number): Promise<number> {
        await sleep(1);
        if (x === 1) throw new Error("boom");
        return x;
      }
      @node("slow", "quick") both(slow: number, quick: number): number {
        return slow + quick;
      }
    }
    class Parent extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Inner, { x: "xs" }, "both", { onError: "collect" }) all!: Nested<(number | NodeError)[]>;
    }
    const { all } = await new Parent().run({ xs: [0, 1, 2] });
    expect(all.map((v) => (v instanceof NodeError ? v.where : v))).to.deep.equal([0, "Parent.all[1].quick", 4]);
    expect(log).to.deep.equal(["stopped 1"]);
  });

  it("in a nested pipeline fails by that pipeline's place", async () => {
    class Parent extends Pipeline {
      @input() text!: string;
      @nested(Essays, { essay: "text" }, "count", { retries: { times: 1, delayMs: 1 } }) count!: Nested<number>;
    }
    const error = await rejection<NodeError>(new Parent().run({ text: "bad" }));
    expect(error).to.include({ where: "Parent.count.count", node: "count", attempts: 2 });
    expect(error.message).to.contain("\n  in the last of 2 attempts of Parent.count");
    expect(error.cause).to.be.instanceOf(RangeError);
  });

  describe("has as many attempts as its message says", () => {
    class Flaky extends Pipeline {
      @input() x!: number;
      @node("x", { retries: { times: 1, delayMs: 1 } }) a(x: number): number {
        throw new RangeError(`bad ${x}`);
      }
    }
    class Once extends Pipeline {
      @input() x!: number;
      @nested(Flaky, { x: "x" }, "a") child!: Nested<number>;
    }
    class Each2 extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Once, { x: "xs" }, "child", { onError: "collect" }) all!: Nested<(number | NodeError)[]>;
    }
    class Again extends Pipeline {
      @input() x!: number;
      @nested(Once, { x: "x" }, "child", { retries: { times: 2, delayMs: 1 } }) child!: Nested<number>;
    }
    const streamed = async () => {
      for await (const found of new Once().stream({ x: [1] }, { over: "x", onError: "collect" })) return found;
      return undefined;
    };
    const ways: Record<string, () => Promise<unknown>> = {
      run: () => rejection(new Flaky().run({ x: 1 })),
      "a nested pipeline": () => rejection(new Once().run({ x: 1 })),
      "map()": async () => (await new Flaky().map({ x: [1] }, { over: "x", onError: "collect" }))[0],
      "map() of a nested pipeline": async () =>
        (await new Once().map({ x: [1] }, { over: "x", onError: "collect" }))[0],
      "stream()": streamed,
      "a mapped pipeline": async () => (await new Each2().run({ xs: [1] })).all[0],
      "a nested pipeline that is retried": () => rejection(new Again().run({ x: 1 })),
    };
    for (const [way, failing] of Object.entries(ways)) {
      it(way, async () => {
        const error = (await failing()) as NodeError;
        expect(error).to.be.instanceOf(NodeError);
        const said = [...error.message.matchAll(/(\d+) attempts/g)].map(([, count]) => Number(count));
        expect(said).to.deep.equal(way.endsWith("retried") ? [2, 3] : [2]);
        expect(error.attempts).to.equal(said.at(-1));
      });
    }
  });
});

import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  AbortError,
  currentRun,
  type Each,
  type HypernodesError,
  input,
  mapOver,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
  type RunEvent,
  resource,
  TimeoutError,
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

describe("signal", () => {
  class Slow extends Pipeline {
    @input() x!: number;
    @node("x") async first(x: number): Promise<number> {
      started.push("first");
      await sleep(5000, undefined, { signal: currentRun().signal });
      return x;
    }
    @node("first") second(first: number): number {
      started.push("second");
      return first;
    }
  }
  const started: string[] = [];

  it("stops a run inside its async nodes, with the reason as the cause", async () => {
    started.length = 0;
    const controller = new AbortController();
    const running = rejection<AbortError>(new Slow().run({ x: 1 }, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error("enough")), 5);
    const error = await running;
    expect(error).to.be.instanceOf(AbortError).and.to.include({ name: "AbortError", code: "ABORTED" });
    expect((error.cause as Error).message).to.equal("enough");
    expect(started).to.deep.equal(["first"]);
  });

  it("stops a run whose nodes do not look at it", async () => {
    class Deaf extends Pipeline {
      @input() x!: number;
      @node("x") never(_x: number): Promise<number> {
        return new Promise(() => {});
      }
    }
    const error = await rejection(new Deaf().run({ x: 1 }, { signal: AbortSignal.timeout(5) }));
    expect(error).to.be.instanceOf(AbortError);
  });

  it("stops a run between synchronous nodes and elements", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    class Synchronous extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") each(x: number): Each<number> {
        seen.push(x);
        if (x === 1) controller.abort();
        return x;
      }
      @node("each") after(each: number[]): number {
        seen.push(99);
        return each.length;
      }
    }
    const error = await rejection(new Synchronous().run({ xs: [0, 1, 2] }, { signal: controller.signal }));
    expect(error).to.be.instanceOf(AbortError);
    expect(seen).to.deep.equal([0, 1]);
  });

  it("ends maps in nested pipelines, with their closing events, and their resources are disposed of", async () => {
    const log: string[] = [];
    class Inner extends Pipeline {
      @input() ms!: number[];
      @resource() handle(): Disposable {
        return { [Symbol.dispose]: () => void log.push("disposed") };
      }
      @mapOver("ms", "handle") async waited(ms: number, _handle: Disposable): Promise<Each<number>> {
        // It ends early, but without an error.
        await sleep(ms, undefined, { signal: currentRun().signal }).catch(() => {});
        return ms;
      }
    }
    class Outer extends Pipeline {
      @input() lists!: number[][];
      @mapOver("lists", Inner, { ms: "lists" }, "waited") all!: Nested<number[][]>;
    }
    const controller = new AbortController();
    const onEvent = ({ type, phase, path }: RunEvent) => {
      if (type === "map" || type === "run") log.push(`${type} ${phase} ${path}`);
    };
    const lists = [[1], [5000, 5000, 5000]];
    const running = rejection(
      new Outer().run({ lists }, { signal: controller.signal, onEvent, execution: { maxWorkers: 2 } }),
    );
    setTimeout(() => controller.abort(), 20);
    expect((await running).name).to.equal("AbortError");
    expect(log.slice(-4)).to.deep.equal([
      "map failed Outer.all[1].waited",
      "map failed Outer.all",
      "disposed",
      "run failed Outer",
    ]);
  });

  it("that is aborted already lets nothing start", async () => {
    started.length = 0;
    await rejection(new Slow().run({ x: 1 }, { signal: AbortSignal.abort() }));
    expect(started).to.deep.equal([]);
  });

  it("is not held on to by a run that has ended", async () => {
    const controller = new AbortController();
    class Quick extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    await new Quick().run({ x: 1 }, { signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).to.deep.equal([]);
  });
});

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

describe("resources", () => {
  const log: string[] = [];
  class Handle {
    constructor(readonly name: string) {
      log.push(`build ${name}`);
    }
    [Symbol.dispose](): void {
      log.push(`dispose ${this.name}`);
    }
  }
  class AsyncHandle {
    async [Symbol.asyncDispose](): Promise<void> {
      await sleep(1);
      log.push("dispose async");
    }
  }
  class Using extends Pipeline {
    @input() xs!: number[];
    @input() name?: string = "one";
    @resource("name") handle(name: string): Handle {
      return new Handle(name);
    }
    @resource("handle") async second(handle: Handle): Promise<AsyncHandle> {
      await sleep(1);
      log.push(`build async on ${handle.name}`);
      return new AsyncHandle();
    }
    @mapOver("xs", "second") each(x: number, _second: AsyncHandle): Each<number> {
      if (x < 0) throw new Error("negative");
      return x;
    }
    @node("xs", "second", "handle") other(xs: number[], _second: AsyncHandle, _handle: Handle): number {
      return xs.length;
    }
  }
  beforeEach(() => {
    log.length = 0;
  });
  const WHOLE = ["build one", "build async on one", "dispose async", "dispose one"];

  it("are built once, and disposed of in reverse when the run ends", async () => {
    expect(await new Using().run({ xs: [1, 2] })).to.deep.equal({ each: [1, 2], other: 2 });
    expect(log).to.deep.equal(WHOLE);
  });

  it("are disposed of after a failure too", async () => {
    await rejection(new Using().run({ xs: [1, -2] }));
    expect(log).to.deep.equal(WHOLE);
  });

  it("that can't be disposed of are named, with what was thrown, by each way to dispose", async () => {
    const fail = (name: string) => {
      throw new RangeError(name);
    };
    const ways: Record<string, (name: string) => object> = {
      "throws at once": (name) => ({ [Symbol.dispose]: () => fail(name) }),
      "rejects where nothing is awaited": (name) => ({ [Symbol.dispose]: async () => fail(name) }),
      rejects: (name) => ({ [Symbol.asyncDispose]: async () => fail(name) }),
      "throws where a promise is expected": (name) => ({ [Symbol.asyncDispose]: () => fail(name) }),
    };
    for (const [way, make] of Object.entries(ways)) {
      class Inner extends Pipeline {
        @resource() base(): object {
          return make("base");
        }
        @node("base") inner(_base: object): number {
          return 1;
        }
      }
      class Holding extends Pipeline {
        @resource() first(): object {
          return make("first");
        }
        @resource("first") second(_first: object): object {
          return make("second");
        }
        @nested(Inner, {}) child!: Nested<{ inner: number }>;
        @node("first") one(_first: object): number {
          return 1;
        }
        @node("second") two(_second: object): number {
          return 2;
        }
      }
      const alone = await rejection<HypernodesError>(new Holding().run({}, { outputs: ["one"] }));
      expect(alone.code, way).to.equal("DISPOSE_FAILED");
      expect(alone.message).to.equal("Holding.first: the resource could not be disposed of: RangeError: first");
      const child = await rejection<HypernodesError>(new Holding().run({}, { outputs: ["child"] }));
      expect(child.where).to.equal("Inner.base");
      const both = await rejection<HypernodesError>(new Holding().run({}, { outputs: ["one", "two"] }));
      expect(both.message).to.equal(
        "Holding.second, Holding.first: 2 resources could not be disposed of: Holding.second: RangeError: second; Holding.first: RangeError: first",
      );
    }
  });

  it("are not built when nothing needs them", async () => {
    await new Using().run({ xs: [] }, { outputs: ["each"] });
    expect(log).to.deep.equal([]);
  });

  it("are shared by all elements of map and by the pipelines nested in them", async () => {
    class Parent extends Pipeline {
      @input() lists!: number[][];
      @mapOver("lists", Using, { xs: "lists" }, "each") all!: Nested<number[][]>;
    }
    expect(await new Parent().run({ lists: [[1], [2, 3], [4]] })).to.deep.equal({ all: [[1], [2, 3], [4]] });
    expect(log).to.deep.equal(WHOLE);
    log.length = 0;
    await new Using().map({ xs: [[1], [2]] }, { over: "xs", outputs: ["each"] });
    expect(log).to.deep.equal(WHOLE);
  });

  it("are built again where the values that they are built from differ", async () => {
    await new Using().map({ xs: [[1], [2]], name: ["a", "b"] }, { over: ["xs", "name"], outputs: ["each"] });
    expect(log.filter((entry) => entry.startsWith("build") && !entry.includes("async"))).to.deep.equal([
      "build a",
      "build b",
    ]);
    expect(log.filter((entry) => entry.startsWith("dispose"))).to.have.length(4);
  });

  it("that fail to be built fail the run by name; one that fails to be disposed of fails a run that had not failed", async () => {
    class Broken extends Pipeline {
      @input() x!: number;
      @resource() bad(): object {
        throw new Error("no model");
      }
      @resource() worse(): Disposable {
        return {
          [Symbol.dispose]() {
            throw new Error("stuck");
          },
        };
      }
      @node("x", "bad") a(x: number, _bad: object): number {
        return x;
      }
      @node("x", "worse") b(x: number, _worse: Disposable): number {
        return x;
      }
    }
    const bad = await rejection(new Broken().run({ x: 1 }, { outputs: ["a"] }));
    expect(bad.message).to.equal("Broken.bad: the resource could not be built: Error: no model");
    const ends: string[] = [];
    const onEvent = (event: RunEvent) => event.type === "run" && ends.push(event.phase);
    const worse = await rejection(new Broken().run({ x: 1 }, { outputs: ["b"], onEvent }));
    expect(ends).to.deep.equal(["start", "failed"]);
    expect(worse.message).to.equal("Broken.worse: the resource could not be disposed of: Error: stuck");
  });

  it("given by the caller are used, and not disposed of", async () => {
    const handle = new Handle("given");
    await new Using().run({ xs: [1] }, { given: { handle } });
    expect(log).to.deep.equal(["build given", "build async on given", "dispose async"]);
  });

  it("of an open pipeline live from run to run, until it is disposed of", async () => {
    const open = new Using().open();
    await open.run({ xs: [1] });
    await open.bind({ xs: [1] }).run();
    await rejection(open.run({ xs: [-1] }));
    expect(log).to.deep.equal(["build one", "build async on one"]);
    await open[Symbol.asyncDispose]();
    expect(log).to.deep.equal(WHOLE);
    const error = await rejection(open.run({ xs: [1] }));
    expect(error.message).to.contain("the pipeline that owns this resource was disposed of");
  });

  it("can't be outputs, and are none of the nodes that a pipeline returns", async () => {
    class Returning extends Pipeline {
      @resource() handle(): Handle {
        return new Handle("one");
      }
      @node("handle") name(handle: Handle): string {
        return handle.name;
      }
    }
    expect(await new Returning().run()).to.deep.equal({ name: "one" });
    const error = await rejection(new Returning().run({}, { outputs: ["handle"] }));
    expect(error.message).to.contain('"handle" is a resource and can\'t be an output');
  });
});

describe("events", () => {
  it("are emitted for every part, and a run that fails has its closing events", async () => {
    class Told extends Pipeline {
      @input() xs!: number[];
      @resource() handle(): Disposable {
        return { [Symbol.dispose]() {} };
      }
      @mapOver("xs", "handle") each(x: number, _handle: Disposable): Each<number> {
        if (x < 0) throw new Error("negative");
        return x;
      }
    }
    const told = async (xs: number[]) => {
      const events: RunEvent[] = [];
      await new Told().run({ xs }, { onEvent: (event) => events.push(event) }).catch(() => {});
      expect(events.map((event) => event.at)).to.deep.equal(events.map((event) => event.at).sort((a, b) => a - b));
      return events.map((event) => `${event.type} ${event.phase} ${event.path}`);
    };
    expect(await told([1])).to.deep.equal([
      "run start Told",
      "map start Told.each",
      "resource start Told.handle",
      "resource end Told.handle",
      "element start Told.each[0]",
      "element end Told.each[0]",
      "map end Told.each",
      "resource disposed Told.handle",
      "run end Told",
    ]);
    expect((await told([-1])).slice(4)).to.deep.equal([
      "element start Told.each[0]",
      "element failed Told.each[0]",
      "map failed Told.each",
      "resource disposed Told.handle",
      "run failed Told",
    ]);
  });

  it("do not disturb the run when their listener throws", async () => {
    class Quiet extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    const warnings: Error[] = [];
    const hear = (warning: Error) => warnings.push(warning);
    process.on("warning", hear);
    const onEvent = () => {
      throw new Error("reader");
    };
    expect(await new Quiet().run({ x: 1 }, { onEvent })).to.deep.equal({ y: 1 });
    const onEventLater = async () => onEvent();
    expect(await new Quiet().run({ x: 1 }, { onEvent: onEventLater })).to.deep.equal({ y: 1 });
    await sleep(1);
    process.off("warning", hear);
    expect(warnings.map((w) => w.message)).to.deep.equal([
      "an event listener threw: onEvent: Error: reader",
      "an event listener threw: onEventLater: Error: reader",
    ]);
  });
});

import { expect } from "chai";
import {
  type Batch,
  currentRun,
  type Each,
  execution,
  input,
  mapOver,
  memory,
  type Nested,
  nested,
  node,
  Pipeline,
  type PipelineOptions,
  type RunEvent,
  resource,
} from "../../../src/index.js";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Counts until it is to stop. */
async function counted(): Promise<number> {
  const { signal } = currentRun();
  let n = 0;
  for (; n < 12 && !signal.aborted; n++) await sleep(5);
  return n;
}

/** Gives another value if it is to stop. */
function orNothing(): Promise<string> {
  const { signal } = currentRun();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("whole"), 60);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve("nothing");
    });
  });
}

@execution({ maps: "async", nodes: "async" })
class Cut extends Pipeline {
  @input() x!: number;
  @input() failing?: number = -1;
  @node("x") counting(_x: number): Promise<number> {
    return counted();
  }
  @node("x") caught(_x: number): Promise<string> {
    return orNothing();
  }
  @node("x") made(_x: number): Promise<Iterator<number>> {
    return counted().then((n) => [n].values());
  }
  @node("x", "failing") async other(x: number, failing?: number): Promise<number> {
    await sleep(20);
    if (x === failing) throw new Error("it fails");
    return x;
  }
}

@execution({ maps: "async", nodes: "async" })
class Cuts extends Pipeline {
  @input() xs!: number[];
  @input() failing?: number = -1;
  @mapOver("xs", Cut, { x: "xs" }, { onError: "collect" }) some!: Nested<unknown[]>;
  @mapOver("xs", Cut, { x: "xs", failing: "failing" }, { onError: "collect" }) all!: Nested<unknown[]>;
}

/** Looks at the clock as often as at its signal: no event comes while it loops. */
class Looping extends Pipeline {
  @input() x!: number;
  @node("x") looped(_x: number): string {
    const { signal } = currentRun();
    const end = performance.now() + 60;
    while (performance.now() < end) if (signal.aborted) return "nothing";
    return "whole";
  }
}

class TimedLoop extends Pipeline {
  @input() x!: number;
  @nested(Looping, { x: "x" }, { timeoutMs: 20 }) loop!: Nested<unknown>;
}

@execution({ nodes: "async" })
class Timed extends Pipeline {
  @input() x!: number;
  @nested(Cut, { x: "x" }, { timeoutMs: 20 }) cut!: Nested<unknown>;
}

@execution({ maps: "async" })
class CutElements extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") each(_x: number): Promise<Each<number>> {
    return counted() as Promise<Each<number>>;
  }
  @mapOver("xs", { batch: 2 }) batched(xs: number[]): Promise<Batch<number>> {
    return counted().then((n) => xs.map(() => n) as Batch<number>);
  }
}

/** Aborts a run soon after the first of its calls has begun. */
function abortSoon(): { signal: AbortSignal; onEvent(event: RunEvent): void } {
  const controller = new AbortController();
  const onEvent = (event: RunEvent) => {
    if (event.type !== "run" && event.type !== "cache" && event.phase === "start")
      setTimeout(() => controller.abort(), 20);
  };
  return { signal: controller.signal, onEvent };
}

type Run = (options: PipelineOptions) => Promise<unknown>;

/** Runs that end before some of their nodes have, by what ends them; each in its own pipeline, of which the parts are run again. */
const ENDS: Readonly<Record<string, Run>> = {
  "its signal": (options) => new Cut().run({ x: 1 }, { ...options, ...abortSoon() }),
  "another node that fails": (options) => new Cut().run({ x: 1, failing: 1 }, options),
  "another node that fails in a nested pipeline whose errors are collected": (options) =>
    new Cuts().run({ xs: [1, 2], failing: 1 }, { ...options, outputs: ["all"] }),
  "the time limit of a nested pipeline": (options) => new Timed().run({ x: 1 }, options),
  "the time limit of a nested pipeline, as a loop sees it": (options) => new TimedLoop().run({ x: 1 }, options),
  "the signal of a map": (options) => new CutElements().run({ xs: [1, 2] }, { ...options, ...abortSoon() }),
};

const WHOLE: readonly Run[] = [
  (options) => new Cut().run({ x: 1 }, options),
  (options) => new Cuts().run({ xs: [1, 2] }, { ...options, outputs: ["some"] }),
  (options) => new Looping().run({ x: 1 }, options),
  (options) => new CutElements().run({ xs: [1, 2] }, options),
];

describe("what a node gives after it was to stop is not cached", () => {
  for (const [what, run] of Object.entries(ENDS)) {
    it(`by ${what}`, async () => {
      const cache = memory();
      await run({ cache }).catch(() => {});
      await sleep(80);
      for (const whole of WHOLE) expect(await whole({ cache })).to.deep.equal(await whole({ cache: false }));
    });
  }

  it("nor what a node computes with a resource that was to stop, in a pipeline that is open", async () => {
    class Opened extends Pipeline {
      @input() x!: number;
      @resource() async length(): Promise<{ n: number }> {
        return { n: await counted() };
      }
      @resource() plain(): Promise<number> {
        return counted();
      }
      @node("x", "length") times(x: number, { n }: { n: number }): number {
        return x * n;
      }
      @node("x", "plain") timesPlain(x: number, plain: number): number {
        return x * plain;
      }
    }
    for (const name of ["times", "timesPlain"] as const) {
      const cache = memory();
      await using open = new Opened().open();
      await open.run({ x: 1 }, { cache, outputs: [name], ...abortSoon() }).catch(() => {});
      expect(await open.run({ x: 1 }, { cache, outputs: [name] })).to.deep.equal({ [name]: 12 });
      expect(await new Opened().run({ x: 1 }, { cache, outputs: [name] })).to.deep.equal({ [name]: 12 });
    }
  });

  it("while what has ended before is", async () => {
    const cache = memory();
    await new Cut().run({ x: 1, failing: 1 }, { cache }).catch(() => {});
    expect((await cache.stats()).entries).to.equal(0);
    await new Cut().run({ x: 1 }, { cache, outputs: ["counting"] });
    await new Cut().run({ x: 1, failing: 1 }, { cache }).catch(() => {});
    const { nodes } = await cache.stats();
    expect(nodes.filter(({ entries }) => entries > 0).map(({ node }) => node)).to.deep.equal(["counting"]);
  });
});

import { setImmediate as turn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import fc from "fast-check";
import { currentRun, type Each, execution, input, mapOver, NodeError, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";

const MAX_IN_FLIGHT = 16;

/** The end of a call: after so many turns of the event loop, and with that. */
const call = fc.record({
  turns: fc.integer({ min: 0, max: 3 }),
  value: fc.oneof(
    fc.constantFrom<unknown>(undefined, null, 0, -0, Number.NaN, 7n, "text", true),
    fc.constantFrom<unknown>([], [1, [2]], {}, new Date(0), new Map([[1, 2]])),
    fc.array(fc.integer()).map((list) => new Iterated(list)),
  ),
});

/** An iterator over a list, which has to become that list. */
class Iterated {
  constructor(readonly list: readonly number[]) {}
}

const calls: { inFlight: number; most: number; readonly runs: Set<string> } = { inFlight: 0, most: 0, runs: new Set() };

class Calls extends Pipeline {
  @input() xs!: { turns: number; value: unknown }[];
  @mapOver("xs") async ended({ turns, value }: { turns: number; value: unknown }): Promise<Each<unknown>> {
    calls.most = Math.max(calls.most, ++calls.inFlight);
    for (let i = 0; i < turns; i++) await turn();
    calls.runs.add(currentRun().id);
    calls.inFlight--;
    return value instanceof Iterated ? value.list.values() : value;
  }
}

describe("a map of an async method", () => {
  it("gives each value in its place, and has at most 16 calls in flight (property)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (xs) => {
        Object.assign(calls, { inFlight: 0, most: 0 });
        calls.runs.clear();
        const { ended } = await new Calls().run({ xs });
        expect(ended).to.deep.equal(xs.map(({ value }) => (value instanceof Iterated ? value.list : value)));
        expect(Object.keys(ended)).to.have.lengthOf(xs.length);
        const whole = xs.every(({ turns }) => turns > 0);
        expect(calls.most)
          .to.be.at.most(MAX_IN_FLIGHT)
          .and.at.least(whole ? Math.min(xs.length, MAX_IN_FLIGHT) : 0);
        expect(calls.runs.size).to.equal(Math.min(xs.length, 1));
      }),
      { numRuns: 60 },
    );
  });

  it("ends with the first error, names its element, and starts no more (property)", async () => {
    const length = 50;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.boolean(), async (bad, isLate) => {
        const started: number[] = [];
        class Fails extends Pipeline {
          @input() xs!: number[];
          @mapOver("xs") async checked(x: number): Promise<Each<number>> {
            started.push(x);
            if (isLate) await turn();
            if (x === bad) throw new Error("bad");
            return x;
          }
        }
        const error = await rejection(new Fails().run({ xs: Array.from({ length }, (_, i) => i) }));
        expect(error).to.be.instanceOf(NodeError);
        expect(error.message).to.contain(`Fails.checked[${bad}]`);
        const before = started.length;
        await turn();
        await turn();
        expect(started.length)
          .to.equal(before)
          .and.be.at.most(bad + MAX_IN_FLIGHT);
      }),
      { numRuns: 40 },
    );
  });

  it("starts no more after the run was aborted", async () => {
    const controller = new AbortController();
    let started = 0;
    class Aborted extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async next(x: number): Promise<Each<number>> {
        if (++started === 20) controller.abort();
        return x;
      }
    }
    const xs = Array.from({ length: 100 }, (_, i) => i);
    await rejection(new Aborted().run({ xs }, { signal: controller.signal }));
    await turn();
    expect(started).to.equal(20);
  });

  it("runs beside other maps and nodes, which wait for none of its elements", async () => {
    const order: string[] = [];
    class Beside extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") async slow(x: number): Promise<Each<number>> {
        await turn();
        order.push("slow");
        return x;
      }
      @mapOver("xs") async quick(x: number): Promise<Each<number>> {
        return x + 1;
      }
      @node("quick") sum(quick: number[]): number {
        order.push("sum");
        return quick.reduce((a, b) => a + b, 0);
      }
      @mapOver("quick") async again(x: number): Promise<Each<number>> {
        return x * 2;
      }
    }
    const xs = Array.from({ length: 40 }, (_, i) => i);
    expect(await new Beside().run({ xs }, { outputs: ["slow", "sum", "again"] })).to.deep.equal({
      slow: xs,
      sum: 820,
      again: xs.map((x) => (x + 1) * 2),
    });
    expect(order.indexOf("sum")).to.be.below(order.lastIndexOf("slow"));
  });

  @execution({ maps: "sequential" })
  class OneByOne extends Calls {}

  it("has one call in flight in a sequential run", async () => {
    Object.assign(calls, { inFlight: 0, most: 0 });
    const xs = Array.from({ length: 10 }, (_, i) => ({ turns: i % 3, value: i }));
    expect((await new OneByOne().run({ xs })).ended).to.deep.equal(xs.map(({ value }) => value));
    expect(calls.most).to.equal(1);
  });

  it("takes functions that only look async as what they are (table)", async () => {
    const other: (x: number) => Promise<number> = runInNewContext("async (x) => x + 1");
    const methods: Readonly<Record<string, (x: number) => unknown>> = {
      "of another realm": other,
      "a proxy that gives a value": new Proxy(async (x: number) => x, { apply: (_, __, [x]) => x + 1 }),
      "a proxy that gives a promise": new Proxy(async (x: number) => x + 1, {}),
      bound: (async (x: number) => x + 1).bind(undefined),
      "of another prototype": Object.setPrototypeOf((x: number) => x + 1, (async () => {}).constructor.prototype),
    };
    for (const [what, method] of Object.entries(methods)) {
      class Odd extends Pipeline {
        @input() xs!: number[];
      }
      Object.defineProperty(Odd.prototype, "next", { value: method, writable: true, configurable: true });
      const decorate = mapOver("xs" as never) as unknown as (...member: unknown[]) => void;
      decorate(Odd.prototype, "next", Object.getOwnPropertyDescriptor(Odd.prototype, "next"));
      const xs = Array.from({ length: 40 }, (_, i) => i);
      const found = (await new Odd().run({ xs } as never)) as unknown as { next: number[] };
      expect(found.next, what).to.deep.equal(xs.map((x) => x + 1));
    }
  });
});

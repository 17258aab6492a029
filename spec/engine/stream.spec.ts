import { EventEmitter, on, once } from "node:events";
import { createReadStream, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Min } from "class-validator";
import {
  currentRun,
  InputError,
  input,
  memory,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
  type RunEvent,
  resource,
} from "../../src/index.js";
import { newFolder } from "../support/caches.js";
import { rejection } from "../support/rejection.js";
import { Chain, Halves, Partly } from "../support/small-pipelines.js";
import { Bounds } from "../values/pipelines.js";

class Wait extends Pipeline {
  @input() @Min(0) ms!: number;
  @input() factor?: number = 1;
  @node("ms", "factor") async waited(ms: number, factor: number): Promise<number> {
    active++;
    most = Math.max(most, active);
    await sleep(ms, undefined, { signal: currentRun().signal }).finally(() => active--);
    if (ms === 13) throw new Error("unlucky");
    return ms * factor;
  }
}
let active = 0;
let most = 0;

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const result of results) found.push(result);
  return found;
}

describe("stream", () => {
  it("gives each result as it finishes", async () => {
    const results = await all(new Wait().stream({ ms: [400, 1, 20], factor: 2 }, { over: "ms" }));
    expect(results).to.deep.equal([{ waited: 2 }, { waited: 40 }, { waited: 800 }]);
  });

  it("gives nothing for an empty list", async () => {
    expect(await all(new Wait().stream({ ms: [] }, { over: "ms" }))).to.deep.equal([]);
  });

  it("takes an async iterable, and pulls from it no faster than its results are taken", async () => {
    let pulled = 0;
    let closed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) {
          pulled++;
          yield i % 2;
        }
      } finally {
        closed = true;
      }
    }
    most = 0;
    let taken = 0;
    for await (const _ of new Wait().stream({ ms: source() }, { over: "ms", execution: { maxWorkers: 4 } })) {
      taken++;
      expect(pulled - taken).to.be.at.most(4);
      await sleep(1);
      if (taken === 20) break;
    }
    expect(most).to.be.at.most(4);
    await sleep(1);
    expect(closed).to.equal(true);
    expect(active).to.equal(0);
  });

  it("loses nothing of a source that emits whether it is read or not", async () => {
    const file = path.join(newFolder("stream"), "lines");
    const lines = Array.from({ length: 20_000 }, (_, i) => String(i % 2));
    writeFileSync(file, `${lines.join("\n")}\n`);
    const reader = () => createInterface({ input: createReadStream(file) });
    /** Emits its numbers as soon as it can; an iterator gives those that come after it was asked for. */
    class Emitter extends EventEmitter {
      constructor(readonly count: number) {
        super();
        process.nextTick(() => {
          for (let i = 0; i < count; i++) this.emit("number", i);
        });
      }
      [Symbol.asyncIterator](): AsyncIterator<number> {
        const { count } = this;
        const numbers = on(this, "number");
        return (async function* () {
          for (let i = 0; i < count; i++) yield ((await numbers.next()).value as [number])[0];
        })();
      }
    }
    const count = async (results: AsyncIterable<unknown>) => {
      let number = 0;
      for await (const _ of results) number++;
      return number;
    };
    class Take extends Pipeline {
      @input() one!: string | number;
      @input() other?: string | number = 0;
      @node("one", "other") both(one: string | number, other: string | number): string {
        return `${one} ${other}`;
      }
    }
    const seen: RunEvent[] = [];
    for (const options of [{}, { onEvent: (event: RunEvent) => seen.push(event) }, { cache: memory() }] as const) {
      const take = new Take();
      const over = { over: "one", ...options } as const;
      expect(await count(take.stream({ one: reader() }, over))).to.equal(lines.length);
      expect(await count(take.stream({ one: new Emitter(50) as never }, over))).to.equal(50);
      const two = { over: ["one", "other"], ...options } as const;
      expect(await count(take.stream({ one: reader(), other: lines }, two))).to.equal(lines.length);
      expect(await count(take.stream({ one: lines.slice(0, 30), other: new Emitter(30) as never }, two))).to.equal(30);
      const later = take.stream({ one: reader() }, over);
      await sleep(20);
      expect(await count(later)).to.equal(lines.length);
    }
    expect(seen.length).to.be.above(3 * lines.length);
  });

  it("goes over several sources by index, or over all pairs of which only the first may be endless", async () => {
    class Pair extends Pipeline {
      @input() a!: number;
      @input() b!: string;
      @node("a", "b") pair(a: number, b: string): string {
        return a + b;
      }
    }
    async function* numbers() {
      for (let i = 0; ; i++) yield i;
    }
    async function* two() {
      yield "x";
      yield "y";
    }
    const crossed: string[] = [];
    for await (const { pair } of new Pair().stream({ a: numbers(), b: two() }, { over: ["a", "b"], mode: "product" })) {
      if (crossed.push(pair) === 5) break;
    }
    expect(crossed).to.deep.equal(["0x", "0y", "1x", "1y", "2x"]);
    const zipped = new Pair().stream({ a: [1, 2], b: two() }, { over: ["a", "b"] });
    expect(await all(zipped)).to.deep.equal([{ pair: "1x" }, { pair: "2y" }]);
    const error = await rejection(all(new Pair().stream({ a: [1, 2, 3], b: two() }, { over: ["a", "b"] })));
    expect(error.message).to.contain('lists of unequal lengths: "a" has more than 2, "b" has 2');
  });

  for (const maps of ["sequential", "async", "threaded", "parallel"] as const) {
    const execution = { maps, maxWorkers: 4 } as const;

    it(`gives a result before the source has its next element, which may depend on that result, ${maps}`, async () => {
      const answers = new EventEmitter();
      async function* questions() {
        for (let x = 1; x < 100; [x] = (await answered) as [number]) {
          answered = once(answers, "answer");
          yield x;
        }
      }
      let answered = once(answers, "answer");
      const found: number[] = [];
      for await (const { result } of new Chain().stream({ x: questions() }, { over: "x", execution })) {
        found.push(result);
        answers.emit("answer", result);
      }
      expect(found).to.deep.equal([3, 7, 15, 31, 63, 127]);
    });

    it(`names the element that fails, where elements before it are cached, ${maps}`, async () => {
      const cache = memory();
      for (const _ of ["computed", "cached"]) {
        const events: RunEvent[] = [];
        const onEvent = (event: RunEvent) =>
          void (event.type === "node" && event.phase === "failed" && events.push(event));
        const options = { over: "x", onError: "collect", execution, cache, onEvent } as const;
        const failed: string[] = [];
        for await (const result of new Halves().stream({ x: [2, 4, 6, 7, 8, 9] }, options)) {
          if (result instanceof NodeError) failed.push(`${result.where} ${result.element} ${result.cause}`);
        }
        expect(failed.sort()).to.deep.equal([
          "Halves[3].half 3 RangeError: 7 is odd",
          "Halves[5].half 5 RangeError: 9 is odd",
        ]);
        expect(events.map(({ path }) => path).sort()).to.deep.equal(["Halves[3].half", "Halves[5].half"]);
      }
    });

    it(`goes over all pairs of sources whose elements come over time, ${maps}`, async () => {
      async function* numbers() {
        yield 0;
        yield 1;
      }
      async function* tens() {
        yield 10;
        yield 20;
      }
      const stream = new Partly().stream(
        { x: numbers(), y: tens() },
        { over: ["x", "y"], mode: "product", outputs: ["b"], execution },
      );
      const pairs: number[] = [];
      for await (const { b } of stream) pairs.push(b);
      expect(pairs.sort((a, b) => a - b)).to.deep.equal([11, 12, 21, 22]);
    });
  }

  it("stops at a failure, or collects it", async () => {
    const error = await rejection<NodeError>(all(new Wait().stream({ ms: [1, 13, 5000] }, { over: "ms" })));
    expect(error).to.be.instanceOf(NodeError).and.to.include({ where: "Wait[1].waited" });
    expect(active).to.equal(0);
    const collected = await all(new Wait().stream({ ms: [1, 13, 20] }, { over: "ms", onError: "collect" }));
    expect(collected.map((r) => (r instanceof NodeError ? r.element : r.waited))).to.deep.equal([1, 1, 20]);
  });

  it("fails when the source fails, when it is no source, and when an element is not valid", async () => {
    async function* failing() {
      yield 1;
      throw new Error("source");
    }
    expect((await rejection(all(new Wait().stream({ ms: failing() }, { over: "ms" })))).message).to.equal("source");
    const none = new Wait().stream({ ms: 5 as unknown as number[] }, { over: "ms" });
    expect((await rejection(all(none))).message).to.contain('it streams over "ms", which is not a list but 5');
    const invalid = await rejection(all(new Wait().stream({ ms: [1, -1] }, { over: "ms" })));
    expect(invalid.message).to.equal("Wait: ms[1]: ms must not be less than 0 (min)");
  });

  describe("reports an element that is not valid as map does", () => {
    const ways: Record<string, object> = {
      "in this thread": {},
      "in threads": { execution: { maps: "threaded" } },
      "in chunks": { execution: { maps: "parallel" } },
    };
    for (const [way, options] of Object.entries(ways)) {
      it(way, async () => {
        for (const lists of [{ low: [1, 9, 2] }, { low: [9, 1], high: [5, 5] }, { high: [5, 0] }]) {
          const inputs = { low: 1, high: 5, reason: "r", label: "l", ...lists } as unknown as {
            low: number[];
            high: number;
          };
          const over = Object.keys(lists) as ["low"];
          const map = { over, ...options };
          const streamed = await rejection<InputError>(all(new Bounds().stream(inputs as never, map)));
          const mapped = await rejection<InputError>(new Bounds().map(inputs as never, map));
          expect(streamed).to.be.instanceOf(InputError).and.to.include({ message: mapped.message, code: mapped.code });
          expect(streamed.violations).to.deep.equal(mapped.violations);
        }
      });
    }

    it("of a product by the combination's index", async () => {
      const options = { over: ["ms", "factor"], mode: "product" } as const;
      const error = await rejection<InputError>(all(new Wait().stream({ ms: [1, -1], factor: [1, 2] }, options)));
      expect(error).to.be.instanceOf(InputError);
      expect(error.message).to.equal("Wait[2]: ms: ms must not be less than 0 (min)");
    });

    it("but one of a nested pipeline, and a collected one, as NodeErrors", async () => {
      class Outer extends Pipeline {
        @input() ms!: number;
        @nested(Wait, { ms: "ms" }, "waited") child!: Nested<number>;
      }
      const error = await rejection(all(new Outer().stream({ ms: [-1] }, { over: "ms" })));
      expect(error).to.be.instanceOf(NodeError).and.to.include({ where: "Outer[0].child" });
      const [found] = await all(new Wait().stream({ ms: [-1] }, { over: "ms", onError: "collect" }));
      expect(found).to.be.instanceOf(NodeError).and.to.include({ element: 0 });
    });
  });

  it("stops on its signal, even while the source gives nothing", async () => {
    async function* silent() {
      await new Promise(() => {});
      yield 1;
    }
    const stream = new Wait().stream({ ms: silent() }, { over: "ms", signal: AbortSignal.timeout(5) });
    expect((await rejection(all(stream))).name).to.equal("AbortError");
  });

  it("shares one run: one resource, one set of events", async () => {
    const log: string[] = [];
    class Using extends Pipeline {
      @input() x!: number;
      @resource() handle(): Disposable {
        log.push("build");
        return { [Symbol.dispose]: () => void log.push("dispose") };
      }
      @node("x", "handle") y(x: number, _handle: Disposable): number {
        return x;
      }
    }
    const events: RunEvent[] = [];
    const stream = new Using().stream({ x: [1, 2] }, { over: "x", onEvent: (event) => events.push(event) });
    expect(await all(stream)).to.deep.equal([{ y: 1 }, { y: 2 }]);
    expect(log).to.deep.equal(["build", "dispose"]);
    expect(new Set(events.map((event) => event.run)).size).to.equal(1);
    expect(events.map((event) => `${event.type} ${event.phase}`).filter((e) => e.startsWith("run"))).to.deep.equal([
      "run start",
      "run end",
    ]);
  });
});

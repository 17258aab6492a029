import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  type Batch,
  type Each,
  InputError,
  input,
  mapOver,
  memory,
  type Nested,
  NodeError,
  nested,
  node,
  Pipeline,
  type RunOptions,
  resource,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

type Callback = (value: unknown) => void;

/** What can be waited for, as `await` does it: each makes one that gives a value, or fails with an error. */
const KINDS: Readonly<Record<string, (value: unknown, error?: Error) => unknown>> = {
  "a promise": (value, error) => (error ? Promise.reject(error) : Promise.resolve(value)),
  "a promise of a class of its own": (value, error) => {
    class Own<T> extends Promise<T> {}
    return error ? Own.reject(error) : Own.resolve(value);
  },
  "a promise with a `then` of its own": (value, error) => {
    const promise = error ? Promise.reject(error) : Promise.resolve(value);
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    return Object.assign(promise, { then: () => undefined });
  },
  "a query builder, whose then() returns nothing": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then(resolve: Callback, reject: Callback): void {
      setTimeout(() => (error ? reject(error) : resolve(value)));
    },
  }),
  "one that calls back at once": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then: (resolve: Callback, reject: Callback) => (error ? reject(error) : resolve(value)),
  }),
  "one that calls back twice": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then(resolve: Callback, reject: Callback) {
      if (error) reject(error);
      resolve(value);
      reject(new Error("too late"));
      resolve("too late");
    },
  }),
  "one that throws after it has called back": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then(resolve: Callback, reject: Callback) {
      if (error) reject(error);
      else resolve(value);
      throw new Error("too late");
    },
  }),
  "one that fails by throwing": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then(resolve: Callback) {
      if (error) throw error;
      resolve(value);
    },
  }),
  "one whose `then` fails when it is read": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    get then() {
      if (error) throw error;
      return (resolve: Callback) => resolve(value);
    },
  }),
  "a function with a `then`": (value, error) =>
    Object.assign(() => {}, {
      // biome-ignore lint/suspicious/noThenProperty: that is what it is.
      then: (resolve: Callback, reject: Callback) => void (error ? reject(error) : resolve(value)),
    }),
  "one of another one": (value, error) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    then(resolve: Callback): void {
      // biome-ignore lint/suspicious/noThenProperty: that is what it is.
      resolve({ then: (inner: Callback, reject: Callback) => void (error ? reject(error) : inner(value)) });
    },
  }),
};

let made: () => unknown = () => undefined;

class Inner extends Pipeline {
  @input() x!: number;
  @node("x") y(_x: number): number {
    return made() as number;
  }
}
class Places extends Pipeline {
  @input() xs!: number[];
  @input() one?: number = 1;
  @node("xs") ofNode(_xs: number[]): number {
    return made() as number;
  }
  @node("xs", { retries: { times: 1, delayMs: 1 }, timeoutMs: 10_000 }) ofGuarded(_xs: number[]): number {
    return made() as number;
  }
  @mapOver("xs") ofMap(_x: number): Each<number> {
    return made() as Each<number>;
  }
  @mapOver("ofMap") ofChain(_x: number): Each<number> {
    return made() as Each<number>;
  }
  @mapOver("xs", { retries: { times: 1, delayMs: 1 } }) ofGuardedMap(_x: number): Each<number> {
    return made() as Each<number>;
  }
  @mapOver("xs", { batch: 2 }) ofBatch(xs: number[]): Batch<number> {
    const list = (async () => {
      const value = await made();
      return xs.map(() => value);
    })();
    // biome-ignore lint/suspicious/noThenProperty: that is what it is.
    return { then: (resolve: Callback, reject: Callback) => void list.then(resolve, reject) } as never;
  }
  @mapOver("xs", { batch: 2 }) ofBatchElements(xs: number[]): Batch<number> {
    return xs.map(made) as Batch<number>;
  }
  @nested(Inner, { x: "one" }, "y") ofNested!: Nested<number>;
  @mapOver("xs", Inner, { x: "xs" }, "y") ofNestedMap!: Nested<number[]>;
  @resource() built(): number {
    return made() as number;
  }
  @node("xs", "built") ofResource(_xs: number[], built: number): number {
    return built;
  }
}
const NAMES = [
  ...["ofNode", "ofGuarded", "ofMap", "ofChain", "ofGuardedMap", "ofBatch", "ofBatchElements"],
  ...["ofNested", "ofNestedMap", "ofResource"],
] as const;

const WAYS: Readonly<Record<string, () => RunOptions<Places>>> = {
  "as it is": () => ({}),
  "where somebody listens": () => ({ onEvent: () => {} }),
  "where it is cached": () => ({ cache: memory() }),
  "one at a time": () => ({ execution: { nodes: "sequential", maps: "sequential" } }),
};

describe("what can be waited for", () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`is awaited as await does it, wherever it comes from: ${kind}, ${way}`, async () => {
        made = () => make(7);
        for (const name of NAMES) {
          const outputs = (await new Places().run({ xs: [1, 2, 3] }, { ...options(), outputs: [name] as never })) as {
            [name: string]: unknown;
          };
          const isList = /Map|Chain|Batch/.test(name);
          expect(outputs[name], name).to.deep.equal(isList ? [7, 7, 7] : 7);
        }
      });

      it(`that fails ends as a NodeError, never the process: ${kind}, ${way}`, async () => {
        made = () => make(7, new RangeError("no such table"));
        for (const name of NAMES) {
          const running = new Places().run({ xs: [1, 2, 3] }, { ...options(), outputs: [name] as never });
          const error = await rejection<NodeError>(running);
          expect(error, name).to.be.instanceOf(NodeError);
          expect(error.message, name).to.contain("RangeError: no such table");
        }
        await sleep(5);
      });
    }
  }

  it("is asked once: its `then` is read once, and called once, with both callbacks", async () => {
    let reads = 0;
    const calls: number[] = [];
    made = () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what it is.
      get then() {
        reads++;
        return (...callbacks: unknown[]): void => {
          calls.push(callbacks.filter((callback) => typeof callback === "function").length);
          (callbacks[0] as Callback)(1);
        };
      },
    });
    for (const name of NAMES.filter((name) => name !== "ofBatch" && name !== "ofChain")) {
      for (const options of Object.values(WAYS)) {
        reads = 0;
        calls.length = 0;
        await new Places().run({ xs: [1] }, { ...options(), outputs: [name] as never });
        expect([reads, ...calls], name).to.deep.equal([1, 2]);
      }
    }
  });

  it("of a listener does not end the process when it fails", async () => {
    class One extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    for (const [kind, make] of Object.entries(KINDS)) {
      const warnings = await warningsOf(async () => {
        const onEvent = () => make(1, new Error("reader")) as void;
        expect(await new One().run({ x: 1 }, { onEvent }), kind).to.deep.equal({ y: 1 });
        await sleep(2);
      });
      expect(warnings, kind).to.deep.equal(["HypernodesWarning: an event listener threw: onEvent: Error: reader"]);
    }
  });

  it("is refused as the value of an input or a part of a node's value, and its rejection ends nothing", async () => {
    class Sum extends Pipeline {
      @input() x!: number;
      @input() y?: number = Promise.resolve(1) as never;
      @node("x") one(x: number): number {
        return x + 1;
      }
      @node("one", "y") sum(one: number, y: number): number {
        return one + y;
      }
    }
    const unhandled: unknown[] = [];
    const listen = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listen);
    for (const promise of [
      Promise.resolve(1),
      Promise.reject(new Error("late")),
      KINDS["a promise of a class of its own"]!(1),
    ]) {
      const value = promise as never;
      const ways: Readonly<Record<string, [string, () => Promise<unknown>]>> = {
        "an input": ["x", () => new Sum().run({ x: value, y: 1 })],
        "a bound input": ["x", () => new Sum().bind({ x: value }).run({ y: 1 } as never)],
        "a default": ["y", () => new Sum().run({ x: 1 })],
        "a given node": ["one", () => new Sum().run({ x: 1, y: 1 }, { given: { one: value } })],
        "a given node that nothing needs": [
          "sum",
          () => new Sum().run({ x: 1 }, { given: { sum: value }, outputs: ["one"] }),
        ],
        "an input of a map": ["y", () => new Sum().map({ x: [1], y: value }, { over: "x" })],
        "an input of a stream": ["y", () => new Sum().stream({ x: [1], y: value }, { over: "x" }).next()],
      };
      for (const [way, [name, run]] of Object.entries(ways)) {
        const error = await rejection(run());
        expect(error, way).to.be.instanceOf(InputError);
        expect(error.message, way).to.equal(`Sum: ${name}: it is a promise. Await it, and give its value.`);
      }
    }
    await sleep(2);
    process.off("unhandledRejection", listen);
    expect(unhandled).to.deep.equal([]);
  });

  it("comes from sources of streams, too", async () => {
    class One extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    for (const [kind, make] of Object.entries(KINDS)) {
      let count = 0;
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => make(count++ < 3 ? { done: false, value: count } : { done: true, value: undefined }),
        }),
      };
      const ys: number[] = [];
      for await (const { y } of new One().stream({ x: source as AsyncIterable<number> }, { over: "x" })) ys.push(y);
      expect(ys, kind).to.deep.equal([1, 2, 3]);
      const failing = { [Symbol.asyncIterator]: () => ({ next: () => make(0, new Error("no more")) }) };
      const stream = new One().stream({ x: failing as never }, { over: "x" });
      expect((await rejection(stream.next())).message, kind).to.equal("no more");
    }
  });
});

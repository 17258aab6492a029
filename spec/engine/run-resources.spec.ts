import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  type Each,
  type HypernodesError,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  Pipeline,
  type RunEvent,
  resource,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

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

  it("of a pipeline that is opened again are other ones, before and after its disposal, in any order of copies", async () => {
    type Copy = (pipeline: Using) => Using;
    const copies: Record<string, Copy> = {
      open: (pipeline) => pipeline.open(),
      bind: (pipeline) => pipeline.bind({ xs: [1] }),
      unbind: (pipeline) => pipeline.bind({ xs: [1] }).unbind("xs"),
      with: (pipeline) => pipeline.with({ execution: { nodes: "sequential" } }),
    };
    for (const copy of Object.values(copies)) {
      const first = new Using().open();
      await first.run({ xs: [1] });
      const second = copy(first).open();
      log.length = 0;
      await second.run({ xs: [1] });
      expect(log).to.deep.equal(["build one", "build async on one"]);
      await first[Symbol.asyncDispose]();
      await second.run({ xs: [1] });
      await second[Symbol.asyncDispose]();
      expect(log).to.deep.equal([...WHOLE.slice(0, 2), ...WHOLE.slice(2), ...WHOLE.slice(2)]);
      await using again = copy(second).open();
      await again.run({ xs: [1] });
    }
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

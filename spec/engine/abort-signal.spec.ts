import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  AbortError,
  currentRun,
  type Each,
  input,
  mapOver,
  type Nested,
  node,
  Pipeline,
  type RunEvent,
  resource,
} from "../../src/index.js";
import { rejection } from "../support/rejection.js";

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
    const onEvent = { onNodeStart: () => void setTimeout(() => controller.abort(new Error("enough")), 5) };
    const error = await rejection<AbortError>(new Slow().run({ x: 1 }, { signal: controller.signal, onEvent }));
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

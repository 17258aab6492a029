import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  type Batch,
  type Each,
  input,
  mapOver,
  memory,
  type Nested,
  type NodeError,
  node,
  Pipeline,
  type RunEvent,
  resource,
} from "../../src/index.js";

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

  it("close each map that has started, when an element fails at once or later (table)", async () => {
    const checked = (x: number) => {
      if (x < 0) throw new Error("negative");
      return x;
    };
    class Maps extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") atOnce(x: number): Each<number> {
        return checked(x);
      }
      @mapOver("xs") async later(x: number): Promise<Each<number>> {
        await sleep(1);
        return checked(x) as Each<number>;
      }
      @mapOver("xs", { batch: 2 }) batched(xs: number[]): Batch<number> {
        return xs.map(checked);
      }
      @mapOver("atOnce") chained(x: number): Each<number> {
        return x + 1;
      }
    }
    class Around extends Pipeline {
      @input() lists!: number[][];
      @mapOver("lists", Maps, { xs: "lists" }, { onError: "collect" }) maps!: Nested<(object | NodeError)[]>;
    }
    const list = [1, -2, 3];
    const outputs = [
      ["atOnce"],
      ["later"],
      ["batched"],
      ["chained"],
      ["atOnce", "later", "batched", "chained"],
    ] as const;
    for (const cache of [false, memory()] as const) {
      for (const maps of ["sequential", "async"] as const) {
        const unclosed = async (run: (options: object) => Promise<unknown>, failed: string): Promise<void> => {
          const about: RunEvent[] = [];
          const onEvent = (event: RunEvent) => event.type === "map" && about.push(event);
          await run({ cache, execution: { maps }, onEvent }).catch(() => {});
          const paths = (isStart: boolean) =>
            about.filter(({ phase }) => (phase === "start") === isStart).map(({ path }) => path);
          expect(paths(false), failed).to.have.members(paths(true));
          expect(about.filter(({ phase }) => phase === "failed").map(({ path }) => path)).to.include(failed);
        };
        for (const names of outputs) {
          const first = names[0] === "chained" ? "atOnce" : names[0];
          if (names.length === 1)
            await unclosed((o) => new Maps().run({ xs: list }, { ...o, outputs: names }), `Maps.${first}`);
          else await unclosed((o) => new Around().run({ lists: [list] }, o), "Around.maps[0].atOnce");
        }
      }
    }
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

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Each, input, mapOver, node, Pipeline, type RunEvent, resource } from "../../src/index.js";

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

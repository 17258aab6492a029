import { expect } from "chai";
import { type Each, execution, input, mapOver, memory, Pipeline } from "../../../src/index.js";
import { called, calls, forgetCalls } from "../../support/cached.js";
import { checkPurity } from "../../support/check-purity.js";
import { rejection } from "../../support/rejection.js";

beforeEach(forgetCalls);

@execution({ maps: "async" })
class Slow extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") async y(x: number): Promise<Each<number>> {
    calls.push(String(x));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return x as Each<number>;
  }
}

describe("a cached run that is stopped", () => {
  checkPurity();
  it("ends, and keeps what was done", async () => {
    const slow = new Slow().with({ cache: memory(), execution: { maxWorkers: 1 } });
    const controller = new AbortController();
    const running = slow.run({ xs: [1, 2, 3, 4, 5, 6, 7, 8] }, { signal: controller.signal });
    while (calls.length === 0) await new Promise(setImmediate);
    controller.abort();
    expect((await rejection(running)).name).to.equal("AbortError");
    const done = calls.length;
    expect(done).to.be.within(1, 7);
    called();
    await slow.run({ xs: [1, 2, 3, 4, 5, 6, 7, 8] });
    expect(calls.length).to.be.within(8 - done, 9 - done);
  });
});

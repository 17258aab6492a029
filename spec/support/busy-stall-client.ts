import { input, mapOver, type Nested, node, Pipeline } from "../../src/index.js";

/** The thread is busy when nothing is left to wait for: what it sends after that is late. */
class NeverWhileBusy extends Pipeline {
  @input() x!: number;
  @node("x") ok(x: number): number {
    return x;
  }
  @node("ok") hangs(x: number): Promise<number> {
    if (x !== 2) return Promise.resolve(x);
    process.once("beforeExit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500));
    return new Promise(() => {});
  }
}
export class StallsWhileBusy extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", NeverWhileBusy, { x: "xs" }, "hangs") ys!: Nested<number[]>;
}

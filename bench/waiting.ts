import { type Each, execution, input, mapOver, Pipeline } from "../src/index.js";

const cell = new Int32Array(new SharedArrayBuffer(4));

/** An element that takes its time without the processor: so that two cores can be many workers. */
@execution({})
export class Waiting extends Pipeline {
  @input() xs!: (number | string)[];
  @input() ms!: number;

  @mapOver("xs", "ms") same(x: number | string, ms: number): Each<number | string> {
    if (ms > 0) Atomics.wait(cell, 0, 0, ms);
    return x;
  }
}

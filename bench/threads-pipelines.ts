import { type Each, execution, input, mapOver, Pipeline } from "../src/index.js";

@execution({ maps: "parallel" })
export class ParallelTrivial extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") next(x: number): Each<number> {
    return x + 1;
  }
}

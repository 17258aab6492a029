import { type Each, execution, input, mapOver, model, Pipeline } from "../src/index.js";
import { spin, type Work } from "./spin.js";

/** Pipelines that the bench of threads runs: a thread imports this module. */

export class Trivial extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") next(x: number): Each<number> {
    return x + 1;
  }
}

export class Spinning extends Pipeline {
  @input() xs!: Work[];
  @mapOver("xs") spun(work: Work): Each<number> {
    return spin(work);
  }
}

@model()
export class Matrix {
  constructor(
    readonly rows: Float32Array,
    readonly width: number,
  ) {}
}

@execution({ maps: "parallel" })
export class Sums extends Pipeline {
  @input() rows!: number[];
  @input() matrix!: Matrix;
  @mapOver("rows", "matrix") sum(row: number, { rows, width }: Matrix): Each<number> {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += rows[i]!;
    return sum;
  }
}

@execution({ maps: "parallel" })
export class ChainOfThree extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") a(x: number): Each<number> {
    return x + 1;
  }
  @mapOver("a") b(a: number): Each<number> {
    return a * 2;
  }
  @mapOver("b") c(b: number): Each<number> {
    return b - 1;
  }
}

@execution({ maps: "parallel" })
export class AllInOne extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") c(x: number): Each<number> {
    return (x + 1) * 2 - 1;
  }
}

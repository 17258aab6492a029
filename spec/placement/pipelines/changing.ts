import {
  type Each,
  execution,
  input,
  localProcess,
  mapOver,
  type Nested,
  nested,
  node,
  Pipeline,
  runOn,
} from "../../../src/index.js";

/** The program changes it between runs. */
export const factors = [1];

export class Scaling extends Pipeline {
  private readonly factors = factors;
  @input() x!: number;
  @node("x") scaled(x: number): number {
    return x * this.factors[0]!;
  }
}

export class ScalingAll extends Pipeline {
  private readonly factors = factors;
  @input() xs!: number[];
  @mapOver("xs") scaled(x: number): Each<number> {
    return x * this.factors[0]!;
  }
}

@execution({ maps: "parallel" })
export class ScalingEach extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Scaling, { x: "xs" }, "scaled") scaled!: Nested<number[]>;
}

@runOn(localProcess({ idleTimeoutMs: 20_000 }))
class ScalingInProcess extends Scaling {}

export class OverOne extends Pipeline {
  @input() x!: number;
  @nested(ScalingInProcess, { x: "x" }, "scaled") scaled!: Nested<number>;
}

export class OverEach extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", ScalingInProcess, { x: "xs" }, "scaled") scaled!: Nested<number[]>;
}

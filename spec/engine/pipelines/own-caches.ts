import { cached, input, mapOver, memory, type Nested, nested, node, Pipeline } from "../../../src/index.js";

class Plain extends Pipeline {
  @input() x!: number;
  @node("x") tripled(x: number): number {
    return 3 * x;
  }
}

@cached(memory())
class Kept extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return 2 * x;
  }
}

class Around extends Pipeline {
  @input() x!: number;
  @nested(Plain, { x: "x" }, "tripled") tripled!: Nested<number>;
  @nested(Kept, { x: "tripled" }, "doubled") sextupled!: Nested<number>;
}

@cached(memory())
class KeptAround extends Pipeline {
  @input() x!: number;
  @nested(Plain, { x: "x" }, "tripled") tripled!: Nested<number>;
  @nested(new Kept().with({ cache: false }), { x: "tripled" }, "doubled") sextupled!: Nested<number>;
}

/** Pipelines with a cache of their own, and without one, beside and inside of each other. */
export class OwnCaches extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Plain, { x: "xs" }, "tripled") plain!: Nested<number[]>;
  @mapOver("plain", Kept, { x: "plain" }, "doubled") kept!: Nested<number[]>;
  @mapOver("kept", Plain, { x: "kept" }, "tripled") again!: Nested<number[]>;
  @mapOver("xs", Around, { x: "xs" }, "sextupled") around!: Nested<number[]>;
  @mapOver("xs", KeptAround, { x: "xs" }, "sextupled") keptAround!: Nested<number[]>;
}

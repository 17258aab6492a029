import { input, node, Pipeline } from "../../src/index.js";

// The small pipelines of several specs.

/** Two nodes, one after the other. */
export class Chain extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
  @node("doubled") result(doubled: number): number {
    return doubled + 1;
  }
}

/** Two nodes beside each other, and one that takes both. */
export class Diamond extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
  @node("x") tripled(x: number): number {
    return x * 3;
  }
  @node("doubled", "tripled") result(doubled: number, tripled: number): number {
    return doubled + tripled;
  }
}

/** A node that needs one input, and one that needs both. */
export class Partly extends Pipeline {
  @input() x!: number;
  @input() y!: number;
  @node("x") a(x: number): number {
    return x + 1;
  }
  @node("a", "y") b(a: number, y: number): number {
    return a + y;
  }
}

/** A node that fails for odd numbers. */
export class Halves extends Pipeline {
  @input() x!: number;
  @node("x") half(x: number): number {
    if (x % 2 === 1) throw new RangeError(`${x} is odd`);
    return x / 2;
  }
}

import { recordMember } from "../src/dsl/metadata.js";
import { type Each, execution, input, mapOver, type Nested, node, Pipeline } from "../src/index.js";

/** A pipeline class made by hand: a chain of `length` trivial synchronous nodes. */
export function chainOf(length: number): new () => Pipeline {
  return generated(length, (i) => [i === 0 ? "x" : `n${i - 1}`]);
}

/** The same, each node depending on three that stand at different distances before it. */
export function latticeOf(length: number): new () => Pipeline {
  return generated(length, (i) => [...new Set([i - 1, i - 7, i - 31].map((j) => (j < 0 ? "x" : `n${j}`)))]);
}

function generated(length: number, dependenciesOf: (i: number) => string[]): new () => Pipeline {
  class Generated extends Pipeline {}
  recordMember(Generated.prototype, "x", { role: "input", dependencies: [], options: {} });
  for (let i = 0; i < length; i++) {
    Object.defineProperty(Generated.prototype, `n${i}`, { value: (value: number) => value + 1 });
    recordMember(Generated.prototype, `n${i}`, {
      role: i === length - 1 ? "output" : "node",
      dependencies: dependenciesOf(i),
      options: {},
    });
  }
  return Generated;
}

export class Trivial extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") next(x: number): Each<number> {
    return x + 1;
  }
}

export class TrivialAsync extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") async next(x: number): Promise<Each<number>> {
    return x + 1;
  }
}

export class Three extends Pipeline {
  @input() x!: number;
  @node("x") a(x: number): number {
    return x + 1;
  }
  @node("a") b(a: number): number {
    return a * 2;
  }
  @node("b") c(b: number): number {
    return b - 1;
  }
}

class One extends Pipeline {
  @input() x!: number;
  @node("x") a(x: number): number {
    return x + 1;
  }
}

export class NestedThree extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Three, { x: "xs" }, "c") cs!: Nested<number[]>;
}

export class NestedOne extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", One, { x: "xs" }, "a") as!: Nested<number[]>;
}

@execution({ nodes: "sequential", maps: "sequential" })
export class Sequential extends Trivial {}

import { generated } from "../spec/support/generated.js";
import { type Each, execution, input, mapOver, type Nested, node, Pipeline } from "../src/index.js";

/**
 * A chain of trivial synchronous nodes, the last an output.
 *
 * @param method gives each node's method; the same code for all unless it is given.
 */
export function chainOf(length: number, method?: (index: number) => (x: number) => number): new () => Pipeline {
  return generated(length, "x", (before, i) => member(length, i, [before]), method);
}

/** The same, each node depending on three that stand at different distances before it. */
export function latticeOf(length: number): new () => Pipeline {
  return generated(length, "x", (_, i) => {
    const names = [i - 1, i - 7, i - 31].map((j) => (j < 0 ? "x" : `n${j}`));
    return member(length, i, [...new Set(names)]);
  });
}

function member(length: number, index: number, dependencies: string[]) {
  return { role: index === length - 1 ? "output" : "node", dependencies, options: {} } as const;
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

export class One extends Pipeline {
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

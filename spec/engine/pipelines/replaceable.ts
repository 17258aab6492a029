import {
  type Each,
  execution,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  Pipeline,
  resource,
} from "../../../src/index.js";

export class Inner extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
}

/** A method of each kind. */
export class Replaceable extends Pipeline {
  @input() x!: number;
  @input() xs!: number[];
  @node("x") plain(x: number): number {
    return x + 1;
  }
  @node("x") reading(x: number): number {
    return this.step() + x;
  }
  @node("x") async waiting(x: number): Promise<number> {
    return x + 1;
  }
  @mapOver("xs") mapped(x: number): Each<number> {
    return x + 1;
  }
  @resource() lent(): { by: number } {
    return { by: 1 };
  }
  @node("x", "lent") opened(x: number, lent: { by: number }): number {
    return x + lent.by;
  }
  @nested(Inner, { x: "x" }, "doubled") child!: Nested<number>;
  @mapOver("xs", Inner, { x: "xs" }, "doubled") children!: Nested<number[]>;
  step(): number {
    return 1;
  }
}

abstract class Scaled extends Pipeline {
  @input() x!: number;
  @input() scale: unknown = (x: number) => x;
}

/** Makes a node of an input that has a function for its default. */
export class WithFunction extends Scaled {
  // @ts-expect-error TypeScript forbids a method in a property's place; JavaScript does not.
  @node("x") scale(x: number): number {
    return x * 10;
  }
}

/** Classes that no spec runs before it has replaced a method. */
export class UntouchedInner extends Inner {
  @node("x") override doubled(x: number): number {
    return x * 2;
  }
}

export class Untouched extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") mapped(x: number): Each<number> {
    return this.step() + x;
  }
  @mapOver("xs", UntouchedInner, { x: "xs" }, "doubled") children!: Nested<number[]>;
  step(): number {
    return 1;
  }
}

@execution({ maxWorkers: 2 })
export class UntouchedHeir extends Untouched {}

import { type Each, input, mapOver, type Output, output, Pipeline } from "../../../src/index.js";

export const BY_SYMBOL = Symbol.for("hypernodes spec: a field by a symbol");

/** Its nodes read fields, of which some are there only if somebody has set them. */
export class Scaling extends Pipeline {
  @input() x!: number;
  protected declared = 1;
  protected [BY_SYMBOL] = 1;
  declare protected added?: number;
  declare protected hidden?: number;
  declare protected computed?: number;

  private product(x: number): number {
    return [this.declared, this[BY_SYMBOL], this.added, this.hidden, this.computed].reduce<number>(
      (product, factor) => product * (factor ?? 1),
      x,
    );
  }

  @output("x") scaled(x: number): Output<number> {
    return this.product(x);
  }
  @output("x") keys(_x: number): Output<string[]> {
    return Object.keys(this).filter((name) => name !== "x");
  }
}

export class ScalingAll extends Scaling {
  @input() xs!: number[];
  @mapOver("xs") each(x: number): Each<number> {
    return x * this.declared * (this.added ?? 1);
  }
  @output("each") sum(each: number[]): Output<number> {
    return each.reduce((a, b) => a + b, 0);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { Type } from "class-transformer";
import { IsNotEmpty, ValidateNested } from "class-validator";
import {
  type Each,
  execution,
  input,
  mapOver,
  type Nested,
  node,
  type Output,
  output,
  Pipeline,
} from "../../src/index.js";

/** One node. */
export class Double extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return x * 2;
  }
}

/** A node for each element of a list. */
export class Squares extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") squares(x: number): Each<number> {
    return x * x;
  }
  @output("squares") sum(squares: number[]): Output<number> {
    return squares.reduce((sum, square) => sum + square, 0);
  }
}

/** A pipeline for each element of a list. */
export class Doubles extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Double, { x: "xs" }, "doubled") doubles!: Nested<number[]>;
}

export class Document {
  @IsNotEmpty() title!: string;
  @IsNotEmpty() text!: string;
}

/** Inputs that are classes, validated. */
export class Titles extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => Document) documents!: Document[];
  @mapOver("documents") lengths(document: Document): Each<number> {
    return document.text.length;
  }
  @output("documents", "lengths") report(documents: Document[], lengths: number[]): Output<string[]> {
    return documents.map(({ title }, i) => `${title}: ${lengths[i]}`);
  }
}

/** At most two elements under way at once. */
@execution({ nodes: "async", maps: "async", maxWorkers: 2 })
export class Bounded extends Pipeline {
  @input() waits!: number[];
  @mapOver("waits") async most(ms: number): Promise<Each<number>> {
    const underWay = ++Bounded.underWay;
    await sleep(ms);
    Bounded.underWay--;
    return underWay;
  }
  @output("most") atOnce(most: number[]): Output<number> {
    return Math.max(...most);
  }
  private static underWay = 0;
}

import { Type } from "class-transformer";
import { IsInt, Min, ValidateNested } from "class-validator";
import {
  type Each,
  execution,
  input,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../src/index.js";

/** One node. */
export class Increment extends Pipeline {
  @input() x!: number;
  @node("x") result(x: number): number {
    return x + 1;
  }
}

/** Two nodes that depend on the same input, and one that needs both. */
export class Diamond extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    return 2 * x;
  }
  @node("x") tripled(x: number): number {
    return 3 * x;
  }
  @node("doubled", "tripled") sum(doubled: number, tripled: number): number {
    return doubled + tripled;
  }
}

/** A pipeline as a node. */
export class Squared extends Pipeline {
  @input() x!: number;
  @nested(Diamond, { x: "x" }, "sum") sum!: Nested<number>;
  @output("sum") squared(sum: number): Output<number> {
    return sum * sum;
  }
}

/** A pipeline for each element. */
export class SquaredEach extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Squared, { x: "xs" }, "squared") squares!: Nested<number[]>;
  @output("squares") total(squares: number[]): Output<number> {
    return squares.reduce((sum, square) => sum + square, 0);
  }
}

export class Reading {
  @IsInt() @Min(0) value!: number;
  at!: Date;
}

export class Readings extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => Reading) readings!: Reading[];
  @mapOver("readings") values(reading: Reading): Each<number> {
    return reading instanceof Reading ? reading.value : Number.NaN;
  }
  @output("values") most(values: number[]): Output<number> {
    return Math.max(...values);
  }
}

/** Fails for one of its elements. */
export class Picky extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") taken(x: number): Each<number> {
    if (x === 42) throw new RangeError("42 is not to be had");
    return x + 1;
  }
}

/** Pure computing, on every core of the container. */
@execution({ maps: "parallel", maxWorkers: 64 })
export class Primes extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") isPrime(x: number): Each<boolean> {
    for (let d = 2; d * d <= x; d++) if (x % d === 0) return false;
    return x > 1;
  }
  @output("isPrime") count(isPrime: boolean[]): Output<number> {
    return isPrime.filter(Boolean).length;
  }
}

class Vocabulary {
  private readonly words = new Map<string, number>();
  id(word: string): number {
    if (!this.words.has(word)) this.words.set(word, this.words.size);
    return this.words.get(word)!;
  }
}

/** Everything at once: models, a resource, maps that flow, a nested pipeline, a batch's worth of outputs. */
@execution({ nodes: "async", maps: "async", maxWorkers: 8 })
export class Everything extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => Reading) readings!: Reading[];
  @input() words!: string[];
  @resource() vocabulary(): Vocabulary {
    return new Vocabulary();
  }
  @mapOver("words", "vocabulary") ids(word: string, vocabulary: Vocabulary): Each<number> {
    return vocabulary.id(word);
  }
  @mapOver("ids", Diamond, { x: "ids" }, "sum") sums!: Nested<number[]>;
  @nested(Readings, { readings: "readings" }, "most") most!: Nested<number>;
  @output("sums", "most") score(sums: number[], most: number): Output<number> {
    return most + sums.reduce((total, sum) => total + sum, 0);
  }
}

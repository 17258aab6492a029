import { type Each, input, mapOver, type Nested, node, type Output, output, Pipeline } from "../../src/index.js";

/** Pipelines that threads import, too. */
export class Next extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") next(x: number): Each<number> {
    return x + 1;
  }
}

class Line extends Pipeline {
  @input() text!: string;
  @input() mark?: string = "!";
  @node("text") trimmed(text: string): string {
    return text.trim();
  }
  @node("trimmed", "mark") shouted(trimmed: string, mark: string): string {
    return trimmed.toUpperCase() + mark;
  }
}

export class Lines extends Pipeline {
  @input() lines!: string[];
  @input() mark!: string;
  @mapOver("lines", Line, { text: "lines", mark: "mark" }, "shouted") shouted!: Nested<string[]>;
}

/** The calls of the classes below since they were asked for last. */
export const calls: string[] = [];

export function called(): string {
  return calls.splice(0).join(" ");
}

export function forgetCalls(): void {
  calls.length = 0;
}

export class Chain extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    calls.push("doubled");
    return 2 * x;
  }
  @node("doubled") result(doubled: number): number {
    calls.push("result");
    return doubled + 1;
  }
}

export class Lists extends Pipeline {
  @input() xs!: readonly number[];
  @input() factor?: number = 10;
  @mapOver("xs", "factor") scaled(x: number, factor: number): Each<number> {
    calls.push(`scaled(${x})`);
    return x * factor;
  }
  @mapOver("scaled") next(x: number): Each<number> {
    calls.push(`next(${x})`);
    return x + 1;
  }
  @output("next") sum(next: number[]): Output<number> {
    calls.push("sum");
    return next.reduce((a, b) => a + b, 0);
  }
}

/** Sorts the calls of `Lists` by their maps. */
export function byMap(a: string, b: string): number {
  const rank = (name: string) => ["scaled", "next", "sum"].findIndex((map) => name.startsWith(map));
  return rank(a) - rank(b);
}

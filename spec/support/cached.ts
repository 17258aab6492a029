import { type Each, input, mapOver, type Nested, node, Pipeline } from "../../src/index.js";

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

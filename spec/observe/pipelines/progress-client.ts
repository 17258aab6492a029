import { setTimeout as sleep } from "node:timers/promises";
import {
  type Each,
  input,
  mapOver,
  type Nested,
  node,
  type Output,
  output,
  Pipeline,
  progress,
} from "../../../src/index.js";

class Letters extends Pipeline {
  @input() text!: string;

  @node("text")
  split(text: string): string[] {
    return [...text];
  }

  @mapOver("split")
  async codes(letter: string): Promise<Each<number>> {
    await sleep(2);
    return letter.charCodeAt(0) as Each<number>;
  }

  @output("codes")
  sum(codes: number[]): Output<number> {
    return codes.reduce((a, b) => a + b, 0);
  }
}

class Shown extends Pipeline {
  @input() texts!: string[];

  @mapOver("texts", Letters, { text: "texts" }, "sum", { onError: "collect" }) sums!: Nested<(number | Error)[]>;

  @mapOver("texts")
  async said(text: string): Promise<Each<string>> {
    await sleep(60);
    if (text.endsWith("5")) console.log(`a line about ${text}`);
    if (text.endsWith("7")) process.stdout.write(`half a line about ${text}, `);
    if (text.endsWith("8")) process.stderr.write("and the other half\n");
    return text as Each<string>;
  }

  @node("said")
  async thinking(_: string[]): Promise<boolean> {
    await sleep(1_200);
    return true;
  }

  @mapOver("texts", { onError: "collect" })
  checked(text: string): Each<boolean> {
    if (text.endsWith("3")) throw new Error("a three");
    return true;
  }
}

/** Shows its progress: of 100 texts. */
const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
const [, , quiet] = process.argv;
await new Shown().run(
  { texts },
  { onEvent: progress({ quiet: quiet === "quiet", everyMs: 500 }), execution: { maxWorkers: 4 } },
);
console.log("the end");

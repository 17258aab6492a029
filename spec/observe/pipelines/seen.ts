import { setTimeout as sleep } from "node:timers/promises";
import {
  cached,
  type Each,
  execution,
  input,
  mapOver,
  memory,
  type Nested,
  node,
  type Output,
  output,
  Pipeline,
  resource,
} from "../../../src/index.js";

/** A text's words, one of them bad. */
export class Words extends Pipeline {
  @input() text!: string;

  @node("text")
  words(text: string): string[] {
    return text.split(" ");
  }

  @mapOver("words", { onError: "collect" })
  lengths(word: string): Each<number> {
    if (word === "bad") throw new RangeError("a bad word");
    return word.length;
  }

  @output("lengths")
  counted(lengths: unknown[]): Output<number> {
    return lengths.length;
  }
}

/** A map over nested pipelines, a resource, a node that is tried twice. */
@cached(memory())
export class Seen extends Pipeline {
  @input() texts!: string[];

  @resource()
  scale(): { readonly by: number } {
    return { by: 2 };
  }

  @mapOver("texts", Words, { text: "texts" }, "counted") counts!: Nested<number[]>;

  @node("counts", "scale", { retries: { times: 1, delayMs: 30 } })
  total(counts: number[], scale: { readonly by: number }): number {
    if (attempts.size === 0) {
      attempts.add(1);
      throw new Error("not yet");
    }
    return counts.reduce((sum, count) => sum + count, 0) * scale.by;
  }

  @output("total")
  said(total: number): Output<string> {
    return `in all ${total}`;
  }
}
export const attempts = new Set<number>();

/** Takes a while, here or in threads. */
export class Slowly extends Pipeline {
  @input() times!: number[];

  @mapOver("times")
  async waited(ms: number): Promise<Each<number>> {
    await sleep(ms);
    return ms as Each<number>;
  }

  @node("times")
  computed(times: number[]): number {
    const until = performance.now() + times.reduce((sum, ms) => sum + ms, 0);
    while (performance.now() < until);
    return times.length;
  }
}

/** Computes for long without letting any timer run. */
@execution({ maps: "parallel" })
export class Busy extends Pipeline {
  @input() times!: number[];

  @mapOver("times")
  busy(ms: number): Each<number> {
    const until = performance.now() + ms;
    while (performance.now() < until);
    return ms;
  }
}

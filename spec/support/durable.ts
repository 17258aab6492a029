import { once } from "node:events";
import { appendFileSync } from "node:fs";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import {
  type Each,
  type ExecutionMode,
  input,
  mapOver,
  type Output,
  output,
  Pipeline,
  sqlite,
} from "../../src/index.js";

/**
 * A program of its own: `durable.ts STORE FIRST LAST MODE`. Whoever computes an element writes a byte into $DURABLE_LOG. With
 * $DURABLE_WAITS it begins when its standard input says something.
 */
const [store = "", first = "0", last = "0", mode = "sequential"] = process.argv.slice(2);

class Durable extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") value(x: number): Each<{ x: number; text: string }> {
    // Threads have the environment, not the arguments.
    appendFileSync(process.env.DURABLE_LOG!, ".");
    const until = performance.now() + 0.3;
    while (performance.now() < until);
    return { x, text: String(x).repeat(20) };
  }
  @mapOver("value") length(value: { text: string }): Each<number> {
    return value.text.length;
  }
  @output("length", "value") sum(length: number[], value: readonly { x: number }[]): Output<number> {
    return length.reduce((a, b) => a + b, 0) + value.reduce((sum, { x }) => sum + x, 0);
  }
}

/** What the output has to be. */
export function expected(from: number, to: number): number {
  let sum = 0;
  for (let x = from; x < to; x++) sum += x + 20 * String(x).length;
  return sum;
}

if (isMainThread && store !== "" && path.parse(process.argv[1] ?? "").name === "durable") {
  const xs = Array.from({ length: Number(last) - Number(first) }, (_, i) => Number(first) + i);
  process.stdout.write("ready\n");
  if (process.env.DURABLE_WAITS !== undefined) {
    await once(process.stdin, "data");
    process.stdin.destroy();
  }
  const { sum } = await new Durable().run({ xs }, { cache: sqlite(store), execution: { maps: mode as ExecutionMode } });
  process.stdout.write(`${sum}\n`);
}

import { setTimeout as wait } from "node:timers/promises";
import { input, node, Pipeline } from "../../src/index.js";

/** Nodes that may take longer than a timer of Node's waits. */
export class Patient extends Pipeline {
  @input() ms!: number;
  @node("ms", { timeoutMs: 30 * 24 * 3_600_000 }) async month(ms: number): Promise<number> {
    await wait(ms);
    return ms;
  }
  @node("ms", { timeoutMs: Number.POSITIVE_INFINITY }) async ever(ms: number): Promise<number> {
    await wait(ms);
    return ms;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { input, node, Pipeline } from "../../src/index.js";

/** Fails for 13, and ends some milliseconds later; for threads to import, too. */
export class Unlucky extends Pipeline {
  @input() x!: number;
  @node("x") async doubled(x: number): Promise<number> {
    await sleep(5);
    if (x === 13) throw new Error("unlucky");
    return 2 * x;
  }
}

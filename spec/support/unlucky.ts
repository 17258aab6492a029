import { setTimeout as sleep } from "node:timers/promises";
import { input, mapOver, type Nested, node, Pipeline } from "../../src/index.js";

/** Fails for 13, and ends some milliseconds later; for threads to import, too. */
export class Unlucky extends Pipeline {
  @input() x!: number;
  @input() factor?: number = 2;
  @node("x", "factor") async product(x: number, factor: number): Promise<number> {
    await sleep(5);
    if (x === 13) throw new Error("unlucky");
    return x * factor;
  }
}

class List extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", Unlucky, { x: "xs" }, "product", { onError: "collect" }) products!: Nested<number[]>;
}

/** Collects errors inside of each element of a map. */
export class Collecting extends Pipeline {
  @input() lists!: number[][];
  @mapOver("lists", List, { xs: "lists" }, "products") products!: Nested<number[][]>;
}

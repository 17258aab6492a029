import { setTimeout as sleep } from "node:timers/promises";
import { execution, input, type Nested, nested, node, Pipeline } from "../../src/index.js";

export const order: string[] = [];

async function step(name: string): Promise<string> {
  order.push(`start ${name}`);
  await sleep(5);
  order.push(`end ${name}`);
  return name;
}

class Innermost extends Pipeline {
  @input() x!: number;
  @node("x") async a(_x: number): Promise<string> {
    return step("a");
  }
  @node("x") async b(_x: number): Promise<string> {
    return step("b");
  }
}

@execution({ nodes: "sequential" })
class Middle extends Pipeline {
  @input() x!: number;
  @nested(Innermost, { x: "x" }) inner!: Nested<{ a: string; b: string }>;
}

@execution({ nodes: "async", maps: "sequential" })
export class Outer extends Pipeline {
  @input() x!: number;
  @nested(Middle, { x: "x" }) middle!: Nested<{ inner: { a: string; b: string } }>;
}

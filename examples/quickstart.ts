import { input, node, Pipeline } from "../src/index.js";

class Increment extends Pipeline {
  @input() x!: number;

  @node("x") result(x: number): number {
    return x + 1;
  }
}

const x = 41;
const { result } = await new Increment().run({ x });

console.log(`Input: x = ${x}`);
console.log(`Output: result = ${result}`);
if (result !== 42) throw new Error(`expected 42, got ${result}`);
console.log("The pipeline ran successfully.");

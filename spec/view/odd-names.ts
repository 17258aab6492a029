import { input, node, Pipeline } from "../../src/index.js";

export class OddlyNamed extends Pipeline {
  @input() "bell\u0007"!: number;
  @node("bell\u0007") "escape\u001b"(bell: number): number {
    return bell;
  }
}

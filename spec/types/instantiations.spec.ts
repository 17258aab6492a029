import { expect } from "chai";
import { diagnose } from "../support/edited-pipeline.js";

describe("what the compiler pays for a pipeline", () => {
  // Milliseconds differ from machine to machine; the number of types that it instantiates does not.
  const of = (size: number) => diagnose(size, true, 1).instantiations - diagnose(size, false, 1).instantiations;

  it("grows with the number of its members, not with their square", () => {
    const [small, large] = [of(30), of(120)];
    expect(large / small).to.be.below(4.4);
    expect(large / 120).to.be.below(PER_NODE);
  });
});

/** Type instantiations a node that TypeScript 6 makes today, and a tenth more. */
const PER_NODE = 950;

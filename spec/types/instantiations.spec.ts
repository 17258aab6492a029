import { expect } from "chai";
import { diagnose } from "../support/edited-pipeline.js";

/** Type instantiations for each further member that TypeScript 6 makes today, and a tenth more. */
const PER_MEMBER = 950;

describe("the compiler's work for a pipeline @slow", () => {
  it("grows with the number of its members, not with their square", () => {
    // Milliseconds differ from machine to machine; the number of types that are instantiated does not.
    const [small, medium, large] = [30, 75, 120].map((size) => diagnose(size, true, 1).instantiations) as [
      ...[number, number, number],
    ];
    const [first, second] = [(medium - small) / 45, (large - medium) / 45];
    expect(first).to.be.within(PER_MEMBER / 2, PER_MEMBER);
    expect(second / first).to.be.within(0.9, 1.1);
  });
});

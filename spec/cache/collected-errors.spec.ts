import { expect } from "chai";
import fc from "fast-check";
import { type Each, input, mapOver, memory, type Nested, NodeError, nested, node, Pipeline } from "../../src/index.js";
import { checkPurity } from "../support/check-purity.js";
import { warningsOf } from "../support/warnings.js";

const shown = (values: readonly unknown[]): string =>
  values.map((value) => (value instanceof NodeError ? value.where : `${typeof value} ${JSON.stringify(value)}`)).join();

class Shown extends Pipeline {
  @input() values!: unknown[];
  @node("values") shown(values: unknown[]): string {
    return shown(values);
  }
  @mapOver("values", { onError: "collect" }) shownEach(value: unknown): Each<string> {
    return shown([value]);
  }
}

/** What may fail, with everything that can take its values. */
class Failing extends Pipeline {
  @input() texts!: string[];
  @mapOver("texts", { onError: "collect" }) doubled(text: string): Each<{ text: string }> {
    if (text.includes("!")) throw new Error("it fails");
    return { text: text + text };
  }
  @mapOver("doubled") next(doubled: { text: string }): Each<string> {
    return shown([doubled]);
  }
  @mapOver("texts", "doubled") withAll(text: string, doubled: readonly unknown[]): Each<string> {
    return text + shown(doubled);
  }
  @mapOver(["next", "doubled"]) both(next: string, doubled: unknown): Each<string> {
    return next + shown([doubled]);
  }
  @mapOver("texts", "doubled", { mode: "product" }) pairs(text: string, doubled: unknown): Each<string> {
    return text + shown([doubled]);
  }
  @node("doubled", "next") whole(doubled: readonly unknown[], next: readonly unknown[]): string {
    return shown(doubled) + shown(next);
  }
  @nested(Shown, { values: "doubled" }) inner!: Nested<{ shown: string; shownEach: string[] }>;
}
const NAMES = ["doubled", "next", "withAll", "both", "pairs", "whole", "inner"] as const;

describe("collected errors, in a list whose other elements are in the store", () => {
  checkPurity();

  it("leave those what they are, for everything that takes the list (property)", async () => {
    const run = fc.record({
      texts: fc.array(fc.constantFrom("a", "b", "c", "d!", "e!"), { maxLength: 4 }),
      outputs: fc.subarray([...NAMES], { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 2, maxLength: 4 }), async (runs) => {
        const cache = memory();
        const warnings = await warningsOf(async () => {
          for (const { texts, outputs } of runs) {
            const cached = await new Failing().run({ texts }, { cache, outputs });
            const computed = await new Failing().run({ texts }, { cache: false, outputs });
            expect(JSON.stringify(cached)).to.equal(JSON.stringify(computed));
          }
        });
        expect(warnings).to.deep.equal([]);
      }),
      { numRuns: 30 },
    );
  });
});

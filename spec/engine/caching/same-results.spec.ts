import { expect } from "chai";
import fc from "fast-check";
import { memory, NodeError } from "../../../src/index.js";
import { checkPurity } from "../../support/check-purity.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../../support/family.js";

describe("with a cache, pipelines give what they give without", () => {
  checkPurity();
  it("cold, half warm and warm, whatever the pipeline and the mode (property) @slow", async () => {
    const lists = fc.array(fc.nat(20), { maxLength: 8 });
    const drawn = fc.record({
      index: fc.nat(FAMILY_SIZE - 1),
      xs: lists,
      xs2: lists,
      y: fc.nat(9),
      nodes: fc.constantFrom("sequential", "async", "threaded", "parallel"),
      maps: fc.constantFrom("sequential", "async", "threaded", "parallel"),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y, nodes, maps }) => {
        const pipeline = new FAMILY[index]!();
        const outcome = async (inputs: object, options: object) => {
          try {
            return JSON.stringify(await pipeline.run(inputs as never, options as never), (_, v) =>
              v instanceof NodeError ? v.message : v,
            );
          } catch (error) {
            return (error as Error).message;
          }
        };
        const cache = memory();
        for (const inputs of [
          inputsFor(pipeline, { xs, xs2, y }),
          inputsFor(pipeline, { xs: xs.slice(1), xs2: xs2.slice(1), y }),
          inputsFor(pipeline, { xs, xs2, y }),
        ]) {
          const plain = await outcome(inputs, { execution: { nodes: "sequential", maps: "sequential" } });
          for (let i = 0; i < 2; i++)
            expect(await outcome(inputs, { cache, execution: { nodes, maps } })).to.equal(plain);
        }
      }),
      { numRuns: 200 },
    );
  });
});

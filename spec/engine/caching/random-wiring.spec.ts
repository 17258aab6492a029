import { expect } from "chai";
import fc from "fast-check";
import { memory, type Pipeline } from "../../../src/index.js";
import { inputOf, settings, wired, wirings } from "../../support/random-wiring.js";
import { warningsOf } from "../../support/warnings.js";

/** What there is when a run begins: the inputs, and what the classes of values read. */
const states = fc.record({ a: fc.nat(2), b: fc.nat(2), shape: fc.nat(5), times: fc.integer({ min: 1, max: 3 }) });

describe("pipelines that take parts of values and of resources", () => {
  afterEach(() => {
    settings.times = 1;
  });

  it("have with a cache what they have without, in whatever order states follow each other (property)", async () => {
    await fc.assert(
      fc.asyncProperty(
        wirings,
        wirings,
        fc.array(states, { minLength: 2, maxLength: 4 }),
        async (one, other, order) => {
          const cache = memory({ max: 10_000 });
          const types = [wired(one), wired([...one, ...other].slice(0, 8))];
          const warnings = await warningsOf(async () => {
            for (const { a, b, shape, times } of [...order, ...order]) {
              settings.times = times;
              const inputs = { a: inputOf(a, shape), b: inputOf(b, 0) };
              for (const type of types) {
                const run = (store: typeof cache | false) =>
                  (new type() as Pipeline).run(inputs as never, { cache: store });
                expect(await run(cache)).to.deep.equal(await run(false));
              }
            }
          });
          expect(warnings).to.deep.equal([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});

import { expect } from "chai";
import { memory, type RunEvent } from "../../../src/index.js";
import { warningsOf } from "../../support/warnings.js";
import { Gauges } from "../pipelines/gauges.js";

describe("a nested pipeline with a cache, in threads", () => {
  for (const maps of ["parallel", "threaded", "async"] as const) {
    it(`keeps what it computes of instances, whose code counts, ${maps}`, async () => {
      const cache = memory();
      const computed = async (): Promise<number> => {
        let count = 0;
        const onEvent = (event: RunEvent) => {
          if ((event.type === "node" || event.type === "element") && event.phase === "start") count++;
        };
        const { each, doubled } = await new Gauges().run(
          { levels: [1, 2, 3] },
          { cache, onEvent, execution: { maps } },
        );
        expect(each).to.deep.equal([
          [2, 4],
          [4, 6],
          [6, 8],
        ]);
        expect(doubled).to.deep.equal([2, 4, 6]);
        return count;
      };
      const warnings = await warningsOf(async () => {
        expect(await computed()).to.be.greaterThan(0);
        expect(await computed()).to.equal(0);
      });
      expect(warnings).to.deep.equal([]);
    });
  }
});

import { expect } from "chai";
import { memory, type RunEvent } from "../../../src/index.js";
import { warningsOf } from "../../support/warnings.js";
import { Gauges } from "../pipelines/gauges.js";
import { OwnCaches } from "../pipelines/own-caches.js";

describe("a nested pipeline with a cache, in threads", () => {
  for (const maps of ["parallel", "threaded", "async"] as const) {
    it(`keeps what it computes of instances, whose code counts, ${maps}`, async () => {
      const cache = memory();
      const computed = async (where: typeof maps): Promise<number> => {
        let count = 0;
        const onEvent = (event: RunEvent) => {
          if ((event.type === "node" || event.type === "element") && event.phase === "start") count++;
        };
        const { each, doubled } = await new Gauges().run(
          { levels: [1, 2, 3] },
          { cache, onEvent, execution: { maps: where } },
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
        expect(await computed(maps)).to.be.greaterThan(0);
        for (const where of ["async", "parallel", "threaded"] as const) expect(await computed(where)).to.equal(0);
      });
      expect(warnings).to.deep.equal([]);
    });
  }

  for (const maps of ["async", "parallel", "threaded"] as const) {
    it(`of its own is used by itself alone, whatever is beside it, around it and in it (table), ${maps}`, async () => {
      const xs = [1, 2];
      const all = { plain: [3, 6], kept: [6, 12], again: [18, 36], around: [6, 12], keptAround: [6, 12] };
      const names = Object.keys(all) as (keyof typeof all)[];
      for (const outputs of [...names.map((name) => [name]), names]) {
        for (const cache of [undefined, false, memory()] as const) {
          const own = new OwnCaches().with({ execution: { maps }, ...(cache === undefined ? {} : { cache }) });
          const expected = Object.fromEntries(outputs.map((name) => [name, all[name]]));
          for (let run = 0; run < 2; run++) {
            const events: RunEvent[] = [];
            const onEvent = (event: RunEvent) => events.push(event);
            expect(await own.run({ xs }, { outputs, onEvent }), `${outputs}`).to.deep.equal(expected);
            const isCached = events.some(({ type, path }) => type === "cache" && path.endsWith(".tripled"));
            if (!cache && !outputs.includes("keptAround")) expect(isCached, `${outputs}`).to.equal(false);
          }
        }
      }
    });
  }
});

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import { localProcess, type Pipeline, sqlite } from "../../src/index.js";
import { factors, OverEach, OverOne, Scaling, ScalingAll, ScalingEach } from "./pipelines/changing.js";

const WARM = localProcess({ idleTimeoutMs: 20_000 });
const TWO = localProcess({ maxProcesses: 2, idleTimeoutMs: 20_000 });
const TWO_NEW = localProcess({ maxProcesses: 2 });
const IN_TWO = { runOn: TWO, execution: { maps: "parallel" } };
const XS = { xs: [1, 2, 3] };

/** Ways to a host: a whole pipeline, chunks of a map, and nested pipelines with a placement of their own. */
const WAYS: readonly (readonly [way: string, type: new () => Pipeline, inputs: object, options: object])[] = [
  ["a pipeline", Scaling, { x: 3 }, { runOn: WARM }],
  ["a pipeline with a map", ScalingAll, XS, { runOn: WARM }],
  ["chunks of a map @slow", ScalingAll, XS, IN_TWO],
  ["chunks of a map of a nested pipeline @slow", ScalingEach, XS, IN_TWO],
  ["a nested pipeline", OverOne, { x: 3 }, {}],
  ["a map of a nested pipeline", OverEach, XS, {}],
];

describe("an object that a field leads to, and that has changed since the last run", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hypernodes-changed-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [way, Type, inputs, options] of WAYS) {
    it(`counts with a cache on another host: ${way}`, async () => {
      const cache = sqlite(path.join(folder, `${way}.sqlite`));
      const pipeline = new Type();
      for (const [turn, factor] of [2, 5, 7, 2, 5].entries()) {
        factors[0] = factor;
        // A change meets processes that have run before, and once new ones.
        const placed = turn === 1 && options === IN_TWO ? { runOn: TWO_NEW } : {};
        const expected = await new Type().run(inputs as never, { cache: false, ...options });
        for (const each of [pipeline, new Type()]) {
          expect(await each.run(inputs as never, { cache, ...options, ...placed })).to.deep.equal(expected);
        }
      }
    });
  }
});

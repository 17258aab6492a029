import { expect } from "chai";
import { type Cache, local, localProcess, memory, type PipelineOptions, type RunEvent } from "../../src/index.js";
import { newSqlite } from "../support/caches.js";
import { withEnv } from "../support/modal.js";
import { Scaled, ScaledInside } from "./pipelines/environment.js";

/** Where it runs, and the scale that it reads there. */
const PLACES = [
  { what: "here", scale: 1, runOn: local() },
  ...["2", "3"].map((value) => ({
    what: `in a process with SPEC_SCALE=${value}`,
    scale: Number(value),
    runOn: localProcess({ env: { SPEC_SCALE: value }, idleTimeoutMs: 20_000 }),
  })),
  { what: "in a process without it", scale: 1, runOn: localProcess({ idleTimeoutMs: 20_000 }) },
];

type Place = (typeof PLACES)[number];

const WAYS: Readonly<
  Record<string, (place: Place, cache: Cache, onEvent: (event: RunEvent) => void) => Promise<object>>
> = {
  run: ({ runOn }, cache, onEvent) => new Scaled().run({ x: 5 }, { runOn, cache, onEvent }),
  "a nested pipeline": async ({ runOn }, cache, onEvent) =>
    (await new ScaledInside().run({ x: 5 }, { runOn, cache, onEvent })).inside,
  map: async ({ runOn }, cache, onEvent) =>
    (await new Scaled().map({ x: [5] }, { over: "x", runOn, cache, onEvent }))[0]!,
};

describe("the variables that a placement sets", () => {
  for (const [way, run] of Object.entries(WAYS)) {
    it(`are in the keys of all that runs there, and of nothing else: ${way} (table) @slow`, async () => {
      const cache = newSqlite();
      for (const isKnown of [false, true]) {
        for (const place of PLACES) {
          let computed = 0;
          const value = 5 * place.scale;
          const found = await run(place, cache, ({ type, phase }) => {
            if (type === "node" && phase === "start") computed++;
          });
          expect(found, place.what).to.deep.equal({ inCall: value, atImport: value, versioned: value });
          // A process without variables of its own has those of this one.
          const isShared = isKnown || place.what === "in a process without it";
          expect(computed > 0, `${place.what}, computed ${computed}`).to.equal(!isShared);
        }
      }
    });
  }
});

describe("a variable of the environment that the program changes between two runs", () => {
  const idle = { idleTimeoutMs: 20_000 };
  const ways: Readonly<Record<string, PipelineOptions>> = {
    here: {},
    "in threads": { execution: { nodes: "parallel", maps: "parallel" } },
    "in threads that wait": { execution: { nodes: "threaded", maps: "threaded" } },
    "in a process that is kept": { runOn: localProcess(idle) },
    "in two processes that are kept": { runOn: localProcess({ ...idle, maxProcesses: 2 }) },
  };
  for (const [way, options] of Object.entries(ways)) {
    it(`is what nodes read, and what their keys count: ${way} @slow`, async () => {
      const cache = memory();
      for (const value of ["2", "3", "2", undefined, "4"]) {
        await withEnv({ SPEC_SCALE: value }, async () => {
          const { inCall } = await new Scaled().run({ x: 5 }, { ...options, cache });
          expect(inCall).to.equal(5 * Number(value ?? 1));
        });
      }
    });
  }
});

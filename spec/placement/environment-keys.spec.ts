import { tmpdir } from "node:os";
import { expect } from "chai";
import {
  type Cache,
  image,
  local,
  localProcess,
  memory,
  modal,
  type PipelineOptions,
  type RunEvent,
} from "../../src/index.js";
import { cwd, FIRST_ENV } from "../../src/util/primordials.js";
import { newSqlite } from "../support/caches.js";
import { loopback, onLoopback, withEnv } from "../support/modal.js";
import { warningsOf } from "../support/warnings.js";
import { heldYard, startWorker } from "../support/workers.js";
import { Hour, OfProcess, OfProcessInside, Scaled, ScaledEach, ScaledInside } from "./pipelines/environment.js";

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

/** Specs in the same process may have set variables since its modules were imported. */
function withFirstEnvironment(): void {
  const now = { ...process.env };
  const become = (env: Readonly<Record<string, string | undefined>>) => {
    for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
    Object.assign(process.env, env);
  };
  before(() => become(FIRST_ENV));
  after(() => become(now));
}

describe("the variables that a placement sets", () => {
  withFirstEnvironment();

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

/** Libraries of other specs in the same process may have replaced it: graceful-fs does. */
function withFirstFolder(): void {
  let now: typeof cwd;
  before(() => {
    now = process.cwd;
    process.cwd = cwd;
  });
  after(() => {
    process.cwd = now;
  });
}

describe("what a process has of its own", () => {
  withFirstFolder();

  /** Compares values with and without a cache, there and here. @returns the nodes that the second run there computes. */
  const tryBoth = async (pipeline: Pick<OfProcess, "run">, there: PipelineOptions): Promise<string> => {
    const cache = newSqlite();
    const computed = new Set<string>();
    for (const options of [there, {}, there]) {
      const truth = await pipeline.run({ x: 1 }, { ...options, cache: false });
      computed.clear();
      const onEvent = ({ type, phase, path }: RunEvent) => {
        if (type === "node" && phase === "start") computed.add(path.split(".").at(-1)!);
      };
      expect(await pipeline.run({ x: 1 }, { ...options, cache, onEvent })).to.deep.equal(truth);
    }
    return [...computed].sort().join(" ");
  };
  const processes = { runOn: localProcess({ idleTimeoutMs: 20_000 }) };

  for (const [name, type] of Object.entries({ OfProcess, OfProcessInside })) {
    it(`is not in the cache where another process of this machine computes: ${name} @slow`, async () => {
      expect(await tryBoth(new type(), processes)).to.match(/^args id( inside)?$/);
    });
  }

  it("has the folder among it once the program has gone to another one @slow", async () => {
    const home = process.cwd();
    try {
      process.chdir(tmpdir());
      expect(await tryBoth(new OfProcess(), processes)).to.equal("args folder id");
    } finally {
      process.chdir(home);
    }
  });

  it("is the same in threads @slow", async () => {
    expect(await tryBoth(new OfProcess(), { execution: { nodes: "parallel" } })).to.equal("");
  });

  describe("in containers", () => {
    loopback();
    onLoopback("is not in the cache, nor is what their system is", async () => {
      const there = { runOn: modal({ containers: 1, keepWarm: true }) };
      expect(await tryBoth(new OfProcess(), there)).to.equal("args folder id system");
    });
  });
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

describe("a variable of the environment that the program changes after its modules were imported", () => {
  const places: Readonly<Record<string, PipelineOptions>> = {
    here: {},
    "in a process": { runOn: localProcess({ idleTimeoutMs: 20_000 }) },
    "in a process with the same one": { runOn: localProcess({ idleTimeoutMs: 20_000, env: { SPEC_SCALE: "6" } }) },
  };
  it("is what the modules of another process are imported with, and counts for all that runs there @slow", async () => {
    const cache = newSqlite();
    for (const value of ["6", undefined, "7"]) {
      await withEnv({ SPEC_SCALE: value }, async () => {
        for (const [place, options] of Object.entries(places)) {
          const truth = await new Scaled().run({ x: 5 }, { ...options, cache: false });
          expect(await new Scaled().run({ x: 5 }, { ...options, cache }), `${place}, ${value}`).to.deep.equal(truth);
        }
      });
    }
  });
});

describe("the time zone that the program sets", () => {
  it("is the one of its threads as well @slow", async () => {
    const cache = memory();
    const parallel: PipelineOptions = { execution: { nodes: "parallel" } };
    for (const zone of ["UTC", "Asia/Tokyo", undefined, "UTC"]) {
      await withEnv({ TZ: zone }, async () => {
        const { hour } = await new Hour().run({ at: 0 }, { ...parallel, cache });
        expect(hour, zone).to.equal(new Date(0).getHours());
      });
    }
  });
});

describe("a variable of the environment on another machine", () => {
  const NOT_CACHED = "it reads process.env.SPEC_SCALE on another machine, whose value is not known here";
  /** Runs here, there, and here again: each has its own values, and what reads the variable there is not cached. */
  const alternate = async (there: PipelineOptions, scale: number): Promise<string[]> => {
    const cache = memory();
    const warnings: string[] = [];
    for (const [options, factor] of [
      [{}, 2],
      [there, scale],
      [{}, 2],
      [there, scale],
    ] as const) {
      const told = await warningsOf(() =>
        withEnv({ SPEC_SCALE: "2" }, async () => {
          const { inCalls } = await new ScaledEach().run({ xs: [5, 6] }, { ...options, cache });
          expect(inCalls).to.deep.equal([5 * factor, 6 * factor]);
        }),
      );
      warnings.push(...told.filter((text) => text.includes("is not cached")));
    }
    return warnings;
  };

  describe("that workers of a queue have @slow", () => {
    const held = heldYard();
    it("does not count by its value here: what reads it is not cached, with a warning", async () => {
      const queue = held.yard.queue();
      const worker = await startWorker(held.yard.url, queue, { env: { SPEC_SCALE: "5" } });
      const warnings = await alternate(held.yard.maps(queue), 5);
      await worker.end();
      expect(warnings).to.have.length(2);
      for (const warning of warnings) expect(warning).to.contain(`ScaledEach.inCalls is not cached: ${NOT_CACHED}`);
    });
  });

  describe("that containers have", () => {
    loopback();
    const placed = (options: object) => ({ runOn: modal({ ...options, containers: 2, keepWarm: true }) });
    onLoopback("does not count by its value here, unless env sets it", async () => {
      expect((await alternate(placed({}), 1)).join()).to.contain(NOT_CACHED);
      expect((await alternate(placed({ image: image().env({ SPEC_SCALE: "7" }) }), 7)).join()).to.contain(NOT_CACHED);
      expect(await alternate(placed({ env: { SPEC_SCALE: "7" } }), 7)).to.deep.equal([]);
    });
  });
});

import { expect } from "chai";
import { input, memory, node, Pipeline, resource } from "../../../src/index.js";
import { newSqlite } from "../../support/caches.js";
import { METADATA_COPIES, restoreReflect } from "../../support/metadata-copies.js";
import { warningsOf } from "../../support/warnings.js";
import { CHANGED_BY_NODES, CHANGED_BY_PROGRAM, type Slow } from "./states.js";

type Cache = ReturnType<typeof memory>;

/** Starts a run, and does something while its first node runs, and something when that has ended. */
function running(
  pipeline: Slow,
  x: number,
  cache: Cache,
  fails: boolean,
  during = () => {},
  done = () => {},
): Promise<unknown> {
  const controller = new AbortController();
  const onEvent = (event: { type: string; phase?: string; name?: string }) => {
    if (event.type !== "node" || event.name !== "y") return;
    if (event.phase === "start") setTimeout(during, 5);
    if (event.phase === "end") done();
  };
  return pipeline.run({ x, fails }, { cache, onEvent, signal: controller.signal });
}

/** The ways in which the run goes during which something changes. */
const WAYS: Readonly<Record<string, (make: () => Slow, cache: Cache, change?: () => void) => Promise<void>>> = {
  async alone(make, cache, change) {
    await running(make(), 3, cache, false, change);
  },
  async "another run starts before it and ends later"(make, cache, change) {
    const long = running(make(), 4, cache, false);
    await running(make(), 3, cache, false, change);
    await long;
  },
  async "another run starts after the change and ends later"(make, cache, change) {
    let second: Promise<unknown> | undefined;
    await running(make(), 3, cache, false, () => {
      change?.();
      second = running(make(), 4, cache, false);
    });
    await second;
  },
  async "it fails"(make, cache, change) {
    await running(make(), 3, cache, true, change).catch(() => {});
  },
  async "it is aborted"(make, cache, change) {
    const controller = new AbortController();
    const onEvent = (event: { type: string; phase?: string; name?: string }) => {
      if (event.name !== "y" || event.type !== "node") return;
      if (event.phase === "start" && change !== undefined) setTimeout(change, 5);
      if (event.phase === "end") controller.abort();
    };
    await make()
      .run({ x: 3, fails: false }, { cache, onEvent, signal: controller.signal })
      .catch(() => {});
  },
};

async function computedIn(pipeline: Slow, cache: Cache): Promise<string[]> {
  const computed: string[] = [];
  await pipeline.run(
    { x: 3, fails: false },
    { cache, onEvent: { onNodeStart: ({ name }: { name: string }) => void computed.push(name) } },
  );
  return computed;
}

let factor = 2;
const config = { factor: 2 };
const table = new Map([["factor", 2]]);
class Settings {
  static factor = 2;
  readonly own = 1;
}

/** Reads something that the program changes while its first node runs. */
class Late extends Pipeline {
  @input() x!: number;
  @node("x") async first(x: number): Promise<number> {
    await Promise.resolve();
    return x;
  }
  @node("first") y(first: number): number {
    return first * this.factor();
  }
  protected factor(): number {
    return 1;
  }
}
const lateBy = (read: () => number): (() => Late) => {
  class By extends Late {
    protected override factor(): number {
      return read();
    }
  }
  return () => new By();
};

/** The same, beside a node whose code leads to what sets it. */
const besideWriter = (make: () => Late, set: (value: number) => void): Readonly<Record<string, () => Late>> => {
  const Read = make().constructor as typeof Late;
  class Names extends Read {
    @node("x") beside(x: number): string {
      return set.name + x;
    }
  }
  class Calls extends Read {
    @node("x") beside(x: number): number {
      if (x < 0) set(x);
      return x;
    }
  }
  return {
    "beside a node that names what sets it": () => new Names(),
    "beside a node that may set it": () => new Calls(),
  };
};

/** For each thing that nodes read, how the program sets it. */
const SET: Readonly<Record<string, readonly [make: () => Late, set: (value: number) => void, name: string]>> = {
  "a variable": [
    lateBy(() => factor),
    (value) => {
      factor = value;
    },
    "factor",
  ],
  "a member": [
    lateBy(() => config.factor),
    (value) => {
      config.factor = value;
    },
    "factor",
  ],
  "a static member": [
    lateBy(() => Settings.factor),
    (value) => {
      Settings.factor = value;
    },
    "factor",
  ],
  "an entry of a Map": [lateBy(() => table.get("factor")!), (value) => void table.set("factor", value), "table"],
  "a variable of the environment": [
    lateBy(() => Number(process.env.SPEC_FACTOR)),
    (value) => {
      process.env.SPEC_FACTOR = String(value);
    },
    "SPEC_FACTOR",
  ],
};

let plain = 2;
const readsPlain = (): number => plain;
/** All that its node names is constant. */
class Plain extends Pipeline {
  @input() x!: number;
  @node("x") y(_: number): number {
    return readsPlain();
  }
}
describe("what changes between two runs", () => {
  it("counts if code that names constants leads to it", async () => {
    const cache = memory();
    for (const value of [2, 3, 4, 2, 3]) {
      plain = value;
      expect(await new Plain().run({ x: 1 }, { cache })).to.deep.equal({ y: value });
    }
  });
});

describe("what changes while a run is in progress", () => {
  for (const [what, [read, set]] of Object.entries(SET)) {
    for (const [where, make] of Object.entries({ alone: read, ...besideWriter(read, set) })) {
      it(`makes no value that is cached, ${where}: ${what}`, async () => {
        const cache = memory();
        set(2);
        const warnings = await warningsOf(async () => {
          await make().run(
            { x: 3 },
            { cache, onEvent: { onNodeEnd: ({ name }) => void (name === "first" && set(50)) } },
          );
        });
        expect(warnings.filter((text) => text.includes(".y is not cached"))).to.have.lengthOf(1);
        for (const value of [2, 50, 2, 50]) {
          set(value);
          expect((await make().run({ x: 3 }, { cache })).y).to.equal(3 * value);
        }
        const explained = await make().explain({ x: 3 }, { cache });
        expect(explained.find(({ path }) => path.endsWith(".y"))).to.include({ computed: 0 });
      });
    }
  }

  for (const [what, [make, set, name]] of Object.entries(SET)) {
    for (const newCache of [memory, newSqlite]) {
      it(`is not taken for what was there when the run began: ${what}, ${newCache.name}`, async () => {
        const cache = newCache();
        set(2);
        const warnings = await warningsOf(async () => {
          await make().run(
            { x: 3 },
            { cache, onEvent: { onNodeStart: ({ name }) => void (name === "first" && set(50)) } },
          );
        });
        expect(warnings).to.deep.equal([
          `HypernodesWarning: By.y is not cached: ${name} was changed while it ran, by other code as far as is known. Take it as an input`,
        ]);
        const computed: string[] = [];
        const onEvent = { onNodeStart: ({ name }: { name: string }) => void computed.push(name) };
        for (const value of [2, 50, 2, 50]) {
          set(value);
          expect(await make().run({ x: 3 }, { cache, onEvent })).to.deep.equal({ first: 3, y: 3 * value });
        }
        expect(computed).to.deep.equal(["y", "y"]);
      });
    }
  }

  for (const what of ["at once", "asynchronously"])
    it(`is not what a resource writes when it is disposed of, ${what}`, async () => {
      const state = { closed: 0, lines: [] as string[] };
      const close = () => {
        state.closed++;
        state.lines.push("closed");
      };
      const double = { get: (key: number) => key * 2 };
      const db = () =>
        what === "at once"
          ? { ...double, [Symbol.dispose]: close }
          : { ...double, [Symbol.asyncDispose]: async () => close() };
      class Reads extends Pipeline {
        @input() x!: number;
        @resource() db(): { get(key: number): number } {
          return db();
        }
        @node("x", "db") y(x: number, db: { get(key: number): number }): number {
          return db.get(x);
        }
      }
      const cache = memory();
      const computed: number[] = [];
      for (const x of [1, 1, 2, 2, 1])
        await new Reads().run({ x }, { cache, onEvent: { onNodeStart: () => void computed.push(x) } });
      expect(computed).to.deep.equal([1, 2]);
      expect(state.closed).to.equal(2);
    });

  it("counts in the next run also where a package has patched the language, which may write anything (table)", async () => {
    for (const load of Object.values(METADATA_COPIES)) load();
    try {
      for (const { what, pipeline, change } of CHANGED_BY_PROGRAM) {
        const cache = memory();
        await WAYS.alone!(pipeline, cache, change);
        const inputs = { x: 3, fails: false };
        const expected = await pipeline().run(inputs, { cache: false });
        expect(await pipeline().run(inputs, { cache }), what).to.deep.equal(expected);
      }
    } finally {
      restoreReflect();
    }
  });

  for (const [way, first] of Object.entries(WAYS)) {
    for (const { what, pipeline, change } of CHANGED_BY_PROGRAM) {
      it(`counts in the next run if the program changes it: ${what}; ${way}`, async () => {
        const cache = memory();
        await first(pipeline, cache, change);
        const inputs = { x: 3, fails: false };
        for (let i = 0; i < 2; i++) {
          const expected = await pipeline().run(inputs, { cache: false });
          expect(await pipeline().run(inputs, { cache })).to.deep.equal(expected);
        }
      });
    }
    for (const { what, pipeline } of CHANGED_BY_NODES) {
      it(`computes nothing again if nodes change it: ${what}; ${way}`, async () => {
        const cache = memory();
        await first(pipeline, cache);
        const computed = await computedIn(pipeline(), cache);
        // A run that begins while others have changed something counts that as it is then.
        if (!way.startsWith("another")) expect(computed.filter((name) => name !== "bad")).to.deep.equal([]);
        expect(await computedIn(pipeline(), cache)).to.deep.equal([]);
      });
    }
  }
});

/** Services that a node makes when it first needs them, and changes with each call. */
class Counter {
  calls = 0;
  add(x: number): number {
    this.calls++;
    return x;
  }
}
let byNullish: Counter | undefined;
let byFalsy: Counter | undefined;
let byIf: Counter | undefined;
const held: { counter?: Counter } = {};
const LAZY: Readonly<Record<string, () => Counter>> = {
  "??=": () => (byNullish ??= new Counter()),
  "||=": () => (byFalsy ||= new Counter()),
  "an if": () => {
    if (byIf === undefined) byIf = new Counter();
    return byIf;
  },
  "??= of a member": () => (held.counter ??= new Counter()),
};

describe("a value that nodes make when they first need it, and change", () => {
  for (const [how, get] of Object.entries(LAZY)) {
    it(`is their own: ${how}`, async () => {
      class Counting extends Pipeline {
        @input() x!: number;
        @node("x") y(x: number): number {
          return get().add(x);
        }
      }
      const cache = memory();
      const computed: number[] = [];
      const warnings = await warningsOf(async () => {
        for (const x of [1, 2, 3, 3]) {
          await new Counting().run(
            { x },
            { cache, onEvent: ({ type, phase }) => type === "node" && phase === "start" && computed.push(x) },
          );
        }
      });
      expect({ warnings, computed }).to.deep.equal({ warnings: [], computed: [1, 2, 3] });
    });
  }
});

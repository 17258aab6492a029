import { input, node, Pipeline } from "../../../src/index.js";

// Pipelines whose nodes read, or change, something that is no argument of theirs.

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads at once, and is still running for a while. `bad` may fail after that. */
export abstract class Slow extends Pipeline {
  @input() x!: number;
  @input() fails!: boolean;
  @node("x") async y(x: number): Promise<number> {
    const value = x * Number((await this.value()) ?? 1);
    await pause(20);
    return value;
  }
  @node("y", "fails") bad(_: number, fails: boolean): number {
    if (fails) throw new Error("as it was told to");
    return 0;
  }
  protected abstract value(): unknown;
}

function of(value: () => unknown): () => Slow {
  class Of extends Slow {
    protected value(): unknown {
      return value();
    }
  }
  return () => new Of();
}

interface State {
  readonly what: string;
  readonly pipeline: () => Slow;
}

// What the program changes while a node runs: the next run has the new value.

let factor = 2;
let inner = 2;
const readsInner = () => inner;
let replaced = { factor: 2 };
let other = { factor: 2 };
const config = { factor: 2 };
const deep = { of: { factor: 2 } };
const hidden = { factor: 2 };
const list = [2];
const iterated = [2, 3];
const table = new Map([["factor", 2]]);
const names = new Set([2]);
const closed = (() => {
  let inner = 2;
  return {
    read: () => inner,
    set: (value: number) => {
      inner = value;
    },
  };
})();
class Settings {
  static factor = 2;
  own = 2;
  doubled(): number {
    return this.own * 2;
  }
}
const settings = new Settings();
const handed = { factor: 2, more: 1 };
const given = (of: { factor: number }) => of.factor;
const logged = { factor: 2, log: [] as number[], calls: 0 };
let twice = () => 2;
/** As compilers write what CommonJS exports. */
const exported = Object.defineProperties({} as { config: { factor: number }; stats: { n: number } }, {
  config: { enumerable: true, get: () => config },
  stats: { enumerable: true, get: () => stats },
});

const by = { by: 2 };
class Fielded extends Slow {
  readonly factor = by;
  protected value(): number {
    return this.factor.by;
  }
}

class Statics extends Slow {
  static factor = 2;
  protected value(): number {
    return Statics.factor;
  }
}

const changed: readonly (readonly [what: string, pipeline: () => Slow, change: () => void])[] = [
  ["a variable", of(() => factor), () => factor++],
  ["a variable that another function reads", of(() => readsInner()), () => inner++],
  ["a member of an object", of(() => config.factor), () => config.factor++],
  ["a member of what CommonJS exports", of(() => exported.config.factor), () => config.factor++],
  ["a nested member", of(() => deep.of.factor), () => deep.of.factor++],
  ["an object in an object", of(() => deep.of.factor), () => (deep.of = { factor: deep.of.factor + 1 })],
  ["the object that a variable is", of(() => replaced.factor), () => (replaced = { factor: replaced.factor + 1 })],
  ["an object that is iterated", of(() => Object.values(hidden)[0]), () => hidden.factor++],
  ["an element of a list", of(() => list[0]), () => list[0]!++],
  ["the elements of a list that is iterated", of(() => iterated.reduce((a, b) => a + b)), () => iterated.push(4)],
  ["an entry of a Map", of(() => table.get("factor")), () => table.set("factor", table.get("factor")! + 1)],
  ["a Set", of(() => [...names].at(-1)), () => names.add([...names].at(-1)! + 1)],
  ["a variable of a function", of(closed.read), () => closed.set(closed.read() + 1)],
  ["a static member", of(() => Settings.factor), () => Settings.factor++],
  ["a static member of the pipeline's class", () => new Statics(), () => Statics.factor++],
  ["a field that a method reads", of(() => settings.doubled()), () => settings.own++],
  ["what a field of the pipeline leads to", () => new Fielded(), () => by.by++],
  ["a member of an object that is handed on", of(() => given(handed)), () => handed.factor++],
  [
    "a member of an object whose other members nodes change",
    of(() => {
      logged.calls++;
      logged.log.push(1);
      return logged.factor;
    }),
    () => logged.factor++,
  ],
  [
    "a member of the name of one that nodes set in an object of their own",
    of(() => {
      const made: { factor?: number } = {};
      made.factor = other.factor;
      return made.factor;
    }),
    () => other.factor++,
  ],
  [
    "a variable that a function has the name of, which sets it",
    of(() => {
      let inner = 0;
      const replaced = () => void inner++;
      replaced();
      return other.factor * inner;
    }),
    () => (other = { factor: other.factor + 1 }),
  ],
  [
    "a function",
    of(() => twice()),
    () => {
      const before = twice;
      twice = () => before() + 1;
    },
  ],
  [
    "a variable of the environment",
    of(() => process.env.SPEC_FACTOR ?? 2),
    () => (process.env.SPEC_FACTOR = `${Number(process.env.SPEC_FACTOR ?? 2) + 1}`),
  ],
];

export const CHANGED_BY_PROGRAM = changed.map(([what, pipeline, change]) => ({ what, pipeline, change }));

// What nodes change themselves: the next run computes nothing.

const log: number[] = [];
const memo = new Map<string, number>();
const seen = new Set<number>();
const stats = { n: 0, of: { n: 0 }, last: undefined as unknown, by: {} as Record<string, number> };
const weights: Record<string, number> = {};
const bytes = new Uint8Array(4);
let model: { rate: number } | undefined;
let late: { rate: number };
let count = 0;
const load = async () => ({ rate: 1 });
const counter = (() => {
  let inner = 0;
  return () => ++inner;
})();
const note = (value: number) => void log.push(value);
const noted = (into: number[]) => void into.push(1);
class Memory {
  private readonly known: number[] = [];
  calls = 0;
  remember(value: number): void {
    this.calls++;
    this.known.push(value);
  }
}
const remembered = new Memory();
const every = /a/g;

class Counting extends Slow {
  static runs = 0;
  static readonly log: number[] = [];
  static lazy: { rate: number } | undefined;
  protected value(): number {
    Counting.runs++;
    Counting.log.push(1);
    Counting.lazy ??= { rate: 1 };
    return Counting.lazy.rate;
  }
}

class Own extends Slow {
  private readonly log: number[] = [];
  private readonly stats: { calls: number; loaded?: { rate: number } } = { calls: 0 };
  protected value(): number {
    this.stats.calls++;
    this.log.push(this.stats.calls);
    this.stats.loaded ??= { rate: 1 };
    return this.stats.loaded.rate;
  }
}
const own = new Own();

export const CHANGED_BY_NODES: readonly State[] = [
  { what: "a list that it pushes to", pipeline: of(() => log.push(1) && 1) },
  { what: "a list that a function pushes to", pipeline: of(() => note(1)) },
  { what: "a list that is handed to a function", pipeline: of(() => noted(log)) },
  {
    what: "a list that it calls by a name of its own",
    pipeline: of(() => {
      const mine = log;
      mine.push(1);
      return 1;
    }),
  },
  { what: "a Map that it sets in", pipeline: of(() => memo.set(`k${memo.size}`, 1) && 1) },
  { what: "a Set that it adds to", pipeline: of(() => seen.add(seen.size) && 1) },
  { what: "a member", pipeline: of(() => stats.n++ && 1) },
  {
    what: "a nested member, and one that was undefined",
    pipeline: of(() => {
      stats.of.n++;
      stats.last = [stats.n];
      return stats.last ? 1 : 0;
    }),
  },
  {
    what: "members of a computed name",
    pipeline: of(() => {
      weights[`w${Object.keys(weights).length}`] = 1;
      return 1;
    }),
  },
  {
    what: "nested members of a computed name",
    pipeline: of(() => {
      const name = `k${count}`;
      stats.by[name] = (stats.by[name] ?? 0) + 1;
      return 1;
    }),
  },
  {
    what: "members by Object.assign",
    pipeline: of(() => {
      Object.assign(stats, { [`a${stats.n}`]: 1, n: stats.n + 1 });
      return 1;
    }),
  },
  {
    what: "members by destructuring",
    pipeline: of(() => {
      [stats.n, stats.of.n] = [stats.n + 1, stats.n];
      return 1;
    }),
  },
  {
    what: "a member that it deletes",
    pipeline: of(() => {
      stats.by.x = 1;
      delete stats.by.x;
      stats.by.z = stats.n;
      return 1;
    }),
  },
  {
    what: "bytes",
    pipeline: of(() => {
      bytes[0]!++;
      return 1;
    }),
  },
  { what: "a variable that it counts in", pipeline: of(() => count++ && 1) },
  {
    what: "a variable that it loads",
    pipeline: of(async () => {
      model ??= await load();
      return model.rate;
    }),
  },
  {
    what: "a variable without a first value",
    pipeline: of(async () => {
      late ??= await load();
      return late.rate;
    }),
  },
  { what: "a variable of a function", pipeline: of(() => counter()) },
  { what: "what a method of an object sets", pipeline: of(() => remembered.remember(1)) },
  { what: "a regular expression", pipeline: of(() => every.test("aa") && 1) },
  { what: "what CommonJS exports", pipeline: of(() => exported.stats.n++ && 1) },
  { what: "statics", pipeline: () => new Counting() },
  { what: "what fields of the pipeline lead to", pipeline: () => own },
];

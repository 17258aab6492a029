import { expect } from "chai";
import {
  cached,
  type Each,
  input,
  mapOver,
  memory,
  type NodeError,
  node,
  type Output,
  output,
  Pipeline,
  type RunEvent,
} from "../../src/index.js";
import { Collecting } from "../support/unlucky.js";

/** What a run says on stderr, and what its listener hears. */
async function explained(
  run: (options: { explain: true; onEvent(event: RunEvent): void }) => Promise<unknown>,
): Promise<{ said: string[]; heard: string[] }> {
  const said: string[] = [];
  const heard: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = (text: string | Uint8Array) => {
    said.push(...String(text).trim().split("\n"));
    return true;
  };
  try {
    await run({
      explain: true,
      onEvent: (event) => {
        if (event.phase === "explained") heard.push(`${event.path} ${event.computed}/${event.cached} ${event.because}`);
      },
    });
  } finally {
    process.stderr.write = write;
  }
  return { said, heard };
}

/** Tables that the node below reads, as the program leaves them before each run. */
const tables: { current: unknown } = { current: undefined };

class OfTables extends Pipeline {
  @input() x!: number;
  @node("x") text(x: number): string {
    return JSON.stringify(tables.current) + x;
  }
}

const RECORDS = [
  { id: 1, name: "a" },
  { id: 2, name: "b" },
];
/** Tables before and after an edit, and the reason. */
const EDITS: readonly (readonly [before: unknown, after: unknown, because: string])[] = [
  [RECORDS, [{ id: 1, name: "b" }, RECORDS[1]], "the value of tables.current.name changed"],
  [RECORDS, [{ id: 2, name: "a" }, RECORDS[1]], "the value of tables.current.id changed"],
  [
    RECORDS,
    [...RECORDS].reverse(),
    "the value of tables.current.id is in another order, the value of tables.current.name is in another order",
  ],
  [RECORDS, [...RECORDS, { id: 1, name: "a" }], "the value of tables.current in spec/engine/explain.spec.ts changed"],
  [{ rows: [{ b: 1 }, { b: 1 }] }, { rows: [{ b: 2 }, { b: 1 }] }, "the value of tables.current.b changed"],
  [[1, 2], [1, 1], "the value of tables.current.1 changed"],
  [
    { a: 1 },
    { a: 1, b: 1 },
    "the value of tables.current in spec/engine/explain.spec.ts changed, the value of tables.current.b is new in it",
  ],
];

class Skipping extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs", { onError: "collect" }) odd(x: number): Each<number | NodeError> {
    if (x % 2 === 0) throw new Error("even");
    return x;
  }
  @mapOver("odd") after(x: number | NodeError): Each<number> {
    return (x as number) + 1;
  }
  @mapOver("odd", { cache: false }) afterUncached(x: number | NodeError): Each<number> {
    return (x as number) + 1;
  }
}

describe("explain: true", () => {
  it("names the value that changed in a table, where others are equal to it (table)", async () => {
    for (const [before, after, because] of EDITS) {
      const cache = memory();
      tables.current = before;
      await new OfTables().run({ x: 1 }, { cache });
      tables.current = after;
      const { heard } = await explained((options) => new OfTables().run({ x: 1 }, { ...options, cache }));
      expect(heard, JSON.stringify(after)).to.deep.equal([`OfTables.text 1/0 ${because}`]);
    }
  });

  const store = memory();
  const pipeline = (version?: number) => {
    @cached(store)
    class Explained extends Pipeline {
      @input() xs!: number[];
      @input() k!: number;
      @mapOver("xs", "k") scaled(x: number, k: number): Each<number> {
        return x * k;
      }
      @node("scaled", version === undefined ? {} : { version }) sum(scaled: number[]): number {
        return scaled.reduce((a, b) => a + b, 0);
      }
      @node("k", { cache: false }) drawn(k: number): number {
        return k;
      }
      @output("sum", "drawn") end(sum: number, _drawn: number): Output<number> {
        return sum;
      }
    }
    return new Explained();
  };

  it("says that the settings of the process changed", async () => {
    const cache = memory();
    tables.current = 1;
    await new OfTables().run({ x: 1 }, { cache });
    const { TZ } = process.env;
    try {
      process.env.TZ = TZ === "Asia/Tokyo" ? "UTC" : "Asia/Tokyo";
      const { heard } = await explained((options) => new OfTables().run({ x: 1 }, { ...options, cache }));
      expect(heard).to.deep.equal([
        "OfTables.text 1/0 the time zone, the language, an option or the version of Node changed",
      ]);
    } finally {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });

  it("says for each node why it was computed, or was not", async () => {
    expect((await explained((options) => pipeline().run({ xs: [1, 2], k: 1 }, options))).said).to.deep.equal([
      "Explained.drawn: computed: it says cache: false",
      "Explained.scaled: 2 of 2 computed: no earlier value of it is cached",
      "Explained.sum: computed: no earlier value of it is cached",
      "Explained.end: computed: no earlier value of it is cached",
    ]);
    expect((await explained((options) => pipeline().run({ xs: [1, 2, 3], k: 1 }, options))).said).to.deep.equal([
      "Explained.drawn: computed: it says cache: false",
      "Explained.scaled: 1 of 3 computed: xs changed",
      "Explained.sum: computed: scaled changed",
      "Explained.end: computed: sum changed",
    ]);
    expect(await explained((options) => pipeline(1).run({ xs: [1, 2, 3], k: 1 }, options))).to.deep.equal({
      said: [
        "Explained.drawn: computed: it says cache: false",
        "Explained.scaled: not computed: same code, same inputs",
        "Explained.sum: computed: its version changed from none to 1",
        "Explained.end: not computed: same code, same inputs",
      ],
      heard: [
        "Explained.drawn 1/0 it says cache: false",
        "Explained.scaled 0/3 same code, same inputs",
        "Explained.sum 1/0 its version changed from none to 1",
        "Explained.end 0/1 same code, same inputs",
      ],
    });
    await store.clear();
    const { heard } = await explained((options) => pipeline(1).run({ xs: [3], k: 1 }, options));
    expect(heard[1]).to.equal("Explained.scaled 1/0 no earlier value of it is cached");
  });

  it("prints nothing where nothing is cached", async () => {
    expect(await explained((options) => pipeline().run({ xs: [], k: 1 }, { ...options, cache: false }))).to.deep.equal({
      said: [],
      heard: [],
    });
  });

  it("counts no elements in whose place the error of an earlier node stands", async () => {
    const skipping = new Skipping().with({ cache: memory() });
    const counts = async () => {
      const { heard } = await explained((options) => skipping.run({ xs: [1, 2, 3] }, options));
      return heard.map((line) => line.split(" ").slice(0, 2).join(" "));
    };
    expect(await counts()).to.deep.equal(["Skipping.odd 3/0", "Skipping.after 2/0", "Skipping.afterUncached 2/0"]);
    expect(await counts()).to.deep.equal(["Skipping.odd 1/2", "Skipping.after 0/2", "Skipping.afterUncached 2/0"]);
  });

  for (const maps of ["async", "parallel"] as const) {
    it(`says of a pipeline that may collect errors whether its value is stored, before a run as after it: ${maps}`, async () => {
      const collecting = new Collecting().with({ cache: memory(), execution: { maps } });
      const inputs = { lists: [[1, 2], [3]] };
      await collecting.run(inputs);
      const because =
        maps === "async"
          ? "same code, same inputs"
          : "errors may be collected in it, in a thread or on another host, so its value is not stored";
      const [before] = await collecting.explain(inputs);
      expect(before!.because).to.equal(because);
      const { heard } = await explained((options) => collecting.run(inputs, options));
      expect(heard[0]).to.equal(`Collecting.products ${maps === "async" ? "0/2" : "2/0"} ${because}`);
    });
  }
});

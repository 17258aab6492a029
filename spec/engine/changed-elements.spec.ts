import { expect } from "chai";
import {
  type Batch,
  cached,
  type Each,
  input,
  mapOver,
  memory,
  type Nested,
  node,
  Pipeline,
  resource,
} from "../../src/index.js";
import { newSqlite } from "../support/caches.js";
import { warningsOf } from "../support/warnings.js";

interface Row {
  at: number;
}

let calls: string[] = [];
const called = (): string => calls.splice(0).sort().join(" ");
beforeEach(() => {
  calls = [];
});

class Inner extends Pipeline {
  @input() row!: Row;
  @node("row") raised(row: Row): number {
    calls.push("raised");
    row.at += 10;
    return row.at;
  }
}

/** What maps over rows that a map has made: each of them changes the second one. */
class Changed extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") rows(x: number): Each<Row> {
    return { at: x };
  }
  @mapOver("rows") changed(row: Row): Each<number> {
    calls.push(`changed(${row.at})`);
    if (row.at === 2) row.at = 20;
    return row.at;
  }
  @node("rows", "changed") last(rows: Row[], _: number[]): number {
    calls.push("last");
    return rows.reduce((sum, { at }) => sum + at, 0);
  }
}
class Batched extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") rows(x: number): Each<Row> {
    return { at: x };
  }
  @mapOver("rows", { batch: 3 }) async batched(rows: Row[]): Promise<Batch<number>> {
    await Promise.resolve();
    calls.push(`batched(${rows.length})`);
    for (const row of rows) if (row.at === 2) row.at = 20;
    return rows.map(({ at }) => at) as Batch<number>;
  }
  @node("rows", "batched") last(rows: Row[], _: number[]): number {
    calls.push("last");
    return rows.reduce((sum, { at }) => sum + at, 0);
  }
}
class Paired extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") rows(x: number): Each<Row> {
    return { at: x };
  }
  @mapOver(["xs", "rows"], { mode: "product" }) paired(x: number, row: Row): Each<number> {
    calls.push("paired");
    if (x === 3 && row.at === 2) row.at = 20;
    return row.at;
  }
  @node("rows", "paired") last(rows: Row[], _: number[]): number {
    calls.push("last");
    return rows.reduce((sum, { at }) => sum + at, 0);
  }
}
class Given extends Pipeline {
  @input() rows!: Row[];
  @mapOver("rows") changed(row: Row): Each<number> {
    return ++row.at;
  }
  @node("rows", "changed") last(rows: Row[], _: number[]): number[] {
    return rows.map(({ at }) => at);
  }
}
class Shared extends Pipeline {
  @input() xs!: number[];
  @node("xs") notes(xs: number[]): number[] {
    return xs.slice(0, 1);
  }
  @mapOver("xs", "notes") noted(x: number, notes: number[]): Each<number> {
    notes.push(1);
    return x;
  }
  @node("notes", "noted") last(notes: number[], _: number[]): number {
    return notes.length;
  }
}
const CHANGERS: Readonly<Record<string, new () => Changed>> = {
  changed: Changed,
  batched: Batched as never,
  paired: Paired as never,
};

describe("a map whose method changes elements, under a cache", () => {
  for (const [name, type] of Object.entries(CHANGERS)) {
    for (const maps of ["sequential", "async"] as const) {
      it(`${name}: nothing that is made of them is cached, and both nodes are named, ${maps}`, async () => {
        const options = { execution: { maps, nodes: "sequential" } } as const;
        const plain = await new type().run({ xs: [1, 2, 3] }, options);
        const pipeline = new type().with({ cache: newSqlite() });
        for (let i = 0; i < 3; i++) {
          called();
          const warnings = await warningsOf(async () => {
            expect(await pipeline.run({ xs: [1, 2, 3] }, options)).to.deep.equal(plain);
          });
          expect(called(), `run ${i}`).to.contain("last");
          expect(warnings).to.deep.equal([
            `HypernodesWarning: ${type.name}.${name} is not cached: it changes the value of ${type.name}.rows: results computed from that value are not cached. Change a copy instead`,
            `HypernodesWarning: ${type.name}.last is not cached: ${type.name}.${name} has changed the value of ${type.name}.rows`,
          ]);
        }
      });
    }
  }

  it("caches the elements that were not changed", async () => {
    const pipeline = new Changed().with({ cache: memory() });
    await pipeline.run({ xs: [1, 2, 3] });
    called();
    await pipeline.run({ xs: [1, 2, 3] });
    expect(called()).to.equal("changed(2) last");
  });

  for (const [name, type] of Object.entries({ changed: Changed, batched: Batched, given: Given, shared: Shared })) {
    for (const xs of [
      [2, 2, 3, 2],
      [2, 2],
      [3, 2, 3, 2],
    ]) {
      it(`${name}: elements that are equal are changed each, ${xs.join()}`, async () => {
        const options = { execution: { maps: "sequential", nodes: "sequential" } } as const;
        const inputs = () => (name === "given" ? { rows: xs.map((at) => ({ at })) } : { xs }) as { xs: number[] };
        const make = () => new (type as unknown as typeof Changed)();
        const plain = await make().run(inputs(), options);
        for (const cache of [memory(), newSqlite()]) {
          for (let i = 0; i < 3; i++) {
            await warningsOf(async () => {
              expect(await make().run(inputs(), { ...options, cache }), `run ${i}`).to.deep.equal(plain);
            });
          }
        }
      });
    }
  }

  it("holds for the elements of a map over a nested pipeline, and for those of a stream", async () => {
    @cached(memory())
    class Around extends Pipeline {
      @input() rows!: Row[];
      @mapOver("rows", Inner, { row: "rows" }, "raised") raised!: Nested<number[]>;
      @node("rows", "raised") sum(rows: Row[], _: number[]): number {
        return rows.reduce((sum, { at }) => sum + at, 0);
      }
    }
    for (let i = 0; i < 2; i++) {
      const rows = [{ at: 1 }, { at: 2 }];
      expect(await new Around().run({ rows })).to.deep.equal({ raised: [11, 12], sum: 23 });
      expect(called()).to.equal("raised raised");
    }
    const inner = new Inner().with({ cache: memory() });
    for (let i = 0; i < 2; i++) {
      for await (const result of inner.stream({ row: [{ at: 1 }] }, { over: "row" }))
        expect(result.raised).to.equal(11);
      expect(called()).to.equal("raised");
    }
  });

  it("changes nothing in threads, where elements are copies: it is cached", async () => {
    const { Tagging } = await import("../support/impure.js");
    const pipeline = new Tagging().with({ cache: memory(), execution: { maps: "threaded" } });
    const rows = () => [1, 2, 3].map((at) => ({ at, tags: ["a"] }));
    const warnings = await warningsOf(async () => {
      for (let i = 0; i < 2; i++) expect((await pipeline.run({ rows: rows() })).all).to.equal("a,a,two,a");
    });
    expect(warnings).to.deep.equal([]);
    const explanations = await pipeline.explain({ rows: rows() });
    expect(explanations.map(({ computed }) => computed)).to.deep.equal([0, 0, 0]);
  });
});

/** What maps change a list that all their calls share: each returns how long it has become. */
class Seen extends Pipeline {
  @input() xs!: number[];
  @node() seen(): number[] {
    return [];
  }
}
class Noted extends Seen {
  @mapOver("xs", "seen") changer(x: number, seen: number[]): Each<number> {
    return seen.push(x);
  }
}
class NotedLater extends Seen {
  @mapOver("xs", "seen") async changer(x: number, seen: number[]): Promise<Each<number>> {
    await Promise.resolve();
    return seen.push(x) as Each<number>;
  }
}
class NotedTogether extends Seen {
  @mapOver("xs", "seen", { batch: 2 }) changer(xs: number[], seen: number[]): Batch<number> {
    return xs.map((x) => seen.push(x)) as Batch<number>;
  }
}
class NotedPairs extends Seen {
  @mapOver(["xs", "xs"], "seen", { mode: "product" }) changer(x: number, _: number, seen: number[]): Each<number> {
    return seen.push(x);
  }
}
class Note extends Pipeline {
  @input() x!: number;
  @input() seen!: number[];
  @node("x", "seen") length(x: number, seen: number[]): number {
    return seen.push(x);
  }
}
class NotedInside extends Seen {
  @mapOver("xs", Note, { x: "xs", seen: "seen" }, "length") changer!: Nested<number[]>;
}

describe("a map whose calls change what they share, under a cache", () => {
  const types: readonly (new () => AnyRun)[] = [Noted, NotedLater, NotedTogether, NotedPairs, NotedInside] as never;
  for (const type of types) {
    it(`${type.name}: nothing that is made of it is cached, with a warning`, async () => {
      for (const cache of [memory(), newSqlite()]) {
        for (const xs of [[1, 2], [1, 2], [3, 1, 2], [2]]) {
          const expected = await new type().run({ xs } as never);
          const warnings = await warningsOf(async () => {
            expect(await new type().run({ xs } as never, { cache }), `${xs}`).to.deep.equal(expected);
          });
          expect(warnings.join("\n"), `${xs}`).to.contain(`is not cached: it changes the value of ${type.name}`);
        }
      }
    });
  }

  it("caches nothing of a map that the check of changes has stopped", async () => {
    const cache = memory();
    const checked = await new Noted()
      .run({ xs: [1, 2] }, { cache, execution: { check: true } })
      .catch((error) => error);
    expect(checked).to.have.property("code", "CHANGED_INPUT");
    expect(await new Noted().run({ xs: [2] }, { cache })).to.deep.equal(await new Noted().run({ xs: [2] }));
  });

  it("changes nothing for maps that leave it as it is", async () => {
    class Scaled extends Seen {
      @mapOver("xs", "seen") scaled(x: number, seen: number[]): Each<number> {
        calls.push("scaled");
        return x + seen.length;
      }
    }
    const pipeline = new Scaled().with({ cache: memory() });
    const warnings = await warningsOf(async () => {
      await pipeline.run({ xs: [1, 2] });
      await pipeline.run({ xs: [2, 1, 3] });
    });
    expect(called()).to.equal("scaled scaled scaled");
    expect(warnings).to.deep.equal([]);
  });
});

/** Results that are one object, or parts of one, and a node that changes one of them. */
class Alike extends Pipeline {
  @input() x!: number;
  @node("x") whole(x: number): { in: number[] } {
    return { in: [x] };
  }
  @node("whole") part(whole: { in: number[] }): number[] {
    return whole.in;
  }
  @node("part") changer(part: number[]): number {
    return part.push(2);
  }
  @node("whole", "changer") last(whole: { in: number[] }, changer: number): number {
    return whole.in.length + changer;
  }
}
class AlikeElements extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") rows(x: number): Each<Row> {
    return { at: x };
  }
  @mapOver("rows") same(row: Row): Each<Row> {
    return row;
  }
  @node("same") changer(rows: Row[]): number {
    rows[0]!.at++;
    return 0;
  }
  @node("rows", "changer") last(rows: Row[], _: number): number {
    return rows[0]!.at;
  }
}
class ChangingResource extends Pipeline {
  @input() x!: number;
  @node("x") list(x: number): number[] {
    return [x];
  }
  @resource("list") size(list: number[]): { n: number } {
    return { n: list.push(2) };
  }
  @node("x", "size") sized(x: number, size: { n: number }): number {
    return x + size.n;
  }
  @mapOver("list", "size") scaled(x: number, size: { n: number }): Each<number> {
    return x * size.n;
  }
  @node("list", "sized") last(list: number[], sized: number): number {
    return list.length + sized;
  }
}

class Index {
  constructor(private readonly docs: number[]) {}
  best(): number {
    return this.docs.sort((a, b) => a - b)[0]!;
  }
}
class ChangingLater extends Pipeline {
  @input() x!: number;
  @node("x") docs(x: number): number[] {
    return [x, 3, 1];
  }
  @resource("docs") index(docs: number[]): Index {
    return new Index(docs);
  }
  @node("index", "x") best(index: Index, x: number): number {
    return index.best() + x;
  }
  @node("docs", "best") last(docs: number[], best: number): number {
    return docs[0]! * 10 + best;
  }
}

describe("a value that is the same object as another one", () => {
  const cases: [name: string, make: () => AnyRun, warns: RegExp][] = [
    ["a part of it", () => new Alike() as never, /Alike.changer is not cached: it changes the value of Alike.part/],
    [
      "its elements",
      () => new AlikeElements() as never,
      /AlikeElements.changer is not cached: it changes the value of/,
    ],
    ["what a resource changes", () => new ChangingResource() as never, /its resource size changes its own inputs/],
    [
      "what a resource changes when it is used",
      () => new ChangingLater() as never,
      /ChangingLater.best is not cached: its resource index changes its own inputs.*\n.*last is not cached: ChangingLater.index has changed/,
    ],
  ];
  for (const [what, make, warns] of cases) {
    it(`is what it is without a cache after a change, in every run: ${what}`, async () => {
      const inputs = (what === "its elements" ? { xs: [1, 2] } : { x: 5 }) as never;
      const expected = await make().run(inputs);
      for (const cache of [memory(), newSqlite()]) {
        for (let i = 0; i < 4; i++) {
          const warnings = await warningsOf(async () => {
            expect(await make().run(inputs, { cache }), `run ${i}`).to.deep.equal(expected);
          });
          expect(warnings.join("\n"), `run ${i}`).to.match(warns);
        }
      }
    });
  }
});

interface AnyRun {
  run(inputs: never, options?: object): Promise<unknown>;
}

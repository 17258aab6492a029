import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { Max } from "class-validator";
import fc from "fast-check";
import {
  type Batch,
  cached,
  type Each,
  InputError,
  input,
  mapOver,
  memory,
  modal,
  type Nested,
  type NodeExplanation,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  type RunEvent,
  resource,
  sqlite,
} from "../../src/index.js";
import { Lines } from "../support/cached.js";
import { newFolder, newSqlite } from "../support/caches.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../support/family.js";
import { printed } from "../support/printed.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

/** What was called since it was asked last. */
let calls: string[] = [];
const called = (): string => calls.splice(0).join(" ");
beforeEach(() => {
  calls = [];
});

/** `scaled 1/2/0 xs changed`: computed, cached, unknown. */
const brief = (explanations: readonly NodeExplanation[]): string[] =>
  explanations.map(
    ({ path: at, computed, cached: known, unknown, because }) =>
      `${at.slice(at.indexOf(".") + 1)} ${computed}/${known}/${unknown} ${because}`,
  );

class Scaled extends Pipeline {
  @input() xs!: number[];
  @input() k!: number;
  @resource() unit(): number {
    calls.push("unit");
    return 1;
  }
  @mapOver("xs", "k", "unit") scaled(x: number, k: number, unit: number): Each<number> {
    calls.push("scaled");
    return x * k * unit;
  }
  @mapOver("scaled") next(x: number): Each<number> {
    calls.push("next");
    return x + 1;
  }
  @node("next") sum(next: number[]): number {
    calls.push("sum");
    return next.reduce((a, b) => a + b, 0);
  }
  @node("k", { cache: false }) drawn(k: number): number {
    calls.push("drawn");
    return k;
  }
  @output("sum", "drawn") end(sum: number, _drawn: number): Output<number> {
    calls.push("end");
    return sum;
  }
}

describe("explain()", () => {
  it("says what a run would compute, what is known, what only a run can know, and why; and runs nothing", async () => {
    const scaled = new Scaled().with({ cache: newSqlite() });
    expect(brief(await scaled.explain({ xs: [1, 2], k: 2 }))).to.deep.equal([
      "drawn 1/0/0 it says cache: false",
      "scaled 2/0/0 no earlier value of it is cached",
      "next 0/0/2 no earlier value of it is cached, scaled is not known yet",
      "sum 0/0/1 no earlier value of it is cached, next is not known yet",
      "end 0/0/1 no earlier value of it is cached, sum is not known yet, drawn is not known yet",
    ]);
    expect(called()).to.equal("");
    await scaled.run({ xs: [1, 2], k: 2 });
    called();
    expect(brief(await scaled.explain({ xs: [1, 2], k: 2 }))).to.deep.equal([
      "drawn 1/0/0 it says cache: false",
      "scaled 0/2/0 same code, same inputs",
      "next 0/2/0 same code, same inputs",
      "sum 0/1/0 same code, same inputs",
      "end 0/0/1 drawn is not known yet",
    ]);
    expect(brief(await scaled.explain({ xs: [2, 3, 2, 3], k: 2 }, { outputs: ["sum"] }))).to.deep.equal([
      "scaled 1/3/0 xs changed",
      "next 0/2/2 scaled is not known yet",
      "sum 0/0/1 next is not known yet",
    ]);
    expect(called()).to.equal("");
  });

  it("neither makes nor writes a file of the store, nor any beside it", async () => {
    const folder = newFolder("looked-into");
    const file = path.join(folder, "new", "values.sqlite");
    const scaled = new Scaled().with({ cache: sqlite(file) });
    await scaled.explain({ xs: [1], k: 1 });
    expect(readdirSync(folder)).to.deep.equal([]);

    await scaled.run({ xs: [1], k: 1 });
    const state = () =>
      readdirSync(path.dirname(file))
        .filter((name) => !name.endsWith("-shm"))
        .map((name) => {
          const each = path.join(path.dirname(file), name);
          return [name, statSync(each).mtimeMs, readFileSync(each).toString("base64")];
        });
    const before = state();
    for (let i = 0; i < 2; i++) {
      const [, ...others] = brief(await scaled.explain({ xs: [1], k: 1 }, { outputs: ["sum", "drawn"] }));
      expect(others).to.include("sum 0/1/0 same code, same inputs");
    }
    expect(state()).to.deep.equal(before);

    // A file that its last user has closed has no log beside it.
    const copy = path.join(newFolder("closed"), "a #1?.sqlite");
    const { SqliteStore } = await import("../../src/cache/sqlite-store.js");
    const own = await SqliteStore.open(path.join(newFolder("closing"), "values.sqlite"));
    own.mergeFrom(file, 0);
    own.close();
    copyFileSync(path.resolve(own.name.slice("sqlite(".length, -1)), copy);
    const closed = new Scaled().with({ cache: sqlite(copy) });
    const names = readdirSync(path.dirname(copy));
    const sum = (await closed.explain({ xs: [1], k: 1 })).find(({ name }) => name === "sum");
    expect(sum).to.include({ computed: 0, cached: 1, unknown: 0 });
    expect(readdirSync(path.dirname(copy))).to.deep.equal(names);
  });

  it("does not use what it looks at: what was not used for the longest still goes first", async () => {
    const store = memory({ max: 2 });
    class One extends Pipeline {
      @input() x!: number;
      @node("x", { version: 1 }) y(x: number): number {
        calls.push(`y(${x})`);
        return x;
      }
    }
    const one = new One().with({ cache: store });
    await one.run({ x: 1 });
    await one.explain({ x: 1 });
    const before = await store.stats();
    for (let i = 0; i < 5; i++) await one.explain({ x: 2 });
    expect(await store.stats()).to.deep.equal(before);
  });

  it("continues without a file that is not a store, as a run does, with the same warning", async () => {
    const file = path.join(newFolder("no-store"), "values.sqlite");
    writeFileSync(file, "this is no database, and it is long enough to be looked at as one".repeat(20));
    const warningOf = async (call: "run" | "explain") => {
      const [scaled, inputs, options] = [new Scaled(), { xs: [1], k: 1 }, { cache: sqlite(file) }] as [
        Scaled,
        any,
        object,
      ];
      const using = () => (call === "run" ? scaled.run(inputs, options) : scaled.explain(inputs, options));
      const warnings = await warningsOf(using);
      expect(warnings).to.have.length(1);
      return warnings[0];
    };
    expect(await warningOf("explain")).to.equal(await warningOf("run"));
    writeFileSync(file, "");
    expect(await new Scaled().explain({ xs: [1], k: 1 }, { cache: sqlite(file) })).to.have.length(5);
    expect(statSync(file).size).to.equal(0);
  });

  it("refuses inputs, lists, options and names as a run does", async () => {
    class Checked extends Pipeline {
      @input() @Max(3) x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    class Around extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Checked, { x: "xs" }, "y") ys!: Nested<number[]>;
    }
    const cases: [Pipeline, object, object][] = [
      [new Checked(), {}, {}],
      [new Checked(), { x: 9 }, {}],
      [new Checked(), { x: 1, z: 1 }, {}],
      [new Checked(), { x: 1 }, { outputs: ["z"] }],
      [new Checked(), { x: 1 }, { cash: true }],
      [new Checked(), { x: [1, 9] }, { over: "x" }],
      [new Around(), { xs: 1 }, {}],
      [new Around(), { xs: [1, 9] }, {}],
      [new Around(), { xs: [1] }, { signal: AbortSignal.abort() }],
    ];
    for (const [pipeline, inputs, options] of cases) {
      const call = (name: "run" | "map" | "explain") =>
        rejection((pipeline as any)[name](inputs, { cache: memory(), ...options }) as Promise<unknown>);
      const explained = await call("explain");
      expect(explained.message).to.equal((await call("over" in options ? "map" : "run")).message);
    }
    expect(await rejection(new Checked().explain({ x: 9 }))).to.be.instanceOf(InputError);
  });

  it("continues where a run collects the errors of a nested pipeline's lists or inputs, and says what the run does", async () => {
    class Inner extends Pipeline {
      @input() list!: number[];
      @input() also!: number[];
      @input() @Max(3) limit?: number = 0;
      @mapOver("list") plus(x: number): Each<number> {
        return x + 1;
      }
      @mapOver(["list", "also"]) sums(x: number, y: number): Each<number> {
        return x + y;
      }
      @node("also", "limit") other(also: number[], limit: number): number {
        return also.length + limit;
      }
    }
    class Middle extends Pipeline {
      @input() list!: number[];
      @input() also!: number[];
      @input() limit?: number = 0;
      @nested(Inner, { list: "list", also: "also", limit: "limit" }) inner!: Nested<object>;
      @node("list") last(list: unknown): string {
        return String(list);
      }
    }
    class Around extends Pipeline {
      @input() lists!: number[][];
      @input() also!: number[];
      @input() limit?: number = 0;
      @mapOver("lists", Inner, { list: "lists", also: "also", limit: "limit" }, { onError: "collect" })
      inners!: Nested<object[]>;
      @mapOver("lists", Middle, { list: "lists", also: "also", limit: "limit" }, { onError: "collect" })
      middles!: Nested<object[]>;
      @nested(Inner, { list: "also", also: "also", limit: "limit" }, { onError: "collect" }) once!: Nested<object>;
      @node("inners") count(inners: unknown[]): number {
        return inners.length;
      }
    }
    const store = memory();
    const of = (lists: unknown[], also: unknown = [1], limit = 0) => ({ lists, also, limit }) as never;
    const cases: [Pipeline, object, object][] = [
      [new Around(), of([[1], 5]), {}],
      [new Around(), of([[1], 5]), {}],
      [new Around(), of([[2], [1, 2], null, [3]]), {}],
      [new Around(), of([[2], [1]], [1], 9), {}],
      [new Around(), of([[4]], 7), {}],
      [new Inner(), { list: [[1], 5, [6]], also: [1] }, { over: "list", onError: "collect" }],
    ];
    for (const [pipeline, inputs, options] of cases) {
      const explained = await pipeline.explain(inputs as never, { cache: store, ...options } as never);
      const counts = new Map<string, { computed: number; cached: number }>();
      const onEvent = ({ type, path: at, phase }: RunEvent) => {
        if ((type !== "node" && type !== "element") || (phase !== "start" && phase !== "cached")) return;
        const name = at.replaceAll(/\[\d+\]/g, "");
        const count = counts.get(name) ?? { computed: 0, cached: 0 };
        counts.set(name, count);
        count[phase === "start" ? "computed" : "cached"]++;
      };
      const call = "over" in options ? pipeline.map.bind(pipeline) : pipeline.run.bind(pipeline);
      await (call as (inputs: object, options: object) => Promise<unknown>)(inputs, {
        cache: store,
        ...options,
        onEvent,
      });
      for (const { path: at, computed, cached: known, unknown } of explained) {
        const then = counts.get(at) ?? { computed: 0, cached: 0 };
        const unsure = unknown === "any" ? Number.POSITIVE_INFINITY : unknown;
        expect(then.computed, at).to.be.within(computed, computed + unsure);
        expect(then.cached, at).to.be.within(known, known + unsure);
      }
      for (const at of counts.keys()) expect(explained.map((each) => each.path)).to.include(at);
    }
  });

  it("of a map over a pipeline says what map() would do", async () => {
    const store = memory();
    const scaled = new Scaled().with({ cache: store });
    await scaled.map({ xs: [[1], [2, 3]], k: 1 }, { over: "xs" });
    called();
    const explanations = await scaled.explain({ xs: [[1], [3], [2]], k: 1 }, { over: "xs", outputs: ["sum"] });
    expect(brief(explanations)).to.deep.equal([
      "Scaled 3/0/0 no earlier value of it is cached",
      "scaled 0/3/0 same code, same inputs",
      "next 0/3/0 same code, same inputs",
      "sum 2/1/0 the cache has no entry of these inputs: they are new together, it failed, or the entry is gone",
    ]);
    expect(called()).to.equal("");
  });

  it("looks into nested pipelines, as far as they would be called", async () => {
    const lines = new Lines().with({ cache: memory() });
    await lines.run({ lines: ["a", "b"], mark: "!" });
    expect(brief(await lines.explain({ lines: ["a", "b"], mark: "!" }))).to.deep.equal([
      "shouted 0/2/0 same code, same inputs",
    ]);
    expect(brief(await lines.explain({ lines: ["a", "b", "c"], mark: "!" }))).to.deep.equal([
      "shouted 1/2/0 lines changed",
      "shouted.trimmed 1/0/0 the cache has no entry of these inputs: they are new together, it failed, or the entry is gone",
      "shouted.shouted 0/0/1 trimmed is not known yet",
    ]);
    expect(brief(await lines.explain({ lines: ["a", "b"], mark: "?" }))).to.deep.equal([
      "shouted 2/0/0 mark changed",
      "shouted.trimmed 0/2/0 same code, same inputs",
      "shouted.shouted 2/0/0 the cache has no entry of these inputs: they are new together, it failed, or the entry is gone",
    ]);
  });

  it("looks through what is known by what is stored: records' parts, lists, values that nothing reads", async () => {
    @cached(newSqlite())
    class Split extends Pipeline {
      @input() xs!: number[];
      @node("xs") split(xs: number[]): { small: number[]; large: number[] } {
        return { small: xs.filter((x) => x < 10), large: xs.filter((x) => x >= 10) };
      }
      @mapOver("split.small", { batch: 2 }) halves(xs: number[]): Batch<number> {
        return xs.map((x) => x / 2) as Batch<number>;
      }
      @mapOver(["halves", "split.large"], { mode: "product" }) pairs(a: number, b: number): Each<number> {
        return a * b;
      }
      @output("pairs") sum(pairs: number[]): Output<number> {
        return pairs.reduce((a, b) => a + b, 0);
      }
    }
    await new Split().run({ xs: [1, 2, 10, 20] });
    expect(brief(await new Split().explain({ xs: [1, 2, 10, 20] }))).to.deep.equal([
      "split 0/1/0 same code, same inputs",
      "halves 0/2/0 same code, same inputs",
      "pairs 0/4/0 same code, same inputs",
      "sum 0/1/0 same code, same inputs",
    ]);
    expect(brief(await new Split().explain({ xs: [1] }))).to.deep.equal([
      "split 1/0/0 xs changed",
      "halves 0/0/any split.small is not known yet",
      "pairs 0/0/any halves is not known yet, split.large is not known yet",
      "sum 0/0/1 pairs is not known yet",
    ]);
    expect(
      brief(await new Split().explain({ xs: [] }, { given: { split: { small: [2, 4], large: [10] } } })),
    ).to.deep.equal([
      "halves 1/1/0 split.small changed",
      "pairs 0/1/1 split.large changed, halves is not known yet",
      "sum 0/0/1 pairs is not known yet",
    ]);
  });

  it("says what is not kept, and why, and that a run in a place of its own is not looked into", async () => {
    class Two extends Pipeline {
      @input() x!: number;
      @input() f!: { readonly get: unknown };
      @node("x") evaluated(x: number): number {
        // biome-ignore lint/security/noGlobalEval: that is what is not known.
        return eval("x + 1") + x;
      }
      @node("f") called(f: { readonly get: unknown }): number {
        return typeof f.get === "function" ? 1 : 0;
      }
    }
    const two = new Two().bind({ f: { get: () => 1 } });
    const [first, second] = brief(await two.explain({ x: 1 }, { cache: memory() }));
    expect(first).to.match(/^evaluated 1\/0\/0 it can't be cached: .*eval/);
    expect(second).to.match(/^called 1\/0\/0 it can't be cached: .*a function/);
    class Around extends Pipeline {
      @input() x!: number;
      @nested(Two, { x: "x", f: "x" } as never, "evaluated") two!: Nested<number>;
    }
    // The same, once, in as many pipelines around as there are.
    const [, problem] = /cached: (.*)$/.exec(first!)!;
    expect(brief(await new Around().explain({ x: 1 }, { cache: memory() }))).to.deep.equal([
      `two 1/0/0 it can't be cached: ${problem}`,
      `two.evaluated 1/0/0 it can't be cached: ${problem}`,
    ]);
    expect(brief(await two.explain({ x: 1 }))).to.deep.equal([
      "evaluated 1/0/0 nothing is cached here",
      "called 1/0/0 nothing is cached here",
    ]);
    expect(
      brief(await two.explain({ x: 1 }, { runOn: modal({ gpu: "A10" }), cache: memory(), outputs: ["called"] })),
    ).to.deep.equal(["called 0/0/1 it runs on another host, which has its own cache"]);
  });

  it("says what the run then does (property) @slow", async () => {
    const lists = fc.array(fc.nat(9), { maxLength: 6 });
    const drawn = fc.record({
      index: fc.nat(FAMILY_SIZE - 1),
      before: fc.array(fc.record({ xs: lists, xs2: lists, y: fc.nat(2) }), { maxLength: 3 }),
      now: fc.record({ xs: lists, xs2: lists, y: fc.nat(2) }),
      left: fc.double({ min: 0, max: 1, noNaN: true }),
      mode: fc.constantFrom("sequential" as const, "async" as const),
    });
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, before, now, left, mode }) => {
        const store = memory();
        const pipeline = new FAMILY[index]!().with({ cache: store, execution: { nodes: mode, maps: mode } });
        const silently = (run: Promise<unknown>) => run.catch(() => {});
        for (const inputs of before) await silently(pipeline.run(inputsFor(pipeline, inputs) as never));
        await store.prune({ maxBytes: Math.round((await store.stats()).bytes * left) });
        const inputs = inputsFor(pipeline, now) as never;
        const explained = await pipeline.explain(inputs).catch((error: Error) => error);
        const events: RunEvent[] = [];
        let outputs: unknown;
        await printed(async () => {
          outputs = await pipeline
            .run(inputs, { explain: true, onEvent: (event) => events.push(event) })
            .catch((error: Error) => error);
        });
        if (explained instanceof Error) {
          expect((outputs as Error).message).to.equal(explained.message);
          return;
        }
        // What a failure stops, or stands in the place of, is not computed.
        if (events.some(({ phase }) => phase === "failed")) return;
        const said = events.flatMap((event) => (event.phase === "explained" ? [event] : []));
        const uncertain = new Set(
          explained.filter(({ computed, unknown }) => computed > 0 || unknown !== 0).map(({ name }) => name),
        );
        for (const { path: at, name, computed, cached: known, unknown, because } of explained) {
          compared++;
          const then = said.find((event) => event.path === at) ?? { computed: 0, cached: 0 };
          const about = `${at} ${computed}/${known}/${unknown} ${because}, then ${then.computed}/${then.cached}`;
          const unsure = unknown === "any" ? Number.POSITIVE_INFINITY : unknown;
          expect(then.computed, about).to.be.within(computed, computed + unsure);
          expect(then.cached, about).to.be.within(known, known + unsure);
          if (unknown === 0) {
            const word = (said.find((event) => event.path === at) as { because?: string } | undefined)?.because;
            if (word !== undefined) expect(because, about).to.equal(word);
            continue;
          }
          if (at.split(".").length > 2 || because.includes("an equal call")) continue;
          const { dependencies } = pipeline.graph().nodes.find((each) => each.name === name)!;
          expect(
            dependencies.some(({ on }) => uncertain.has(on)),
            about,
          ).to.equal(true);
        }
        for (const event of said) expect(explained.map((each) => each.path)).to.include(event.path);
      }),
      { numRuns: 60 },
    );
    expect(compared).to.be.greaterThan(60);
  });
});

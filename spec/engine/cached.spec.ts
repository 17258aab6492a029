import { expect } from "chai";
import fc from "fast-check";
import {
  type Batch,
  cached,
  type Each,
  execution,
  input,
  mapOver,
  memory,
  model,
  type Nested,
  NodeError,
  nested,
  node,
  type Output,
  output,
  Pipeline,
  type RunEvent,
  resource,
} from "../../src/index.js";
import { Lines, Next } from "../support/cached.js";
import { countingKeyv, newSqlite, told } from "../support/caches.js";
import { checkPurity } from "../support/check-purity.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../support/family.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";

/** What was called since it was asked last. */
let calls: string[] = [];
const called = (): string => calls.splice(0).join(" ");
beforeEach(() => {
  calls = [];
});

class Chain extends Pipeline {
  @input() x!: number;
  @node("x") doubled(x: number): number {
    calls.push("doubled");
    return 2 * x;
  }
  @node("doubled") result(doubled: number): number {
    calls.push("result");
    return doubled + 1;
  }
}

class Lists extends Pipeline {
  @input() xs!: readonly number[];
  @input() factor?: number = 10;
  @mapOver("xs", "factor") scaled(x: number, factor: number): Each<number> {
    calls.push(`scaled(${x})`);
    return x * factor;
  }
  @mapOver("scaled") next(x: number): Each<number> {
    calls.push(`next(${x})`);
    return x + 1;
  }
  @output("next") sum(next: number[]): Output<number> {
    calls.push("sum");
    return next.reduce((a, b) => a + b, 0);
  }
}

describe("a cached pipeline", () => {
  checkPurity();
  it("computes what is new, and nothing twice (rows 48, 49)", async () => {
    const chain = new Chain().with({ cache: memory() });
    expect(await chain.run({ x: 5 })).to.deep.equal({ doubled: 10, result: 11 });
    expect(called()).to.equal("doubled result");
    expect(await chain.run({ x: 5 })).to.deep.equal({ doubled: 10, result: 11 });
    expect(called()).to.equal("");
    expect(await chain.run({ x: 10 })).to.deep.equal({ doubled: 20, result: 21 });
    expect(called()).to.equal("doubled result");
  });

  it("computes a diamond once, in its order (row 53)", async () => {
    @cached(memory())
    class Diamond extends Pipeline {
      @input() x!: number;
      @node("x") double(x: number): number {
        calls.push("double");
        return 2 * x;
      }
      @node("x") triple(x: number): number {
        calls.push("triple");
        return 3 * x;
      }
      @node("double", "triple") add(double: number, triple: number): number {
        calls.push("add");
        return double + triple;
      }
    }
    for (const [x, expected] of [
      [5, "double triple add"],
      [5, ""],
      [10, "double triple add"],
    ] as const) {
      expect((await new Diamond().run({ x })).add).to.equal(5 * x);
      expect(called()).to.equal(expected);
    }
  });

  it("computes a node that says cache: false each time, and what comes after it only for another value (row 51)", async () => {
    @cached(memory())
    class Seeded extends Pipeline {
      @input() seed!: number;
      @node("seed", { cache: false }) drawn(seed: number): number {
        calls.push("drawn");
        return seed * 7;
      }
      @node("drawn") after(drawn: number): number {
        calls.push("after");
        return drawn + 1;
      }
    }
    await new Seeded().run({ seed: 1 });
    expect(called()).to.equal("drawn after");
    expect(await new Seeded().run({ seed: 1 })).to.deep.equal({ drawn: 7, after: 8 });
    expect(called()).to.equal("drawn");
  });

  it("knows null and undefined as values", async () => {
    @cached(newSqlite())
    class Nothing extends Pipeline {
      @input() x!: number;
      @node("x") isNull(_: number): null {
        calls.push("isNull");
        return null;
      }
      @node("x") isUndefined(_: number): undefined {
        calls.push("isUndefined");
        return undefined;
      }
    }
    await new Nothing().run({ x: 1 });
    called();
    expect(await new Nothing().run({ x: 1 })).to.deep.equal({ isNull: null, isUndefined: undefined });
    expect(called()).to.equal("");
  });

  it("gives a changed version its own entries, whatever the code", async () => {
    const store = memory();
    const versioned = (version: number | string) => {
      @cached(store)
      class Versioned extends Pipeline {
        @input() x!: number;
        @node("x", { version }) y(x: number): number {
          calls.push(`y under ${version}`);
          return x;
        }
      }
      return new Versioned().run({ x: 1 });
    };
    for (const version of [1, 1, 2, "2", 2]) await versioned(version);
    expect(called()).to.equal("y under 1 y under 2 y under 2");
  });

  it("is cached for one run, or not, as that says", async () => {
    const store = memory();
    await new Chain().run({ x: 1 }, { cache: store });
    await new Chain().run({ x: 1 }, { cache: store });
    expect(called()).to.equal("doubled result");
    await new Chain().with({ cache: store }).run({ x: 1 }, { cache: false });
    expect(called()).to.equal("doubled result");
  });

  it("does not call a failure a value", async () => {
    let fails = true;
    @cached(memory())
    class Failing extends Pipeline {
      @input() x!: number;
      @node("x") before(x: number): number {
        calls.push("before");
        return x;
      }
      @node("before", { onError: "collect" }) y(x: number): number {
        calls.push("y");
        if (fails) throw new RangeError("not yet");
        return x;
      }
    }
    expect((await new Failing().run({ x: 1 })).y).to.be.instanceOf(NodeError);
    fails = false;
    expect((await new Failing().run({ x: 1 })).y).to.equal(1);
    expect(called()).to.equal("before y y");
  });

  it("keeps what was computed before a failure", async () => {
    let fails = true;
    @cached(newSqlite())
    class Failing extends Lists {
      @output("sum") end(sum: number): Output<number> {
        if (fails) throw new RangeError("not yet");
        return sum;
      }
    }
    expect((await rejection(new Failing().run({ xs: [1, 2] }))).message).to.contain("not yet");
    called();
    fails = false;
    expect((await new Failing().run({ xs: [1, 2] })).end).to.equal(32);
    expect(called()).to.equal("");
  });
});

describe("keys are made of content", () => {
  checkPurity();
  const isNew = async (a: unknown, b: unknown): Promise<boolean> => {
    @cached(memory())
    class One extends Pipeline {
      @input() x!: unknown;
      @node("x") y(_: unknown): number {
        calls.push("y");
        return 1;
      }
    }
    await new One().run({ x: a });
    await new One().run({ x: b });
    return called() === "y y";
  };
  const deep = (value: unknown, depth = 20): unknown => (depth === 0 ? value : [deep(value, depth - 1)]);

  for (const [what, a, b] of [
    ["1 and '1'", 1, "1"],
    ["true and 'true'", true, "true"],
    ["null and 'null'", null, "null"],
    ["1 and true", 1, true],
    ["1 and [1]", 1, [1]],
    ["[1] and { 0: 1 }", [1], { 0: 1 }],
    ["a list and a typed array", [1, 2], Float64Array.of(1, 2)],
    ["what differs twenty levels down", deep(1), deep(2)],
    ["0 and -0", 0, -0],
    ["1 and 1n", 1, 1n],
  ] as const) {
    it(`${what} are not the same`, async () => expect(await isNew(a, b)).to.equal(true));
  }

  it("equal records are the same; the order of their properties counts, since programs see it", async () => {
    expect(await isNew({ a: 1, b: [2] }, { a: 1, b: [2] })).to.equal(false);
    expect(await isNew({ a: 1, b: [2] }, { b: [2], a: 1 })).to.equal(true);
  });

  it("of a model its key counts, and #private state never (rows 54, 56)", async () => {
    @model({ key: ["dim", "name"] })
    class Config {
      #calls = 0;
      constructor(
        public dim: number,
        public name: string,
        public note = "",
      ) {}
      count(): number {
        return ++this.#calls;
      }
    }
    const used = new Config(4, "test-v1", "another");
    used.count();
    expect(await isNew(new Config(4, "test-v1"), used)).to.equal(false);
    expect(await isNew(new Config(4, "test-v1"), new Config(4, "test-v2"))).to.equal(true);
  });

  it("an instance without a field of its model's key is not kept", async () => {
    @model({ key: ["zzz"] })
    class Unkeyed {
      constructor(public x: number) {}
    }
    class Doubled extends Pipeline {
      @input() point!: Unkeyed;
      @node("point") doubled({ x }: Unkeyed): number {
        return 2 * x;
      }
    }
    const store = memory();
    const warnings = await warningsOf(async () => {
      for (const x of [1, 2]) {
        expect(await new Doubled().run({ point: new Unkeyed(x) }, { cache: store })).to.deep.equal({ doubled: 2 * x });
      }
    });
    expect(warnings.join()).to.contain("Doubled.doubled").and.contain('without the field "zzz"');
  });

  it("equal elements are computed once, and are values of their own: a node may write into one of them", async () => {
    class Row {
      at = -1;
      close = () => {};
    }
    for (const make of [() => ({ at: -1 }), () => [-1], () => new Map([["at", -1]]), () => new Row()]) {
      class Marks extends Pipeline {
        @input() xs!: number[];
        @mapOver("xs") row(_: number): Each<object> {
          return make();
        }
        @node("row") marked(rows: object[]): number {
          return new Set(rows).size;
        }
      }
      for (const maps of ["async", "sequential"] as const) {
        const { marked } = await new Marks().run(
          { xs: [5, 6, 5, 5] },
          { cache: memory(), execution: { maps }, outputs: ["marked"] },
        );
        expect(marked).to.equal(4);
      }
    }
  });

  it("two nodes on one line are two", async () => {
    // biome-ignore format: both are to be on one line.
    @cached(memory()) class Line extends Pipeline { @input() x!: number; @node("x") a(x: number): number { return x + 1; } @node("x") b(x: number): number { return x + 2; } }
    for (let i = 0; i < 2; i++) expect(await new Line().run({ x: 1 })).to.deep.equal({ a: 2, b: 3 });
  });

  it("zip and product of the same lists are two", async () => {
    const store = memory();
    const pairs = (mode: "zip" | "product") => {
      @cached(store)
      class Pairs extends Pipeline {
        @input() as!: string[];
        @input() bs!: string[];
        @mapOver(["as", "bs"], { mode }) pair(a: string, b: string): Each<string> {
          return a + b;
        }
      }
      return new Pairs().run({ as: ["a", "b"], bs: ["c", "d"] });
    };
    for (let i = 0; i < 2; i++) {
      expect((await pairs("zip")).pair).to.deep.equal(["ac", "bd"]);
      expect((await pairs("product")).pair).to.deep.equal(["ac", "ad", "bc", "bd"]);
    }
  });

  it("another choice of outputs, and a nested pipeline that is bound anew, are not what they were", async () => {
    const store = memory();
    class Inner extends Pipeline {
      @input() x!: number;
      @input() plus?: number = 0;
      @node("x", "plus") a(x: number, plus: number): number {
        return x + plus;
      }
      @node("x") b(x: number): number {
        return -x;
      }
    }
    const outer = (inner: Inner, pick: "a" | "b") => {
      @cached(store)
      class Outer extends Pipeline {
        @input() x!: number;
        @nested(inner as unknown as typeof Inner, { x: "x" }, pick) y!: Nested<number>;
      }
      return new Outer().run({ x: 1 });
    };
    for (let i = 0; i < 2; i++) {
      expect(await outer(new Inner(), "a")).to.deep.equal({ y: 1 });
      expect(await outer(new Inner(), "b")).to.deep.equal({ y: -1 });
      expect(await outer(new Inner().bind({ plus: 5 }) as unknown as Inner, "a")).to.deep.equal({ y: 6 });
    }
    const chosen = new Chain().with({ cache: store });
    expect(await chosen.run({ x: 1 }, { outputs: ["doubled"] })).to.deep.equal({ doubled: 2 });
    expect(await chosen.run({ x: 1 })).to.deep.equal({ doubled: 2, result: 3 });
  });

  it("which input of a nested pipeline gets which value counts", async () => {
    const store = memory();
    class Minus extends Pipeline {
      @input() a!: number;
      @input() b!: number;
      @node("a", "b") c(a: number, b: number): number {
        return a - b;
      }
    }
    const outer = (wiring: { a: "x"; b: "y" } | { a: "y"; b: "x" }) => {
      @cached(store)
      class Outer extends Pipeline {
        @input() x!: number;
        @input() y!: number;
        @nested(Minus, wiring as { a: "x"; b: "y" }, "c") z!: Nested<number>;
      }
      return new Outer().run({ x: 3, y: 1 });
    };
    expect((await outer({ a: "x", b: "y" })).z).to.equal(2);
    expect((await outer({ b: "x", a: "y" } as never)).z).to.equal(-2);
  });

  it("what a class captures of the function around it counts, but no state", async () => {
    const store = memory();
    const times = (factor: number, log: string[]) => {
      let count = 0;
      @cached(store)
      class Times extends Pipeline {
        @input() x!: number;
        @node("x") y(x: number): number {
          count++;
          log.push(`${factor}: ${count}`);
          return factor * x;
        }
      }
      return async () => (await new Times().run({ x: 1 })).y;
    };
    const log: string[] = [];
    const [two, three] = [times(2, log), times(3, log)];
    expect([await two(), await three(), await two(), await three()]).to.deep.equal([2, 3, 2, 3]);
    expect(log).to.deep.equal(["2: 1", "3: 1"]);
  });

  it("the fields that a node reads of its object count, and only those", async () => {
    @cached(memory())
    class Configured extends Pipeline {
      @input() x!: number;
      constructor(
        private readonly factor = 1,
        protected readonly other = 1,
      ) {
        super();
      }
      @node("x") y(x: number): number {
        calls.push("y");
        return this.times(x);
      }
      private times(x: number): number {
        return x * this.factor;
      }
    }
    expect((await new Configured(2).run({ x: 1 })).y).to.equal(2);
    expect((await new Configured(3).run({ x: 1 })).y).to.equal(3);
    expect((await new Configured(3, 4).run({ x: 1 })).y).to.equal(3);
    expect(called()).to.equal("y y");
  });

  it("what a resource is built from, and its code, count for those that use it; it is built for them alone", async () => {
    @cached(memory())
    class WithResource extends Pipeline {
      @input() name!: string;
      @input() x!: number;
      @resource("name") encoder(name: string): { encode(x: number): string } {
        calls.push(`encoder ${name}`);
        return { encode: (x) => name + x };
      }
      @node("x", "encoder") y(x: number, encoder: { encode(x: number): string }): string {
        calls.push("y");
        return encoder.encode(x);
      }
    }
    const run = async (name: string, x: number) => (await new WithResource().run({ name, x })).y;
    expect([await run("a", 1), await run("a", 1), await run("b", 1), await run("a", 2)]).to.deep.equal([
      "a1",
      "a1",
      "b1",
      "a2",
    ]);
    expect(called()).to.equal("encoder a y encoder b y encoder a y");
  });
});

describe("a value is read only if something needs it", () => {
  checkPurity();
  it("a fully cached run reads the outputs alone", async () => {
    const { store, valuesRead } = countingKeyv();
    const lists = new Lists().with({ cache: store });
    await lists.run({ xs: [1, 2, 3] });
    valuesRead();
    expect(await lists.run({ xs: [1, 2, 3] })).to.deep.equal({ sum: 63 });
    expect(valuesRead()).to.have.length(1);
    expect(called()).to.equal(
      "scaled(1) next(10) scaled(2) next(20) scaled(3) next(30) sum".split(" ").sort(byMap).join(" "),
    );
  });

  it("and with an observer, too, who hears of every element", async () => {
    const { store, valuesRead } = countingKeyv();
    const lists = new Lists().with({ cache: store });
    await lists.run({ xs: [1, 2, 3] });
    valuesRead();
    const events: RunEvent[] = [];
    await lists.run({ xs: [1, 2, 3] }, { onEvent: (event) => events.push(event) });
    // The contents of the lists' elements are read to look each of them up; of values, the output's alone.
    expect(valuesRead().length).to.be.at.most(3);
    expect(told(events, "element")).to.deep.equal([
      ...["element cached Lists.scaled[0]", "element cached Lists.scaled[1]", "element cached Lists.scaled[2]"],
      ...["element cached Lists.next[0]", "element cached Lists.next[1]", "element cached Lists.next[2]"],
    ]);
  });

  it("an equal value of a node that is computed anew stops there (early cut-off)", async () => {
    @cached(memory())
    class CutOff extends Pipeline {
      @input() x!: number;
      @node("x") sign(x: number): number {
        calls.push("sign");
        return Math.sign(x);
      }
      @node("sign") named(sign: number): string {
        calls.push("named");
        return sign < 0 ? "below" : "above";
      }
      @node("named") shouted(named: string): string {
        calls.push("shouted");
        return named.toUpperCase();
      }
    }
    await new CutOff().run({ x: 1 });
    called();
    expect((await new CutOff().run({ x: 2 })).shouted).to.equal("ABOVE");
    expect(called()).to.equal("sign");
  });

  it("so does one of the elements of a list", async () => {
    const lists = new Lists().with({ cache: memory() });
    await lists.run({ xs: [1, 2, 3] });
    called();
    await lists.run({ xs: [2, 4, 6], factor: 5 });
    // scaled gives 10, 20, 30 again: a list of the same content.
    expect(called()).to.equal("scaled(2) scaled(4) scaled(6)");
  });

  it("a part of a record is looked up by its own content", async () => {
    const { store, valuesRead } = countingKeyv();
    @cached(store)
    class Parts extends Pipeline {
      @input() xs!: number[];
      @node("xs") split(xs: number[]): { small: number[]; large: number[] } {
        calls.push("split");
        return { small: xs.filter((x) => x < 10), large: xs.filter((x) => x >= 10) };
      }
      @output("split.small") count(small: number[]): Output<number> {
        calls.push("count");
        return small.length;
      }
      @mapOver("split.large") halves(x: number): Each<number> {
        calls.push(`halves(${x})`);
        return x / 2;
      }
      @output("halves") most(halves: number[]): Output<number> {
        calls.push("most");
        return Math.max(...halves);
      }
    }
    await new Parts().run({ xs: [1, 2, 30, 40] });
    called();
    expect(await new Parts().run({ xs: [1, 2, 30, 50] })).to.deep.equal({ count: 2, most: 25 });
    expect(called()).to.equal("split halves(50) most");
    valuesRead();
    expect(await new Parts().run({ xs: [1, 2, 30, 50] })).to.deep.equal({ count: 2, most: 25 });
    expect(called()).to.equal("");
  });
});

function byMap(a: string, b: string): number {
  const rank = (name: string) => ["scaled", "next", "sum"].findIndex((map) => name.startsWith(map));
  return rank(a) - rank(b);
}

describe("a cached map", () => {
  checkPurity();
  it("computes the elements that are new (row 61)", async () => {
    @cached(memory())
    class Doubles extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") doubled(x: number): Each<number> {
        return 2 * x;
      }
    }
    const counted: string[] = [];
    for (const xs of [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ]) {
      const events: RunEvent[] = [];
      const { doubled } = await new Doubles().run({ xs }, { onEvent: (event) => events.push(event) });
      expect(doubled).to.deep.equal(xs.map((x) => 2 * x));
      const of = (phase: string) => events.filter((event) => event.type === "element" && event.phase === phase).length;
      counted.push(`${of("end")}/${of("cached")}`);
      const end = events.find((event) => event.type === "map" && event.phase === "end");
      expect(end).to.include({ elements: 3, failed: 0, cached: of("cached") });
    }
    expect(counted).to.deep.equal(["3/0", "0/3", "1/2"]);
  });

  for (const maps of ["sequential", "async", "threaded", "parallel"] as const) {
    it(`of 10,000 known elements and a new one computes one, ${maps}`, async () => {
      const next = new Next().with({ cache: memory(), execution: { maps } });
      const xs = Array.from({ length: 10_000 }, (_, i) => i);
      const computed = async (list: number[]): Promise<number> => {
        let count = 0;
        const onEvent = ({ type, phase }: RunEvent) => {
          if (type === "element" && phase === "end") count++;
        };
        expect((await next.run({ xs: list }, { onEvent })).next).to.deep.equal(list.map((x) => x + 1));
        return count;
      };
      expect(await computed(xs)).to.equal(10_000);
      expect(await computed([...xs.slice(5000), 77_777, ...xs.slice(0, 5000)])).to.equal(1);
    });
  }

  it("of 20,000 equal elements computes one", async () => {
    const lists = new Lists().with({ cache: memory() });
    expect(await lists.run({ xs: new Array(20_000).fill(7) })).to.deep.equal({ sum: 20_000 * 71 });
    expect(called()).to.equal("scaled(7) next(70) sum");
  });

  it("computes equal elements once, in any order", async () => {
    const lists = new Lists().with({ cache: memory() });
    expect(await lists.run({ xs: [1, 2, 1, 1] })).to.deep.equal({ sum: 54 });
    expect(called()).to.equal("scaled(1) scaled(2) next(10) next(20) sum");
    expect(await lists.run({ xs: [2, 2, 1] })).to.deep.equal({ sum: 53 });
    expect(called()).to.equal("sum");
  });

  it("remembers each element of a batch, and fills batches with those that are new", async () => {
    @cached(newSqlite())
    class Batched extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { batch: 4 }) doubled(xs: number[]): Batch<number> {
        calls.push(`[${xs}]`);
        return xs.map((x) => 2 * x);
      }
    }
    await new Batched().run({ xs: [1, 2, 3, 4, 5, 6] });
    expect(called()).to.equal("[1,2,3,4] [5,6]");
    const xs = [1, 10, 2, 11, 3, 12, 4, 13, 14];
    expect((await new Batched().run({ xs })).doubled).to.deep.equal(xs.map((x) => 2 * x));
    expect(called()).to.equal("[10,11,12,13] [14]");
  });

  it("names the right element when one fails, and remembers the others", async () => {
    class Some extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", { onError: "collect" }) y(x: number): Each<number> {
        calls.push(String(x));
        if (x < 0) throw new RangeError("below");
        return x;
      }
    }
    const some = new Some().with({ cache: memory() });
    await some.run({ xs: [1, 2] });
    called();
    const { y } = await some.run({ xs: [1, 2, -3, 4, -3] });
    expect(
      y.map((value) => ((value as unknown) instanceof NodeError ? (value as unknown as NodeError).where : value)),
    ).to.deep.equal([...[1, 2, "Some.y[2]", 4, "Some.y[4]"]]);
    expect(called()).to.equal("-3 4");
    const events: RunEvent[] = [];
    await some.run({ xs: [4, 5, -1] }, { onEvent: (event) => events.push(event) });
    expect(told(events, "element")).to.deep.equal([
      ...["element cached Some.y[0]", "element start Some.y[1]", "element end Some.y[1]"],
      ...["element start Some.y[2]", "element failed Some.y[2]"],
    ]);
  });

  it("carries the error of another node to equal elements as it is", async () => {
    class Carries extends Pipeline {
      @input() xs!: number[];
      @node("xs", { onError: "collect" }) first(_xs: number[]): number {
        throw new RangeError("no first");
      }
      @mapOver("xs", "first") y(x: number, first: number): Each<number> {
        return x + first;
      }
    }
    const { y } = await new Carries().run({ xs: [1, 2, 1] }, { cache: memory() });
    expect(y.map((error) => (error as unknown as NodeError).where)).to.deep.equal([
      "Carries.first",
      "Carries.first",
      "Carries.first",
    ]);
  });

  it("is none for a list of nothing, and for what is no list, as ever", async () => {
    const lists = new Lists().with({ cache: memory() });
    for (let i = 0; i < 2; i++) expect(await lists.run({ xs: [] })).to.deep.equal({ sum: 0 });
    expect((await rejection(lists.run({ xs: "no list" as never }))).message).to.contain(
      'it maps over "xs", which is not a list',
    );
  });

  it("of a pipeline, and a stream of it, look each element up", async () => {
    const chain = new Chain().with({ cache: newSqlite() });
    expect(await chain.map({ x: [1, 2] }, { over: "x" })).to.deep.equal([
      { doubled: 2, result: 3 },
      { doubled: 4, result: 5 },
    ]);
    expect(called().split(" ")).to.have.members(["doubled", "doubled", "result", "result"]);
    expect(await chain.map({ x: [2, 1, 2, 3] }, { over: "x" })).to.deep.equal(
      [4, 2, 4, 6].map((doubled) => ({ doubled, result: doubled + 1 })),
    );
    expect(called()).to.equal("doubled result");
    const results: unknown[] = [];
    for await (const result of chain.stream({ x: [3, 4] }, { over: "x" })) results.push(result);
    expect(results).to.deep.include.members([
      { doubled: 6, result: 7 },
      { doubled: 8, result: 9 },
    ]);
    expect(called()).to.equal("doubled result");
  });
});

describe("a nested pipeline", () => {
  checkPurity();
  class Halves extends Pipeline {
    @input() xs!: number[];
    @node("xs") halves(xs: number[]): number[] {
      return xs.map((x) => x / 2);
    }
  }
  class Word extends Pipeline {
    @input() text!: string;
    @input() mark?: string = "!";
    @node("text") trimmed(text: string): string {
      calls.push(`trimmed(${text})`);
      return text.trim();
    }
    @node("trimmed", "mark") shouted(trimmed: string, mark: string): string {
      calls.push(`shouted(${trimmed})`);
      return trimmed.toUpperCase() + mark;
    }
  }
  class Words extends Pipeline {
    @input() texts!: string[];
    @input() mark!: string;
    @mapOver("texts", Word, { text: "texts", mark: "mark" }, "shouted") shouted!: Nested<string[]>;
  }

  for (const maps of ["async", "parallel"] as const) {
    it(`remembers inside of a map, ${maps}`, async () => {
      const lines = new Lines().with({ cache: newSqlite(), execution: { maps } });
      const computed = async (texts: string[], mark: string): Promise<string> => {
        const events: RunEvent[] = [];
        const { shouted } = await lines.run({ lines: texts, mark }, { onEvent: (event) => events.push(event) });
        expect(shouted).to.deep.equal(texts.map((text) => text.trim().toUpperCase() + mark));
        const ends = events.filter(({ type, phase }) => type === "node" && phase === "end");
        return ends
          .map(({ name }) => name)
          .sort()
          .join(" ");
      };
      expect(await computed(["a ", "b "], "!")).to.equal("shouted shouted trimmed trimmed");
      expect(await computed(["b ", "a ", "c "], "!")).to.equal("shouted trimmed");
      // Another mark: what is inside and does not depend on it is known.
      expect(await computed(["a ", "b ", "c "], "?")).to.equal("shouted shouted shouted");
      expect(await computed(["c ", "a ", "b "], "?")).to.equal("");
    });
  }

  it("remembers in its parent's store, unless it has its own", async () => {
    const [inner, outer] = [memory(), memory()];
    @cached(inner)
    class Own extends Word {}
    @cached(outer)
    class Both extends Pipeline {
      @input() text!: string;
      @nested(Word, { text: "text" }, "shouted") a!: Nested<string>;
      @nested(Own, { text: "text" }, "shouted") b!: Nested<string>;
    }
    await new Both().run({ text: " x " });
    const of = async (store: typeof inner) =>
      (await store.stats()).nodes.filter(({ entries }) => entries > 0).map(({ pipeline }) => pipeline);
    expect(new Set(await of(inner))).to.deep.equal(new Set(["Own"]));
    expect(new Set(await of(outer))).to.deep.equal(new Set(["Word", "Both"]));
    called();
    await new Both().run({ text: " x " });
    expect(called()).to.equal("");
  });

  it("that says it is not cached is computed each time, and so is what is around it", async () => {
    @cached(memory())
    class Around extends Pipeline {
      @input() text!: string;
      @nested(new Word().with({ cache: false }), { text: "text" }, "shouted") a!: Nested<string>;
      @node("a") length(a: string): number {
        calls.push("length");
        return a.length;
      }
    }
    await new Around().run({ text: "x" });
    called();
    await new Around().run({ text: "x" });
    expect(called()).to.equal("trimmed(x) shouted(x)");
  });

  it("whose step says cache: false is computed each time, with all that is in it", async () => {
    @cached(memory())
    class Around extends Pipeline {
      @input() text!: string;
      @nested(Word, { text: "text" }, "shouted", { cache: false }) a!: Nested<string>;
      @nested(Word, { text: "text" }, "shouted") b!: Nested<string>;
    }
    await new Around().run({ text: "x" });
    called();
    await new Around().run({ text: "x" });
    expect(called()).to.equal("trimmed(x) shouted(x)");
  });

  it("whose value is changed by who takes it does not change what is remembered", async () => {
    @cached(newSqlite())
    class Sorts extends Pipeline {
      @input() xs!: number[];
      @nested(Halves, { xs: "xs" }, "halves") halves!: Nested<number[]>;
      @node("halves", { cache: false }) sorted(halves: number[]): number[] {
        return halves.sort((a, b) => a - b);
      }
      @node("halves") same(halves: number[]): number[] {
        return halves;
      }
    }
    const execution = { check: false };
    for (let i = 0; i < 3; i++) {
      expect((await new Sorts().run({ xs: [6, 4, 2] }, { outputs: ["same"] })).same).to.deep.equal([3, 2, 1]);
      expect((await new Sorts().run({ xs: [6, 4, 2] }, { outputs: ["sorted"], execution })).sorted).to.deep.equal([
        1, 2, 3,
      ]);
    }
  });

  it("stores each value once: around it there are only the keys of what is inside", async () => {
    const store = newSqlite();
    const large = "x".repeat(100_000);
    await new Words().with({ cache: store }).run({ texts: [large], mark: "!" });
    const { bytes } = await store.stats();
    // Trimmed and shouted, and no more.
    expect(bytes).to.be.within(200_000, 202_000);
  });
});

describe("what can't be remembered", () => {
  it("is what uses a resource that can't be told apart from others: it is computed", async () => {
    class Scorer {
      constructor(readonly by: number) {}
    }
    @cached(memory())
    class Scored extends Pipeline {
      @input() x!: number;
      constructor(private readonly scorer = new Scorer(1)) {
        super();
      }
      @resource() score(): (x: number) => number {
        return (x) => x * this.scorer.by;
      }
      @node("x", "score") y(x: number, score: (x: number) => number): number {
        return score(x);
      }
    }
    expect((await new Scored(new Scorer(2)).run({ x: 1 })).y).to.equal(2);
    expect((await new Scored(new Scorer(3)).run({ x: 1 })).y).to.equal(3);
  });

  it("is computed, with a warning that says what and why", async () => {
    @cached(memory())
    class Foreign extends Pipeline {
      @input() score!: unknown;
      @input() xs!: number[];
      @mapOver("xs", "score") y(x: number, score: unknown): Each<number> {
        return (score as (x: number) => number)(x);
      }
      @node("xs") made(xs: number[]): { readonly f: () => number } {
        return { f: () => xs.length };
      }
    }
    const warnings = await warningsOf(async () => {
      const { y, made } = await new Foreign().run({ score: (x: number) => -x, xs: [1, 2] });
      expect(y).to.deep.equal([-1, -2]);
      expect(made.f()).to.equal(2);
    });
    expect(warnings).to.have.length(2);
    expect(warnings.join()).to.contain("Foreign.y is not cached").and.to.contain("Foreign.made is not cached");
  });

  it("is an error of a class that would not come back: a model does, and so do the language's own", async () => {
    class Lost extends Error {}
    @model({ name: "cached.spec/Kept" })
    class Kept extends Error {}
    @cached(memory())
    class Errors extends Pipeline {
      @input() xs!: number[];
      @node("xs") lost(xs: number[]): unknown {
        return { of: [new Lost(`${xs.length}`)] };
      }
      @node("lost") isLost(lost: unknown): boolean {
        return (lost as { of: unknown[] }).of[0] instanceof Lost;
      }
      @mapOver("xs") lostElements(x: number): Each<unknown> {
        return new Lost(`${x}`);
      }
      @node("xs") others(xs: number[]): unknown[] {
        return [new Kept(`${xs.length}`), new TypeError("a", { cause: new Kept("b") }), new DOMException("c", "d")];
      }
    }
    for (let i = 0; i < 2; i++) {
      const warnings = await warningsOf(async () => {
        const seen = await new Errors().run({ xs: [1] });
        expect(seen.isLost).to.equal(true);
        expect(seen.lostElements[0]).to.be.instanceOf(Lost);
        expect((seen.others as [Error, Error])[0]).to.be.instanceOf(Kept);
        expect((seen.others as [Error, Error])[1].cause).to.be.instanceOf(Kept);
      });
      expect(
        warnings.join("\n").match(/Errors\.(lost|lostElements) is not cached: value: an error of class Lost is in it/g),
      ).to.have.length(2);
      expect(warnings.join("\n")).to.not.contain("Errors.others");
    }
  });

  it("without a cache, nothing is hashed: a large shared list costs a map nothing", async () => {
    let reads = 0;
    const list = new Proxy([1, 2, 3], {
      get(target, key, receiver) {
        reads++;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    class Shared extends Pipeline {
      @input() xs!: number[];
      @input() list!: number[];
      @mapOver("xs", "list") y(x: number, _list: number[]): Each<number> {
        return x;
      }
    }
    await new Shared().run({ xs: [1, 2], list });
    expect(reads).to.equal(0);
  });
});

describe("with a cache, pipelines give what they give without", () => {
  checkPurity();
  it("cold, half warm and warm, whatever the pipeline and the mode (property) @slow", async () => {
    const lists = fc.array(fc.nat(20), { maxLength: 8 });
    const drawn = fc.record({
      index: fc.nat(FAMILY_SIZE - 1),
      xs: lists,
      xs2: lists,
      y: fc.nat(9),
      nodes: fc.constantFrom("sequential", "async", "threaded", "parallel"),
      maps: fc.constantFrom("sequential", "async", "threaded", "parallel"),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y, nodes, maps }) => {
        const pipeline = new FAMILY[index]!();
        const outcome = async (inputs: object, options: object) => {
          try {
            return JSON.stringify(await pipeline.run(inputs as never, options as never), (_, v) =>
              v instanceof NodeError ? v.message : v,
            );
          } catch (error) {
            return (error as Error).message;
          }
        };
        const cache = memory();
        for (const inputs of [
          inputsFor(pipeline, { xs, xs2, y }),
          inputsFor(pipeline, { xs: xs.slice(1), xs2: xs2.slice(1), y }),
          inputsFor(pipeline, { xs, xs2, y }),
        ]) {
          const plain = await outcome(inputs, { execution: { nodes: "sequential", maps: "sequential" } });
          for (let i = 0; i < 2; i++)
            expect(await outcome(inputs, { cache, execution: { nodes, maps } })).to.equal(plain);
        }
      }),
      { numRuns: 200 },
    );
  }).timeout(240_000);
});

@execution({ maps: "async" })
class Slow extends Pipeline {
  @input() xs!: number[];
  @mapOver("xs") async y(x: number): Promise<Each<number>> {
    calls.push(String(x));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return x as Each<number>;
  }
}

describe("a value of a class that is not known where it is read", () => {
  it("is computed anew, and stays in the store for whoever knows it", async () => {
    const { store, held } = countingKeyv();
    @model()
    class KnownHere {
      constructor(readonly x: number) {}
    }
    class Makes extends Pipeline {
      @input() x!: number;
      @node("x") made(x: number): KnownHere {
        calls.push("made");
        return new KnownHere(x);
      }
    }
    const makes = new Makes().with({ cache: store });
    await makes.run({ x: 1 });
    // As if another process had another class of that name.
    const size = held.size;
    @model({ name: "KnownHere" })
    class Other {}
    expect((await makes.run({ x: 1 })).made).to.be.instanceOf(KnownHere);
    expect(held.size).to.equal(size);
    expect(Other.name).to.equal("Other");
  });
});

describe("a cached run that is stopped", () => {
  checkPurity();
  it("ends, and keeps what was done", async () => {
    const slow = new Slow().with({ cache: memory(), execution: { maxWorkers: 1 } });
    const controller = new AbortController();
    const running = slow.run({ xs: [1, 2, 3, 4, 5, 6, 7, 8] }, { signal: controller.signal });
    while (calls.length === 0) await new Promise(setImmediate);
    controller.abort();
    expect((await rejection(running)).name).to.equal("AbortError");
    const done = calls.length;
    expect(done).to.be.within(1, 7);
    called();
    await slow.run({ xs: [1, 2, 3, 4, 5, 6, 7, 8] });
    expect(calls.length).to.be.within(8 - done, 9 - done);
  });
});

import { expect } from "chai";
import {
  cached,
  type Each,
  input,
  mapOver,
  memory,
  model,
  type Nested,
  nested,
  node,
  Pipeline,
  resource,
} from "../../../src/index.js";
import { Chain, called, calls, forgetCalls } from "../../support/cached.js";
import { checkPurity } from "../../support/check-purity.js";
import { warningsOf } from "../../support/warnings.js";

beforeEach(forgetCalls);

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

  it("of a model its key counts, and #private state never", async () => {
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

  it("an instance with #private members of a class that is no model has no key, even if the class is known", async () => {
    class Text {
      #language: string;
      constructor(language: string) {
        this.#language = language;
      }
      language() {
        return this.#language;
      }
    }
    class Languages extends Pipeline {
      @input() x!: string;
      @node("x") text(x: string): Text {
        return new Text(x);
      }
      @node("text") language(text: Text): string {
        return text.language();
      }
    }
    const store = memory();
    const warnings = await warningsOf(async () => {
      for (const x of ["he", "en"])
        expect(await new Languages().run({ x }, { cache: store })).to.deep.include({ language: x });
    });
    expect(warnings.join()).to.contain("Languages.text is not cached").and.contain("#private members can't be read");
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

  it("another choice of outputs, and a nested pipeline with other bindings, have keys of their own", async () => {
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

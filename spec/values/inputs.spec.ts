import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { Transform, Type } from "class-transformer";
import { IsDefined, IsInt, IsNotEmpty, Min, registerDecorator, ValidateNested } from "class-validator";
import { type Each, InputError, input, mapOver, type Nested, nested, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";

class TextPassage {
  @IsNotEmpty() id!: string;
  @IsNotEmpty() text!: string;
  get words(): string[] {
    return this.text.split(" ");
  }
}

class Counting extends Pipeline {
  @input() @ValidateNested({ each: true }) @Type(() => TextPassage) passages!: TextPassage[];
  @input() @IsInt() @Min(1) topK?: number = 5;
  @mapOver("passages") counts(passage: TextPassage): Each<number> {
    return passage.words.length;
  }
  @node("topK") limit(topK: number): number {
    return topK;
  }
}

/** A validator whose message is empty. */
function Wordlessly(): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: "eq",
      target: target.constructor,
      propertyName: propertyName as string,
      validator: { validate: () => false, defaultMessage: () => "" },
    });
}

describe("inputs", () => {
  it("become instances of their classes, unless they are", async () => {
    const own = Object.assign(new TextPassage(), { id: "b", text: "b c" });
    const seen: TextPassage[] = [];
    class Seeing extends Counting {
      override counts(passage: TextPassage): Each<number> {
        seen.push(passage);
        return super.counts(passage);
      }
    }
    const passages = [{ id: "a", text: "a" } as TextPassage, own];
    expect(await new Seeing().run({ passages })).to.deep.equal({ counts: [1, 2], limit: 5 });
    expect(seen[0]).to.be.instanceOf(TextPassage);
    expect(seen[1]).to.equal(own);
  });

  it("are transformed as their decorators say, and left alone where that is done", async () => {
    class Transformed extends Pipeline {
      @input() @Type(() => Date) when!: Date;
      @input() @Type(() => TextPassage) byId!: Map<string, TextPassage>;
      @input() @Transform(({ value }) => String(value).trim()) name!: string;
      @node("when", "byId", "name") shown(when: Date, byId: Map<string, TextPassage>, name: string): unknown[] {
        return [when instanceof Date, byId, name];
      }
    }
    const byId = new Map();
    const when = "2026-01-02" as unknown as Date;
    expect(await new Transformed().run({ when, byId, name: " a " })).to.deep.equal({ shown: [true, byId, "a"] });
  });

  it("are all validated at once, each violation with its path and constraint", async () => {
    const passages = [
      { id: "a", text: "a" },
      { id: "", text: "" },
    ] as TextPassage[];
    const error = await rejection<InputError>(new Counting().run({ passages, topK: 0.5 }));
    expect(error).to.be.instanceOf(InputError);
    expect(error.code).to.equal("INVALID_INPUTS");
    expect(error.violations.map((v) => `${v.path} ${v.constraint}`)).to.have.members([
      "passages[1].id isNotEmpty",
      "passages[1].text isNotEmpty",
      "topK min",
      "topK isInt",
    ]);
    expect(error.message).to.contain("Counting: 4 problems with the inputs:\n  - passages[1].id: ");
    expect(error.message).to.contain("topK: topK must be an integer number (isInt)");
  });

  it("are named, all that are missing and all that are unknown, with what is required", async () => {
    const given = { pasages: [], limit: 3, tpoK: 1 } as unknown as { passages: TextPassage[] };
    const error = await rejection<InputError>(new Counting().run(given));
    expect(error.code).to.equal("MISSING_INPUTS");
    expect(error.message).to.equal(
      [
        "Counting: 4 problems with the inputs:",
        '  - missing input "passages" (required: "passages"; optional: "topK")',
        '  - unknown input "pasages": no input has this name. Did you mean "passages"?',
        '  - unknown input "limit": it is a node, not an input: give its value as { given: { limit } }',
        '  - unknown input "tpoK": no input has this name. Did you mean "topK"?',
        "  An optional input needs a default or @input({ optional: true }): TypeScript's ? is erased at run time.",
      ].join("\n"),
    );
  });

  it("are a record: anything else is an error, and so is map without over", async () => {
    for (const wrong of ["abc", 5, [[]]]) {
      const error = await rejection(new Counting().run(wrong as unknown as { passages: TextPassage[] }));
      expect(error.message).to.contain("Counting: the inputs are not an object of values by name, but ");
      expect(error.message).to.contain('Give them as { name: value }: required: "passages"; optional: "topK".');
    }
    const map = new Counting().map as unknown as (inputs: object) => Promise<unknown>;
    const error = await rejection(map.call(new Counting(), { passages: [] }));
    expect(error.message).to.equal(
      "Counting: the option over is undefined. It takes the name of an input, or several.",
    );
  });

  describe("given as a whole", () => {
    class Doubled extends Pipeline {
      @input() x = 5;
      @node("x") doubled(x: number): number {
        return 2 * x;
      }
    }
    type Inputs = { x: number };
    /** All calls that take inputs; each returns the doubled value of x. */
    const CALLS: Record<string, (inputs: Inputs) => Promise<unknown>> = {
      run: async (inputs) => (await new Doubled().run(inputs)).doubled,
      bind: async (inputs) => (await new Doubled().bind(inputs).run()).doubled,
      map: async (inputs) =>
        ((await new Twice().map(inputs as never, { over: "ys" } as never)) as { doubled: number }[])[0]!.doubled,
      stream: async (inputs) =>
        ((await new Twice().stream(inputs as never, { over: "ys" } as never).next()).value as { doubled: number })
          .doubled,
      explain: async (inputs) => void (await new Doubled().explain(inputs)),
    };
    class Twice extends Doubled {
      @input() ys: number[] = [1];
      @node("ys") count(ys: number[]): number {
        return ys.length;
      }
    }
    class OwnMap extends Map<string, number> {}
    class Query {
      // biome-ignore lint/suspicious/noThenProperty: it is what is tested.
      then(resolve: (inputs: Inputs) => void): void {
        resolve({ x: 2 });
      }
    }
    const NO_RECORDS: Record<string, () => unknown> = {
      "a Map": () => new Map([["x", 2]]),
      "a class of Maps": () => new OwnMap([["x", 2]]),
      "a Set": () => new Set(["x"]),
      "a Date": () => new Date(),
      "a RegExp": () => /x/,
      "a generator": () => (function* () {})(),
      "an iterator": () => [1].values(),
      "a WeakMap": () => new WeakMap(),
      "search parameters": () => new URLSearchParams("x=2"),
      "a URL": () => new URL("http://127.0.0.1?x=2"),
      headers: () => new Headers({ x: "2" }),
      "an error": () => new Error("x"),
      "an empty buffer": () => new ArrayBuffer(2),
      "a list": () => [2],
      "a function": () => () => 2,
    };
    const AWAITABLE: Record<string, () => unknown> = {
      "a promise": () => Promise.resolve({ x: 2 }),
      "a rejected promise": () => Promise.reject(new Error("late")),
      "a promise with properties": () => Object.assign(Promise.resolve(), { x: 2 }),
      "an object of a class with then()": () => new Query(),
    };
    class Inputs2 {
      x = 2;
    }
    class Computing {
      get x(): number {
        return 2;
      }
    }
    const RECORDS: Record<string, () => unknown> = {
      "a plain object": () => ({ x: 2 }),
      "one without a prototype": () => Object.assign(Object.create(null), { x: 2 }),
      "an instance": () => new Inputs2(),
      "an instance with an accessor": () => new Computing(),
      "one that inherits": () => Object.create({ x: 2 }),
      "a proxy": () => new Proxy({ x: 2 }, {}),
      "one of another realm": () => runInNewContext("({ x: 2 })"),
    };
    for (const [name, call] of Object.entries(CALLS)) {
      it(`to ${name}() must be a record: nothing is taken as an empty one`, async () => {
        const unhandled: unknown[] = [];
        const listen = (error: unknown) => unhandled.push(error);
        process.on("unhandledRejection", listen);
        for (const [what, make] of Object.entries({ ...NO_RECORDS, ...AWAITABLE })) {
          const error = await rejection<InputError>(call(make() as Inputs));
          expect(error, what).to.be.instanceOf(InputError);
          expect(error.code, what).to.equal("INVALID_INPUTS");
          expect(error.message, what).to.contain("the inputs are not an object of values by name, but ");
          expect(error.message, what).to.contain(what in AWAITABLE ? "but a promise. Await it" : "{ name: value }");
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
        process.off("unhandledRejection", listen);
        expect(unhandled).to.deep.equal([]);
        for (const [what, make] of Object.entries(RECORDS)) {
          const expected = name === "explain" ? undefined : 4;
          expect(await call(make() as Inputs), what).to.equal(expected);
        }
      });

      it(`to ${name}() with a getter that throws: the error names the input`, async () => {
        let reads = 0;
        const inputs = {
          get x(): number {
            reads++;
            throw new RangeError("lazy");
          },
        };
        const error = await rejection<InputError>(call(inputs));
        expect(error).to.be.instanceOf(InputError);
        expect(error.message).to.contain("x: reading it threw RangeError: lazy (getter)");
        expect(error.cause).to.be.instanceOf(RangeError);
        expect([reads, error.violations.length]).to.deep.equal([1, 1]);
        const { proxy, revoke } = Proxy.revocable({ x: 1 }, {});
        revoke();
        expect((await rejection<InputError>(call(proxy))).message).to.contain("on a proxy that has been revoked");
      });
    }

    it("is read once, and an unneeded input not at all", async () => {
      let reads = 0;
      const inputs = {
        get x(): number {
          return ++reads;
        },
        get ys(): number[] {
          throw new Error("read");
        },
      };
      expect(await new Twice().run(inputs, { outputs: ["doubled"] })).to.deep.equal({ doubled: 2 });
      expect(reads).to.equal(1);
    });

    it("may have the name __proto__ as JSON does: it is unknown", async () => {
      for (const name of ["__proto__", "constructor", "run"]) {
        const error = await rejection(new Doubled().run(JSON.parse(`{ "x": 1, "${name}": {} }`)));
        expect(error.message).to.equal(`Doubled: unknown input "${name}": no input has this name. There is "x".`);
      }
    });

    it("names what there is, without empty lists", async () => {
      const error = await rejection(new Doubled().run("x" as never));
      expect(error.message).to.contain(`Give them as { name: value }: optional: "x".`);
    });
  });

  it("of map() are validated with their elements: all violations at once", async () => {
    class Named {
      @IsNotEmpty() name!: string;
    }
    class Maps extends Pipeline {
      @input() @ValidateNested() @Type(() => Named) t!: Named;
      @input() @IsInt() k!: number;
      @input() plain?: number = 1;
      @node("t", "k") one({ name }: Named, k: number): string {
        return name.repeat(k);
      }
      @node("plain") two(plain: number): number {
        return plain;
      }
    }
    const t = [{ name: "a" }, { name: "" }, {}] as Named[];
    const pathsOf = async (inputs: object, over: readonly string[] = ["t"]) => {
      const calls = [
        () => new Maps().map(inputs as never, { over } as never),
        () => new Maps().explain(inputs as never, { over } as never),
      ];
      const [first, second] = await Promise.all(calls.map(async (call) => await rejection<InputError>(call())));
      expect(first!.message).to.equal(second!.message);
      return first!.violations.map(({ path, constraint }) => `${path} ${constraint}`);
    };
    const elements = ["t[1].name isNotEmpty", "t[2].name isNotEmpty"];
    expect(await pathsOf({ t, k: "x" })).to.have.members(["k isInt", ...elements]);
    expect(await pathsOf({ t })).to.have.members(["k missing", ...elements]);
    expect(await pathsOf({ t, k: 1, z: 1 })).to.have.members(["z unknown", ...elements]);
    expect(await pathsOf({ t, k: 1 })).to.have.members(elements);
    expect(await pathsOf({ t: 5, k: "x" })).to.have.members(["k isInt"]);
    expect(await pathsOf({ k: "x" })).to.have.members(["k isInt", "t missing"]);
    expect(await pathsOf({ t: [t[0], t[1]], k: ["x", 1] }, ["t", "k"])).to.have.members([
      "t[1].name isNotEmpty",
      "k[0] isInt",
    ]);
    expect(await new Maps().map({ t: [t[0]!], k: 2 }, { over: "t" })).to.deep.equal([{ one: "aa", two: 1 }]);
  });

  it("say that they are not valid, where their validator has no words for it", async () => {
    class Wordless extends Pipeline {
      @input() @Wordlessly() q!: string;
      @node("q") one(q: string): string {
        return q;
      }
    }
    const error = await rejection<InputError>(new Wordless().run({ q: "a" }));
    expect(error.message).to.equal("Wordless: q: it is not valid (eq)");
  });

  it("without @input() are distinguished from fields", async () => {
    class Undecorated extends Pipeline {
      @input() x!: number;
      factor = 2;
      @node("x") y(x: number): number {
        return x;
      }
    }
    const error = await rejection(new Undecorated().run({ x: 1, factor: 3 }));
    expect(error.message).to.equal('Undecorated: unknown input "factor": the field of this name has no @input()');
  });

  it("that are not needed are neither asked for nor validated", async () => {
    class Unneeded extends Pipeline {
      @input() @IsDefined() @IsInt() a!: number;
      @input() @IsDefined() @IsInt() b!: number;
      @node("a") x(a: number): number {
        return a;
      }
      @node("b") y(b: number): number {
        return b;
      }
    }
    expect(await new Unneeded().run({ a: 1 }, { outputs: ["x"] })).to.deep.equal({ x: 1 });
  });

  it("that no decorator speaks of are handed on untouched", async () => {
    const list = { big: new Float32Array(4), map: new Map([[1, { deep: true }]]) };
    class Untouched extends Pipeline {
      @input() list!: object;
      @node("list") same(list: object): boolean {
        return list === given;
      }
    }
    const given = list;
    expect(await new Untouched().run({ list })).to.deep.equal({ same: true });
  });

  it("may be validated asynchronously", async () => {
    class Slow extends Pipeline {
      @input() name!: string;
      @node("name") hello(name: string): string {
        return `hello ${name}`;
      }
    }
    registerDecorator({
      name: "isKnown",
      target: Slow,
      propertyName: "name",
      async: true,
      validator: { validate: async (name: string) => name === "known", defaultMessage: () => "it is not known" },
    } as Parameters<typeof registerDecorator>[0]);
    expect(await new Slow().run({ name: "known" })).to.deep.equal({ hello: "hello known" });
    expect((await rejection(new Slow().run({ name: "other" }))).message).to.contain("name: it is not known (isKnown)");
  });

  it("of a map are checked element by element before any node runs", async () => {
    let ran = 0;
    class Positive extends Pipeline {
      @input() @Min(1) x!: number;
      @node("x") y(x: number): number {
        ran++;
        return x;
      }
    }
    const error = await rejection<InputError>(new Positive().map({ x: [1, 0, 2, -1] }, { over: "x" }));
    expect(error.violations.map((v) => v.path)).to.deep.equal(["x[1]", "x[3]"]);
    expect(ran).to.equal(0);
  });

  it("of a nested pipeline are checked too, and named by their path", async () => {
    class Inner extends Pipeline {
      @input() @Min(1) x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    class Outer extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Inner, { x: "xs" }, "y") ys!: Nested<number[]>;
    }
    const error = await rejection(new Outer().run({ xs: [1, 0] }));
    expect(error.message).to.contain("Outer.ys[1]: x: x must not be less than 1 (min)");
  });

  it("bound to null are bound, bound to undefined are not", async () => {
    class Nullable extends Pipeline {
      @input() x?: number | null = 7;
      @node("x") shown(x: number | null): string {
        return String(x);
      }
    }
    expect(await new Nullable().bind({ x: null }).run()).to.deep.equal({ shown: "null" });
    expect(await new Nullable().bind({ x: undefined as unknown as null }).run()).to.deep.equal({ shown: "7" });
    expect(await new Nullable().bind({ x: 1 }).run({ x: null })).to.deep.equal({ shown: "null" });
    class Parent extends Pipeline {
      @input() unused?: number = 1;
      @nested(new Nullable().bind({ x: null }), {}, "shown") shown!: Nested<string>;
    }
    expect(await new Parent().run()).to.deep.equal({ shown: "null" });
  });

  it("named like what every object has are no inputs", async () => {
    const given = { x: 1, constructor: 1, toString: 2 } as unknown as { x: number };
    class Plain extends Pipeline {
      @input() x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    expect((await rejection(new Plain().run(given))).message).to.contain('unknown input "constructor"');
  });
});

describe("lists that are mapped over", () => {
  class Zip extends Pipeline {
    @input() a!: number[];
    @input() b!: number[];
    @node("a") before(a: number[]): number {
      log.push("before");
      return a.length;
    }
    @mapOver(["a", "b"]) sums(a: number, b: number): Each<number> {
      return a + b;
    }
  }
  const log: string[] = [];

  it("of unequal lengths are an error before any node runs, with both lengths", async () => {
    const error = await rejection(new Zip().run({ a: [1, 2, 3], b: [1] }));
    expect(error.message).to.equal(
      'Zip.sums: it maps over lists of unequal lengths: "a" has 3, "b" has 1. Give lists of one length, or use { mode: "product" } for all pairs.',
    );
    expect(log).to.deep.equal([]);
  });

  it("must be lists: a string, a number or null is none", async () => {
    for (const wrong of ["text", 5, null, {}]) {
      const error = await rejection(new Zip().run({ a: [1], b: wrong as unknown as number[] }));
      expect(error.message).to.contain('Zip.sums: it maps over "b", which is not a list but');
    }
  });

  it("that nodes make are checked when they are there", async () => {
    class Made extends Pipeline {
      @input() n!: number;
      @node("n") a(n: number): number[] {
        return new Array(n).fill(1);
      }
      @node("n") b(n: number): any {
        return n === 0 ? "none" : [1];
      }
      @mapOver(["a", "b"]) sums(a: number, b: any): Each<number> {
        return a + b;
      }
    }
    expect((await rejection(new Made().run({ n: 2 }))).message).to.contain('"a" has 2, "b" has 1');
    expect((await rejection(new Made().run({ n: 0 }))).message).to.contain("\"b\", which is not a list but 'none'");
    expect(await new Made().run({ n: 1 }, { outputs: ["sums"] })).to.deep.equal({ sums: [2] });
  });

  it("may be typed arrays, sets, maps and generators", async () => {
    class Any extends Pipeline {
      @input() xs!: Iterable<number>;
      @mapOver("xs") doubled(x: number): Each<number> {
        return x * 2;
      }
    }
    const generator = (function* () {
      yield 1;
      yield 2;
    })();
    for (const xs of [new Float32Array([1, 2]), new Set([1, 2]), new Map([[1, 2]]).keys(), generator]) {
      const { doubled } = await new Any().run({ xs });
      expect(doubled).to.deep.equal([2, 4].slice(0, doubled.length));
      expect(doubled).not.to.have.length(0);
    }
  });

  it("may be gone through by several maps, though they can be gone through once", async () => {
    class Twice extends Pipeline {
      @input() xs!: Iterable<number>;
      @node() list(): number[] {
        return [1, 2];
      }
      @mapOver(["xs", "list"]) sums(x: number, y: number): Each<number> {
        return x + y;
      }
      @mapOver(["xs", "list"]) products(x: number, y: number): Each<number> {
        return x * y;
      }
    }
    const generator = (function* () {
      yield 1;
      yield 2;
    })();
    const { sums, products } = await new Twice().run({ xs: generator });
    expect(sums).to.deep.equal([2, 4]);
    expect(products).to.deep.equal([1, 4]);
  });
});

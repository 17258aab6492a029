import { expect } from "chai";
import { Transform, Type } from "class-transformer";
import {
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Min,
  registerDecorator,
  Validate,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from "class-validator";
import { InputError, type InputsOf, input, mapOver, type Nested, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import {
  Bounds,
  Counting,
  Nesting,
  NestingLows,
  Searching,
  SearchingAll,
  transformations,
  ValidPassage,
} from "./pipelines.js";

type Record_ = { low: number; high: number; reason: string; label: string };

/** Each way of running `Bounds` for one record; the result is what `shown` gives. */
const WAYS: Readonly<Record<string, (inputs: Record_) => Promise<unknown>>> = {
  run: async (inputs) => (await new Bounds().run(inputs)).shown,
  "run, for one output": async (inputs) => (await new Bounds().run(inputs, { outputs: ["shown"] })).shown,
  "run, with bound inputs": async ({ low, ...others }) => (await new Bounds().bind({ low }).run(others)).shown,
  "run, in threads": async (inputs) => (await new Bounds().run(inputs, { execution: { nodes: "threaded" } })).shown,
  map: async ({ low, ...others }) => (await new Bounds().map({ ...others, low: [low] }, { over: "low" }))[0]!.shown,
  "map, for one output": async ({ low, ...others }) =>
    (await new Bounds().map({ ...others, low: [low] }, { over: "low", outputs: ["shown"] }))[0]!.shown,
  "map, over the input with the rule": async ({ high, ...others }) =>
    (await new Bounds().map({ ...others, high: [high] }, { over: "high" }))[0]!.shown,
  "map, over two": async ({ low, high, ...others }) =>
    (await new Bounds().map({ ...others, low: [low], high: [high] }, { over: ["low", "high"] }))[0]!.shown,
  "map, over pairs": async ({ low, high, ...others }) =>
    (await new Bounds().map({ ...others, low: [low], high: [high] }, { over: ["low", "high"], mode: "product" }))[0]!
      .shown,
  "map, in threads": async ({ low, ...others }) =>
    (await new Bounds().map({ ...others, low: [low] }, { over: "low", execution: { maps: "threaded" } }))[0]!.shown,
  stream: async ({ low, ...others }) => {
    return (await new Bounds().stream({ ...others, low: [low] }, { over: "low" }).next()).value!.shown;
  },
  "stream, for one output, in threads": async ({ low, ...others }) => {
    const options = { over: "low", outputs: ["shown"], execution: { maps: "threaded" } } as const;
    return (await new Bounds().stream({ ...others, low: [low] }, options).next()).value!.shown;
  },
  "a nested pipeline": async (inputs) => (await new Nesting().run(inputs)).inner,
  "a mapped nested pipeline": async ({ low, ...others }) =>
    (await new NestingLows().run({ ...others, lows: [low] })).inner[0],
  "a mapped nested pipeline in threads": async ({ low, ...others }) =>
    (await new NestingLows().run({ ...others, lows: [low] }, { execution: { maps: "threaded" } })).inner[0],
};

describe("rules for inputs", () => {
  for (const [way, shown] of Object.entries(WAYS)) {
    describe(`in ${way}`, () => {
      it("see the other inputs", async () => {
        const inputs = { low: 1, high: 5, reason: "", label: "label" };
        expect(await shown(inputs)).to.equal("5 label from 1 to 5");
        expect(await shown({ ...inputs, low: -1, reason: "!" })).to.equal("5! label from -1 to 5");
      });

      it("find what is wrong with them together", async () => {
        const error = await rejection(shown({ low: 5, high: 5, reason: "", label: "" }));
        expect(error.message).to.match(/high(\[0\])?: it must be above low(?:, with low\[0\])? \(above\)/);
        const other = await rejection(shown({ low: -1, high: 5, reason: "", label: "" }));
        expect(other.message).to.match(/reason: reason should not be empty(?:, with low\[0\])? \(isNotEmpty\)/);
      });
    });
  }

  it("say with which elements a shared input goes wrong", async () => {
    const others = { high: 5, reason: "", label: "" };
    const map = (low: number[]) => new Bounds().map({ ...others, low }, { over: "low" });
    const error = await rejection<InputError>(map([1, 7, 2]));
    expect(error.violations).to.deep.equal([
      { path: "high", constraint: "above", problem: "it must be above low, with low[1]" },
    ]);
    expect((await rejection<InputError>(map([7, 8]))).violations).to.deep.equal([
      { path: "high", constraint: "above", problem: "it must be above low" },
    ]);
    const pairs = new Bounds().map(
      { low: [1, 7], high: [5, 9], reason: "", label: "" },
      { over: ["low", "high"], mode: "product" },
    );
    expect((await rejection<InputError>(pairs)).violations.map(({ path }) => path)).to.deep.equal(["high[0]"]);
  });

  it("are not asked about inputs that the run does not use", async () => {
    const inputs = { low: 9, high: 5 } as Record_;
    expect(await new Bounds().run(inputs, { outputs: ["other"] })).to.deep.equal({ other: 9 });
  });

  it("are asked once about inputs that elements share, where they do not read the elements", async () => {
    const passages = [{ text: "a b" }, { text: "b" }];
    const query = ["a", "b", "c"];
    const hits = [["a b"], ["a b", "b"], []];
    const counted = async (run: () => Promise<unknown>) => {
      const before = transformations;
      expect(await run()).to.deep.equal(hits);
      return transformations - before;
    };
    const mapped = async () =>
      (await new Searching().map({ passages, query }, { over: "query" })).map((result) => result.hits);
    expect(await counted(mapped)).to.equal(1);
    const streamed = async () => {
      const found = [];
      for await (const { hits } of new Searching().stream({ passages, query }, { over: "query" })) found.push(hits);
      return found;
    };
    expect(await counted(streamed)).to.be.lessThan(3);
    const nested = async () => (await new SearchingAll().run({ passages, queries: query })).hits;
    expect(await counted(nested)).to.equal(1);
  });

  it("hold for what is nested: a property that is missing there is a violation, and no node starts", async () => {
    const of = async (passages: unknown) =>
      (await rejection<InputError>(new Counting().run({ passages: passages as ValidPassage[] }))).violations;
    const missing = [{ path: "passages[0].text", constraint: "isNotEmpty", problem: "text should not be empty" }];
    expect(await of([{}])).to.deep.equal(missing);
    expect(await of([new ValidPassage()])).to.deep.equal(missing);
    const error = await rejection<InputError>(
      new Counting().map({ passages: [[{}]] as ValidPassage[][] }, { over: "passages" }),
    );
    expect(error.violations[0]!.path).to.equal("passages[0][0].text");
    const streamed = new Counting().stream({ passages: [[{}]] as ValidPassage[][] }, { over: "passages" });
    expect((await rejection<InputError>(streamed.next())).violations[0]!.path).to.equal("passages[0][0].text");
  });

  it("pass over an input that may be left out, unless its own condition says when it must be there", async () => {
    class Delivery extends Pipeline {
      @input() byPost!: boolean;
      @input({ optional: true }) @IsInt() @Min(1) copies?: number;
      @input() @IsOptional() @IsString() note?: string;
      @input({ optional: true }) @ValidateIf((all: Delivery) => all.byPost) @IsNotEmpty() address?: string;
      @node("byPost", "copies", "address", "note")
      label(byPost: boolean, copies?: number, address?: string, note?: string): unknown {
        return [byPost, copies, address, note];
      }
    }
    expect(await new Delivery().run({ byPost: false })).to.deep.equal({
      label: [false, undefined, undefined, undefined],
    });
    const error = await rejection<InputError>(new Delivery().run({ byPost: true }));
    expect(error.violations.map(({ path }) => path)).to.deep.equal(["address"]);
    expect((await rejection<InputError>(new Delivery().run({} as never))).code).to.equal("MISSING_INPUTS");
  });

  it("say what is there instead of a list", async () => {
    class Lists extends Pipeline {
      @input() @ValidateNested({ each: true }) @Type(() => ValidPassage) passages!: ValidPassage[];
      @input() @IsString({ each: true }) words!: string[];
      @node("passages", "words") count(passages: ValidPassage[], words: string[]): number {
        return passages.length + words.length;
      }
    }
    for (const [seen, shown] of [
      [null, "null"],
      [5, "5"],
      ["text", "'text'"],
    ]) {
      const error = await rejection(new Lists().run({ passages: seen, words: seen } as never));
      expect(error.message, shown as string).to.contain(`passages: each value in nested property passages must be`);
      expect(error.message).to.contain(`: it is ${shown}, not a list (nestedValidation)`);
      if (seen === null)
        expect(error.message).to.contain("each value in words must be a string: it is null, not a list");
    }
    const element = await rejection(new Lists().run({ passages: [null], words: [] } as never));
    expect(element.message).to.contain("passages[0]: ");
    expect(element.message).to.contain("it is null");
  });

  describe("say of a list in the place of one value, and of one value in the place of a list, what it is:", () => {
    class Plain {
      a!: number;
    }
    class Shapes extends Pipeline {
      @input() @Type(() => Plain) one?: Plain = new Plain();
      @input() @Type(() => Plain) many?: Plain[] = [];
      @input() @Type(() => Plain) @ValidateNested() checked?: Plain = new Plain();
      @input() @Type(() => Plain) @ValidateNested({ each: true }) allChecked?: Plain[] = [];
      @input() @Type(() => Number) count?: number = 0;
      @input() @Type(() => Date) day?: Date = new Date(0);
      @input() @Type(() => Plain) set?: Set<Plain> = new Set();
      @input() @Type(() => Plain) byKey?: Map<string, Plain> = new Map();
      @input() @Type(() => Plain) any?: unknown = 0;
      @node("one", "many", "checked", "allChecked", "count", "day", "set", "byKey", "any") all(
        ...of: unknown[]
      ): unknown[] {
        return of;
      }
    }
    const wrong: [name: string, value: unknown, says: string][] = [
      ["one", [{ a: 1 }], "it takes one Plain, not a list: it is [ { a: 1 } ] (type)"],
      ["one", [], "it takes one Plain, not a list: it is [] (type)"],
      ["checked", [{ a: 1 }], "it takes one Plain, not a list: it is [ { a: 1 } ] (type)"],
      ["count", [5], "it takes one Number, not a list: it is [ 5 ] (type)"],
      ["day", ["2024-01-01"], "it takes one Date, not a list: it is [ '2024-01-01' ] (type)"],
      ["many", { a: 1 }, "it takes a list: it is { a: 1 } (type)"],
      ["many", 5, "it takes a list: it is 5 (type)"],
      ["allChecked", { a: 1 }, "it takes a list: it is { a: 1 } (type)"],
      ["many", new Map([["k", { a: 1 }]]), "it takes a list: it is Map(1) { 'k' => { a: 1 } } (type)"],
      ["set", { a: 1 }, "it takes a Set, or a list for one: it is { a: 1 } (type)"],
      ["set", 3, "it takes a Set, or a list for one: it is 3 (type)"],
      ["set", "x", "it takes a Set, or a list for one: it is 'x' (type)"],
      ["byKey", [{ a: 1 }], "it takes a Map, or a plain object for one: it is [ { a: 1 } ] (type)"],
      ["byKey", "x", "it takes a Map, or a plain object for one: it is 'x' (type)"],
    ];
    for (const [name, value, says] of wrong) {
      it(`${name}: ${JSON.stringify(value)}`, async () => {
        const error = await rejection<InputError>(new Shapes().run({ [name]: value }));
        expect(error).to.be.an.instanceOf(InputError);
        expect(error.message).to.equal(`Shapes: ${name}: ${says}`);
        const [element] = [await rejection(new Shapes().map({ [name]: [value] } as never, { over: name as "one" }))];
        expect(element.message).to.contain(says);
      });
    }
    const right: [name: string, value: unknown][] = [
      ...[["one", { a: 1 }] as const, ["many", [{ a: 1 }]] as const, ["many", new Set([{ a: 1 }])] as const],
      ...[["set", new Set([{ a: 1 }])] as const, ["any", [1]] as const, ["any", 1] as const, ["count", "5"] as const],
      ...[
        ["set", [{ a: 1 }]] as const,
        ["byKey", { k: { a: 1 } }] as const,
        ["byKey", new Map([["k", { a: 1 }]])] as const,
      ],
      ["one", null],
    ].map(([name, value]) => [name as string, value] as [string, unknown]);
    for (const [name, value] of right) {
      it(`and takes what is right: ${name}`, async () => {
        await new Shapes().run({ [name]: value });
      });
    }
  });

  class Tree {
    @ValidateNested() @Type(() => Tree) child?: Tree;
    @ValidateNested({ each: true }) @Type(() => Tree) children?: Tree[];
  }
  const nest = (levels: number, wrap: (inner: object) => object) => {
    let value = {};
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  };

  it("end in an InputError with the input's name where a value is too deep, or refers to itself", async () => {
    class Transformed extends Pipeline {
      @input() other!: number;
      @input() @Type(() => Tree) tree!: Tree;
      @node("tree", "other") seen(tree: Tree, _: number): boolean {
        return tree instanceof Tree;
      }
    }
    class Validated extends Pipeline {
      @input() @ValidateNested() tree!: Tree;
      @node("tree") seen(tree: Tree): boolean {
        return tree instanceof Tree;
      }
    }
    const cyclic: { child?: object } = {};
    cyclic.child = cyclic;
    const deep = (value: object) =>
      nest(3_000, (child) => Object.assign(value instanceof Tree ? new Tree() : {}, { child }));
    const trees: [Pipeline, object][] = [
      [new Transformed(), deep({})],
      [new Transformed(), nest(3_000, (child) => ({ children: [child] }))],
      [new Transformed(), cyclic],
      [new Validated(), deep(new Tree())],
    ];
    for (const [pipeline, tree] of trees) {
      const error = await rejection<InputError>((pipeline as Transformed).run({ tree: tree as Tree, other: 1 }));
      expect(error, pipeline.constructor.name).to.be.instanceOf(InputError);
      const about = error.violations.find(({ path }) => path === "tree")!;
      expect(about).to.deep.equal({
        path: "tree",
        constraint: "depth",
        problem: "it is nested more than 250 levels deep, or refers to itself",
      });
    }
    expect(await new Transformed().run({ tree: nest(100, (child) => ({ child })), other: 1 })).to.deep.equal({
      seen: true,
    });
  });

  it("that throw end in an InputError that names the input, beside what else is wrong", async () => {
    const boom = new TypeError("no such thing");
    const Throwing: PropertyDecorator = (target, propertyName) =>
      registerDecorator({
        name: "throwing",
        target: target.constructor,
        propertyName: String(propertyName),
        validator: {
          validate: () => {
            throw boom;
          },
        },
      });
    class Wrong extends Pipeline {
      @input() @Transform(({ value }) => value.filter(Boolean)) rows!: unknown[];
      @input() @Throwing x!: number;
      @input() @Min(1) y!: number;
      @node("rows", "x", "y") all(rows: unknown[], x: number, y: number): number {
        return rows.length + x + y;
      }
      @node("y") only(y: number): number {
        return y;
      }
    }
    const error = await rejection<InputError>(new Wrong().run({ rows: null as never, x: 1, y: 0 }));
    expect(error.violations).to.deep.equal([
      {
        path: "rows",
        constraint: "transform",
        problem:
          "its transformation failed with TypeError: Cannot read properties of null (reading 'filter'). The value is null",
      },
      {
        path: "x",
        constraint: "validate",
        problem: "its validation failed with TypeError: no such thing. The value is 1",
      },
      { path: "y", constraint: "min", problem: "y must not be less than 1" },
    ]);
    expect(error.cause).to.be.instanceOf(TypeError);
    const alone = await rejection<InputError>(new Wrong().run({ rows: [], x: 1, y: 1 }));
    expect(alone.cause).to.equal(boom);
    expect(await new Wrong().run({ rows: null as never, x: 1, y: 1 }, { outputs: ["only"] })).to.deep.equal({
      only: 1,
    });
  });

  it("say of NaN in the place of an integer that it is none, as of any other value", async () => {
    class Whole extends Pipeline {
      @input() @IsInt() count!: number;
      @input({ optional: true }) @IsOptional() @Type(() => Number) @IsInt({ each: true }) counts?: number[];
      @node("count") same(count: number): number {
        return count;
      }
      @node("counts") list(counts: number[]): number[] {
        return counts;
      }
    }
    const messageOf = async (inputs: InputsOf<Whole>) => (await rejection(new Whole().run(inputs))).message;
    expect(await messageOf({ count: Number.NaN })).to.equal("Whole: count: count must be an integer number (isInt)");
    expect(await messageOf({ count: 1, counts: [1, Number.NaN] })).to.equal(
      "Whole: counts: each value in counts must be an integer number: counts[1] is NaN (isInt)",
    );
    expect(await messageOf({ count: 1, counts: Number.NaN as never })).to.match(/^Whole: counts: .*: it is NaN/);
  });

  it("of a nested pipeline that throw name the pipeline and the input", async () => {
    class Inner extends Pipeline {
      @input() @Transform(({ value }) => value.length) x!: number;
      @node("x") y(x: number): number {
        return x;
      }
    }
    class Outer extends Pipeline {
      @input() xs!: any[];
      @mapOver("xs", Inner, { x: "xs" }, "y") ys!: Nested<number[]>;
    }
    const error = await rejection(new Outer().run({ xs: ["ab", null] }));
    expect(error.message).to.contain("Outer.ys[1]: x: its transformation failed with TypeError: Cannot read");
  });

  it("of @ValidateNested() without @Type() refuse plain objects, whose class is not known", async () => {
    class Ruled {
      @IsString() id!: string;
    }
    class Bare {
      id?: unknown;
    }
    class Deep {
      @ValidateNested() inner!: Ruled;
    }
    class Untyped extends Pipeline {
      @input() @ValidateNested({ each: true }) many?: unknown[] = [];
      @input() @ValidateNested() one?: unknown;
      @input({ optional: true }) @ValidateNested() @Type(() => Deep) deep?: Deep;
      @input() @ValidateNested({ each: true }) @Type(() => Bare) bare?: Bare[] = [];
      @node("many", "one", "deep", "bare") seen(...all: unknown[]): number {
        return all.length;
      }
    }
    const good = Object.assign(new Ruled(), { id: "a" });
    const bad = Object.assign(new Ruled(), { id: 3 });
    const unknown = (where: string) => [`${where} nestedValidation`];
    const cases: readonly (readonly [inputs: Record<string, unknown>, violations: readonly string[]])[] = [
      [{ many: [good, { id: "a" }] }, unknown("many[1]")],
      [{ many: [[{ id: "a" }]] }, unknown("many[0][0]")],
      [{ many: [good, bad] }, ["many[1].id isString"]],
      [{ many: [good] }, []],
      [{ one: { id: 3 } }, unknown("one")],
      [{ one: good }, []],
      [{ one: new Bare() }, []],
      [{ deep: { inner: { id: "a" } } }, unknown("deep.inner")],
      [{ deep: { inner: good } }, []],
      [{ bare: [{ id: 3 }] }, []],
    ];
    for (const [given, expected] of cases) {
      const inputs = { one: new Bare(), ...given };
      const error = await new Untyped().run(inputs as never).then(
        () => undefined,
        (reason: InputError) => reason,
      );
      const found = (error?.violations ?? []).map(({ path, constraint }) => `${path} ${constraint}`);
      expect(found, JSON.stringify(given)).to.deep.equal(expected);
    }
  });

  it("of @ValidateNested() refuse a value of no known subtype, as class-validator does", async () => {
    abstract class Animal {
      kind!: string;
    }
    class Cat extends Animal {
      @IsInt() lives!: number;
    }
    class Fish extends Animal {}
    const subTypes = [
      { name: "cat", value: Cat },
      { name: "fish", value: Fish },
    ];
    const options = { discriminator: { property: "kind", subTypes }, keepDiscriminatorProperty: true };
    class Cage {
      @ValidateNested() @Type(() => Animal, options) inside!: Animal;
    }
    class Zoo extends Pipeline {
      @input({ optional: true }) @ValidateNested() @Type(() => Animal, options) one?: Animal;
      @input({ optional: true }) @ValidateNested({ each: true }) @Type(() => Animal, options) list?: Animal[];
      @input({ optional: true }) @ValidateNested() @Type(() => Cage) cage?: Cage;
      @node("one", "list", "cages") kinds(...all: unknown[]): string {
        return JSON.stringify(all);
      }
      @node("cage") cages(cage: unknown): unknown {
        return cage;
      }
    }
    const run = (inputs: object) => new Zoo().run(inputs, { outputs: ["kinds"] });
    const fish = { kind: "fish" };
    await run({ one: fish, list: [{ kind: "cat", lives: 9 }, fish, new Fish()], cage: { inside: fish } });
    const wrong: [inputs: object, path: string][] = [
      [{ one: { kind: "cow" } }, "one"],
      [{ one: {} }, "one"],
      [{ one: { kind: "constructor" } }, "one"],
      [{ list: [fish, { kind: "cow" }] }, "list[1]"],
      [{ cage: { inside: { kind: "cow" } } }, "cage.inside"],
    ];
    for (const [inputs, path] of wrong) {
      const says = `Zoo: ${path}: it is an instance of no subtype, such as "cat" and "fish": it is Animal {`;
      expect((await rejection<InputError>(run(inputs))).message).to.contain(says);
    }
  });

  it("of @ValidateNested() refuse a default that is no instance, and say so, whether or not it has @Type()", async () => {
    class Ruled {
      @IsString() id!: string;
    }
    class Defaults extends Pipeline {
      @input() @ValidateNested() @Type(() => Ruled) typed?: Ruled = { id: "a" };
      @input() @ValidateNested() @Type(() => Ruled) instance?: Ruled = Object.assign(new Ruled(), { id: "a" });
      @node("typed", "instance") ids(typed: Ruled, instance: Ruled): string {
        return typed.id + instance.id;
      }
    }
    const error = await rejection(new Defaults().run({}));
    expect(error.message).to.match(
      /^Defaults: typed: it can't be validated, because its class is not known: .* and give a default as an instance of it/,
    );
    expect(await new Defaults().run({ typed: { id: "b" } })).to.deep.equal({ ids: "ba" });
  });

  it("that leave a required input undefined are an error, and one with a default its default", async () => {
    class Gone extends Pipeline {
      @input() @Transform(({ value }) => (value === "" ? undefined : value)) name!: string;
      @input() @Transform(({ value }) => (value === "" ? undefined : value)) title?: string = "none";
      @node("name", "title") both(name: string, title: string): string {
        return `${name} ${title}`;
      }
    }
    expect(await new Gone().run({ name: "a", title: "" })).to.deep.equal({ both: "a none" });
    expect((await rejection(new Gone().run({ name: "" }))).message).to.equal(
      "Gone: name: class-transformer's decorators make it undefined: it was '' (undefined)",
    );
  });
});

describe("a rule with { each: true } names the elements that break it", () => {
  @ValidatorConstraint({ name: "isShort", async: true })
  class IsShort implements ValidatorConstraintInterface {
    #max = 3;
    async validate(value: unknown): Promise<boolean> {
      await Promise.resolve();
      return String(value).length <= this.#max;
    }
    defaultMessage(): string {
      return `each must have at most ${this.#max} letters`;
    }
  }
  class Words {
    @IsString({ each: true }) words!: unknown[];
  }
  class Lists extends Pipeline {
    @input({ optional: true })
    @IsOptional()
    @IsArray()
    @IsString({ each: true })
    @IsNotEmpty({ each: true })
    texts?: unknown[];
    @input({ optional: true }) @IsOptional() @Validate(IsShort, { each: true }) short?: unknown[];
    @input({ optional: true }) @IsOptional() @IsInt({ each: true }) numbers?: Set<unknown> | Map<string, unknown>;
    @input({ optional: true }) @IsOptional() @ValidateNested({ each: true }) @Type(() => Words) nested?: object[];
    @node("texts", "short", "numbers", "nested") all(...all: unknown[]): number {
      return all.length;
    }
  }
  const lists: [what: string, inputs: InputsOf<Lists>, says: string][] = [
    ["one element", { texts: ["a", 3] }, "texts: each value in texts must be a string: texts[1] is 3 (isString)"],
    ["one behind a hole", { texts: Object.assign([], { 2: "a", 4: 3 }) }, "a string: texts[4] is 3 (isString)"],
    ["two rules", { texts: ["", 3] }, "each value in texts should not be empty: texts[0] is '' (isNotEmpty)"],
    ["all of them", { texts: Array(9).fill(7) }, "texts[3] is 7, texts[4] is 7, and 4 more (isString)"],
    ["an asynchronous rule of a class", { short: ["a", "long", "b"] }, "3 letters: short[1] is 'long' (isShort)"],
    ["a Set", { numbers: new Set([1, "x"]) }, "numbers[1] is 'x' (isInt)"],
    ["a Map", { numbers: new Map([["k", 0.5]]) }, "numbers['k'] is 0.5 (isInt)"],
    ["nested lists", { nested: [{ words: ["a"] }, { words: ["b", 1] }] }, "nested[1].words[1] is 1 (isString)"],
  ];
  for (const [what, inputs, says] of lists) {
    it(what, async () => {
      const error = await rejection<InputError>(new Lists().run(inputs));
      expect(error).to.be.instanceOf(InputError);
      expect(error.message).to.contain(says);
    });
  }

  it("and asks no rule twice", async () => {
    const asked: unknown[] = [];
    class Asking extends Pipeline {
      @input()
      @ValidateBy({ name: "odd", validator: { validate: (value) => asked.push(value) % 2 === 1 } }, { each: true })
      xs!: number[];
      @node("xs") sum(xs: number[]): number {
        return xs.length;
      }
    }
    const error = await rejection<InputError>(new Asking().run({ xs: [5, 6, 7, 8] }));
    expect(error.message).to.contain("xs[1] is 6, xs[3] is 8 (odd)");
    expect(asked).to.deep.equal([5, 6, 7, 8]);
  });
});

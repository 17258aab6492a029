import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import { Exclude, Expose, plainToInstance, Transform, Type } from "class-transformer";
import { IsNotEmpty, ValidateNested } from "class-validator";
import fc from "fast-check";
import { type Each, InputError, input, mapOver, memory, type Nested, node, Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { Made, MakingEach } from "./pipelines.js";

class Tag {
  name!: string;
  get loud(): string {
    return this.name.toUpperCase();
  }
}
class Row {
  id!: number;
  @Type(() => Tag) tags?: Tag[];
  @Type(() => Date) at?: Date;
}
class Sensor {
  value!: number;
}
class Kelvin extends Sensor {}
class Celsius extends Sensor {}

const discriminator = {
  property: "unit",
  subTypes: [
    { value: Kelvin, name: "K" },
    { value: Celsius, name: "C" },
  ],
};

/** A field: its decorators, the type that a loader would emit for it, and makers of values, each of which makes the same anew. */
interface Field {
  readonly decorators: readonly PropertyDecorator[];
  readonly emitted: Function;
  readonly values: fc.Arbitrary<() => unknown>;
}

const plainTag = fc.string().map((name) => () => ({ name }));
const ownTag = fc.string().map((name) => () => Object.assign(new Tag(), { name }));
const anyTag = fc.oneof(plainTag, ownTag);
const row = fc
  .record({
    id: fc.integer(),
    tags: fc.option(fc.array(plainTag, { maxLength: 2 })),
    isOwn: fc.boolean(),
    at: fc.boolean(),
  })
  .map(({ id, tags, isOwn, at }) => () => {
    const value = { id, ...(tags && { tags: tags.map((make) => make()) }), ...(at && { at: "2026-01-02T00:00:00Z" }) };
    return isOwn ? Object.assign(new Row(), value) : value;
  });
const sensor = fc
  .record({ value: fc.integer(), unit: fc.constantFrom("K", "C", "?", undefined) })
  .map(({ value, unit }) => () => ({ value, ...(unit && { unit }) }));
const listOf = (element: fc.Arbitrary<() => unknown>) =>
  fc.array(element, { maxLength: 4 }).map((makers) => () => makers.map((make) => make()));
const recordOf = (element: fc.Arbitrary<() => unknown>) =>
  fc
    .dictionary(fc.constantFrom("a", "b", "c"), element)
    .map((makers) => () => Object.fromEntries(Object.entries(makers).map(([key, make]) => [key, make()])));
const constant = (value: unknown) => fc.constant(() => value);

const FIELDS: Readonly<Record<string, Field>> = {
  "a typed list": { decorators: [Type(() => Row)], emitted: Array, values: listOf(row) },
  "a typed value": { decorators: [Type(() => Row)], emitted: Row, values: fc.oneof(row, constant(null)) },
  "a date": { decorators: [Type(() => Date)], emitted: Date, values: constant("2026-03-04T05:06:07Z") },
  "a number": { decorators: [Type(() => Number)], emitted: Number, values: constant("42") },
  "a list that a filter shortens": {
    decorators: [Transform(({ value }) => value.filter((r: Row) => r.id % 2 === 0)), Type(() => Row)],
    emitted: Array,
    values: listOf(row),
  },
  "a Map that @Transform makes": {
    decorators: [Transform(({ value }) => new Map(Object.entries(value)))],
    emitted: Map,
    values: recordOf(constant(1)),
  },
  "a Date that @Transform makes": {
    decorators: [Transform(({ value }) => new Date(value))],
    emitted: Date,
    values: constant(86_400_000),
  },
  "a sum with a sibling": {
    decorators: [Transform(({ value, obj }) => [value, Object.keys(obj).sort()])],
    emitted: Array,
    values: constant(3),
  },
  "a Set from an array": { decorators: [Type(() => Tag)], emitted: Set, values: listOf(anyTag) },
  "a Map from a plain object": { decorators: [Type(() => Tag)], emitted: Map, values: recordOf(anyTag) },
  "a discriminated list": {
    decorators: [Type(() => Sensor, { discriminator })],
    emitted: Array,
    values: listOf(sensor),
  },
  "a discriminated list that keeps the property": {
    decorators: [Type(() => Sensor, { discriminator, keepDiscriminatorProperty: true })],
    emitted: Array,
    values: listOf(sensor),
  },
  "a discriminated value": {
    decorators: [Type(() => Sensor, { discriminator })],
    emitted: Sensor,
    values: sensor,
  },
  "a field with another name outside": {
    decorators: [Expose({ name: "outside" })],
    emitted: Object,
    values: listOf(row),
  },
  "an excluded field": { decorators: [Exclude()], emitted: Number, values: constant(1) },
  "a field without decorators": { decorators: [], emitted: Object, values: plainTag },
};

/** A class with some of these fields, as inputs of a pipeline or not. */
function decorated(base: abstract new () => object, names: readonly string[], isPipeline: boolean) {
  class Made extends (base as new () => object) {}
  for (const name of names) {
    const { decorators, emitted } = FIELDS[name]!;
    Reflect.defineMetadata("design:type", emitted, Made.prototype, name);
    for (const decorate of [...decorators].reverse()) decorate(Made.prototype, name);
    if (isPipeline) input({ optional: true })(Made.prototype, name as never);
  }
  return Made;
}

function seenBy(names: readonly string[]): new () => Pipeline {
  const Made = decorated(Pipeline, names, true) as unknown as new () => Pipeline;
  Object.defineProperty(Made.prototype, "seen", { value: (...values: unknown[]) => values, configurable: true });
  const descriptor = Object.getOwnPropertyDescriptor(Made.prototype, "seen")!;
  node(...(names as never[]))(Made.prototype as never, "seen" as never, descriptor as never);
  return Made;
}

const frozen = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of value instanceof Map || value instanceof Set ? value.values() : Object.values(value))
    frozen(inner);
  return value;
};

const outside = (name: string) => (name === "a field with another name outside" ? "outside" : name);

describe("what class-transformer makes of inputs", () => {
  it("is what nodes get, as plainToInstance makes it of the whole record, and the caller's values stay as they were", async () => {
    const chosen = fc.uniqueArray(fc.constantFrom(...Object.keys(FIELDS)), { minLength: 1, maxLength: 5 });
    const withValues = chosen.chain((names) =>
      fc.tuple(fc.constant(names), fc.tuple(...names.map((name) => FIELDS[name]!.values)), fc.boolean()),
    );
    await fc.assert(
      fc.asyncProperty(withValues, async ([names, makers, isFrozen]) => {
        const make = () => Object.fromEntries(names.map((name, i) => [outside(name), makers[i]!()]));
        const oracle = plainToInstance(decorated(Object, names, false), make()) as Record<string, unknown>;
        const given = isFrozen ? (frozen(make()) as object) : make();
        const { seen } = (await new (seenBy(names))().run(given as never)) as { seen: unknown[] };
        for (const [i, name] of names.entries()) {
          expect(isDeepStrictEqual(seen[i], oracle[name]), `${name}: ${JSON.stringify(seen[i])}`).to.equal(true);
        }
        expect(isDeepStrictEqual(given, make())).to.equal(true);
      }),
      { numRuns: 400 },
    );
  });

  it("is the same the second time", async () => {
    for (const [name, { values }] of Object.entries(FIELDS)) {
      const Made = seenBy([name]);
      const given = { [outside(name)]: fc.sample(values, { numRuns: 1, seed: 7 })[0]!() };
      const first = await new Made().run(given as never);
      expect(await new Made().run(given as never), name).to.deep.equal(first);
    }
  });

  class Fields extends Pipeline {
    @input() @Type(() => Tag) tags!: Iterable<Tag>;
    @node("tags") seen(tags: Iterable<Tag>): Iterable<Tag> {
      return tags;
    }
  }
  const run = async (tags: unknown) => (await new Fields().run({ tags: tags as Tag[] })).seen as any;

  it("keeps a Set a Set and a Map a Map, with all their keys, where class-transformer does not", async () => {
    const set = await run(new Set([{ name: "a" }]));
    expect(set).to.be.instanceOf(Set);
    expect([...set][0].loud).to.equal("A");
    const map = await run(new Map(["a", "size", "get", "constructor"].map((name) => [name, { name }])));
    expect(map).to.be.instanceOf(Map);
    expect([...map.values()].map((tag: Tag) => tag.loud)).to.deep.equal(["A", "SIZE", "GET", "CONSTRUCTOR"]);
    class Mapped extends Pipeline {
      @input() @Type(() => Tag) tags!: Map<string, Tag>;
      @node("tags") seen(tags: Map<string, Tag>): string[] {
        return [...tags.values()].map((tag) => tag.loud);
      }
    }
    const tags = JSON.parse('{"get":{"name":"get"},"a":{"name":"a"}}');
    expect(await new Mapped().run({ tags })).to.deep.equal({ seen: ["GET", "A"] });
  });

  it("leaves instances, those of subclasses, and typed arrays what they are", async () => {
    class Kind extends Tag {
      #secret = "kept";
      vector = new Float32Array([1, 2]);
      get secret(): string {
        return this.#secret;
      }
    }
    const kind = Object.assign(new Kind(), { name: "a" });
    const [own, made] = await run([kind, { name: "b", vector: new Float32Array([3]) }]);
    expect(own).to.equal(kind);
    expect(own.secret).to.equal("kept");
    expect(made).to.be.instanceOf(Tag);
    expect(made.vector).to.deep.equal(new Float32Array([3]));
    const value = Object.freeze(Object.assign(new Row(), { id: 1 }));
    class Rows extends Pipeline {
      @input() @Type(() => Row) rows!: Row[];
      @node("rows") seen(rows: Row[]): Row[] {
        return rows;
      }
    }
    const rows = [value, Object.assign(new Row(), { id: 2, tags: [{ name: "x" }] })] as Row[];
    const { seen } = await new Rows().run({ rows });
    expect(seen[0]).to.equal(value);
    expect(seen[1]!.tags![0]).to.be.instanceOf(Tag);
    expect(rows[1]!.tags![0]).not.to.be.instanceOf(Tag);
  });

  it("does not touch defaults, which rules for others see", async () => {
    class Defaults extends Pipeline {
      @input() @Transform(({ value }) => value.split(",")) langs?: string[] = ["he"];
      @input() @Transform(({ value, obj }) => `${value} of ${obj.langs}`) text!: string;
      @node("langs", "text") seen(langs: string[], text: string): unknown {
        return [langs, text];
      }
    }
    expect(await new Defaults().run({ text: "a" })).to.deep.equal({ seen: [["he"], "a of he"] });
    expect(await new Defaults().run({ text: "a", langs: "he,en" as any })).to.deep.equal({
      seen: [["he", "en"], "a of he,en"],
    });
  });

  it("may compute an input that was not given from the others", async () => {
    class Computed extends Pipeline {
      @input() first!: string;
      @input() last!: string;
      @input() @Expose() @Transform(({ obj }) => `${obj.first} ${obj.last}`) whole!: string;
      @node("whole") seen(whole: string): string {
        return whole;
      }
    }
    expect(await new Computed().run({ first: "a", last: "b" } as never)).to.deep.equal({ seen: "a b" });
  });

  it("is taken by the field's own name as well as by its exposed one, but not by both", async () => {
    class Exposed extends Pipeline {
      @input() @Expose({ name: "top_k" }) @Type(() => Number) topK!: number;
      @node("topK") seen(topK: number): number {
        return topK;
      }
    }
    const run = (inputs: object) => new Exposed().run(inputs as never);
    expect(await run({ top_k: "3" })).to.deep.equal({ seen: 3 });
    expect(await run({ topK: "3" })).to.deep.equal({ seen: 3 });
    const error = await run({ topK: 1, top_k: 2 }).catch((e: Error) => e);
    expect((error as Error).message).to.contain('unknown input "top_k": it is the input "topK", which is also given');
    const bind = (inputs: object) =>
      new Exposed().bind(inputs as never) as unknown as { run(x: object): Promise<object> };
    expect(await bind({ top_k: "3" }).run({})).to.deep.equal({ seen: 3 });
    expect(await bind({ topK: "3" }).run({})).to.deep.equal({ seen: 3 });
    expect(await bind({ top_k: "3" }).run({ top_k: "4" })).to.deep.equal({ seen: 4 });
    expect(() => bind({ topK: 1, top_k: 2 })).to.throw('"top_k" is the input "topK", which is also given');
    expect(() => bind({ topk: 1 })).to.throw('no input is named "topk". Did you mean "topK"?');
  });

  it("is the same for each element of a map", async () => {
    class EachSensor extends Pipeline {
      @input() @Type(() => Sensor, { discriminator }) sensor!: Sensor;
      @input() scale?: number = 2;
      @node("sensor", "scale") seen(sensor: Sensor, scale: number): string {
        return `${sensor.constructor.name} ${sensor.value * scale}`;
      }
    }
    const sensors = JSON.parse('[{"unit":"K","value":1},{"unit":"C","value":2}]') as Sensor[];
    const expected = [{ seen: "Kelvin 2" }, { seen: "Celsius 4" }];
    expect(await new EachSensor().map({ sensor: sensors }, { over: "sensor" })).to.deep.equal(expected);
    const streamed = [];
    for await (const result of new EachSensor().stream({ sensor: sensors }, { over: "sensor" })) streamed.push(result);
    expect(streamed).to.deep.equal(expected);
    expect(JSON.stringify(sensors)).to.equal('[{"unit":"K","value":1},{"unit":"C","value":2}]');
  });

  describe("is the same in each way of running a pipeline, of an undefined value as well, and never an iterator:", () => {
    const others = { seen: 1, record: 2 };
    type Options = Parameters<Made["run"]>[1];
    const ways: Record<string, (label: unknown, options: Options) => Promise<unknown>> = {
      run: async (label, options) => (await new Made().run({ ...others, label } as never, options)).all,
      "map, over the value": async (label, options) =>
        (await new Made().map({ ...others, label: [label] } as never, { ...options, over: "label" }))[0]!.all,
      "map, over another": async (label, options) =>
        (await new Made().map({ ...others, label, record: [2] } as never, { ...options, over: "record" }))[0]!.all,
      "map, over all": async (label, options) => {
        const over = ["label", "seen", "record"] as const;
        return (await new Made().map({ label: [label], seen: [1], record: [2] } as never, { ...options, over }))[0]!
          .all;
      },
      stream: async (label, options) => {
        const results = new Made().stream({ ...others, label: [label] } as never, { ...options, over: "label" });
        const all: unknown[] = [];
        for await (const result of results) all.push(result.all);
        return all[0];
      },
      "a mapped nested pipeline": async (label, options) =>
        (await new MakingEach().run({ ...others, labels: [label] } as never, options as object)).all[0],
    };
    for (const [way, run] of Object.entries(ways)) {
      for (const maps of ["async", "parallel"] as const) {
        it(`${way}, ${maps}`, async () => {
          for (const label of ["a", undefined]) {
            const expected = [`made of ${label}`, [1, label], [2, 2]];
            expect(await run(label, { execution: { maps } })).to.deep.equal(expected);
          }
        });
      }
    }
  });

  it("is not found in the cache for a default that is the same value", async () => {
    class Langs extends Pipeline {
      @input() @Transform(({ value }) => value.map((lang: string) => `${lang}!`)) langs?: string[] = ["he"];
      @input() @Transform(({ value }) => value) word!: string;
      @node("langs", "word") seen(langs: string[], word: string): string[] {
        return [...langs, word];
      }
    }
    class Nesting extends Pipeline {
      @input() words!: string[];
      @mapOver("words", Langs, { word: "words" }, "seen") own!: Nested<string[][]>;
      @mapOver("words", new Langs().bind({ langs: ["he"] }), { word: "words" }, "seen") bound!: Nested<string[][]>;
    }
    const cache = memory();
    const stream = async (inputs: object) => {
      const results = [];
      const options = { over: "word", cache } as const;
      for await (const { seen } of new Langs().stream({ word: ["a"], ...inputs }, options)) results.push(seen);
      return results;
    };
    expect(await stream({})).to.deep.equal([["he", "a"]]);
    expect(await stream({ langs: ["he"] })).to.deep.equal([["he!", "a"]]);
    const nested = { own: [["he", "b"]], bound: [["he!", "b"]] };
    expect(await new Nesting().run({ words: ["b"] }, { cache })).to.deep.equal(nested);
    expect(await new Nesting().run({ words: ["b"] }, { cache })).to.deep.equal(nested);
  });

  it("costs nothing where no decorator stands: the value itself is handed on", async () => {
    class Beside extends Pipeline {
      @input() @Type(() => Tag) tag!: Tag;
      @input() list!: object[];
      @mapOver("list") same(value: object): Each<boolean> {
        return value === given[0];
      }
    }
    const given = [{ deep: new Float32Array(2) }];
    expect(await new Beside().run({ tag: { name: "a" } as Tag, list: given })).to.deep.equal({ same: [true] });
  });

  describe("of instances that refer to themselves", () => {
    class Leaf {
      @IsNotEmpty() name!: string;
      parent?: object;
    }
    class Trimmed extends Leaf {
      @Transform(({ value }) => String(value).trim()) declare name: string;
    }
    class Tree {
      @ValidateNested({ each: true }) @Type(() => Leaf) leaves: Leaf[] = [];
      self?: Tree;
    }
    class Walk extends Pipeline {
      @input() @ValidateNested() @Type(() => Tree) tree!: Tree;
      @node("tree") same(tree: Tree): Tree {
        return tree;
      }
    }
    const treeOf = (type: new () => Leaf, ...names: string[]): Tree => {
      const tree = new Tree();
      tree.leaves = names.map((name) => Object.assign(new type(), { name, parent: tree }));
      return tree;
    };

    it("is each that very instance, if nothing changes it", async () => {
      for (const tree of [treeOf(Leaf, "a", "b"), treeOf(Trimmed, "a"), Object.assign(treeOf(Leaf), {})]) {
        tree.self = tree;
        for (let times = 0; times < 2; times++) expect((await new Walk().run({ tree })).same).to.equal(tree);
        const [same] = await new Walk().map({ tree: [tree] }, { over: "tree" });
        expect(same!.same).to.equal(tree);
      }
    });

    it("is validated, and refused if its decorators change a part that refers back", async () => {
      const invalid = await rejection<InputError>(new Walk().run({ tree: treeOf(Leaf, "a", "") }));
      expect(invalid.violations.map(({ path }) => path)).to.deep.equal(["tree.leaves[1].name"]);
      const changed = await rejection<InputError>(new Walk().run({ tree: treeOf(Trimmed, " a ") }));
      expect(changed).to.be.instanceOf(InputError);
      expect(changed.message).to.contain("an instance of Tree refers to itself, and its decorators change it");
    });

    it("is refused as plain data", async () => {
      const tree: Record<string, unknown> = { leaves: [] };
      tree.self = tree;
      const error = await rejection<InputError>(new Walk().run({ tree: tree as never }));
      expect(error.violations.map(({ path, constraint }) => `${path} ${constraint}`)).to.deep.equal(["tree depth"]);
    });
  });
});

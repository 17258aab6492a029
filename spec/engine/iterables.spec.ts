import { expect } from "chai";
import fc from "fast-check";
import {
  type Each,
  type HypernodesError,
  InputError,
  input,
  mapOver,
  type Nested,
  NodeError,
  node,
  Pipeline,
} from "../../src/index.js";
import { newSqlite } from "../support/caches.js";
import { rejection } from "../support/rejection.js";
import { warningsOf } from "../support/warnings.js";
import {
  Broken,
  Changing,
  Flaky,
  Holes,
  Inner,
  ITERABLES,
  made,
  Paired,
  Readers,
  Readings,
  RecordsMapped,
  Sized,
  SizedInside,
  Spread,
  unevenlyWired,
  WithChild,
} from "./pipelines/iterables.js";

type Options = Parameters<Readers["run"]>[1];

/** The ways in which a pipeline is executed, all of which give the same. */
const MODES: Readonly<Record<string, () => Options>> = {
  sequential: () => ({ execution: { nodes: "sequential", maps: "sequential" } }),
  async: () => ({}),
  "maps in threads": () => ({ execution: { maps: "parallel", maxWorkers: 2 } }),
  "maps overlapping in threads": () => ({ execution: { maps: "threaded", maxWorkers: 2 } }),
  "nodes in threads": () => ({ execution: { nodes: "parallel", maxWorkers: 2 } }),
  "with a cache": () => ({ cache: newSqlite() }),
  "with a cache, in threads": () => ({ cache: newSqlite(), execution: { maps: "parallel", nodes: "parallel" } }),
  "with a listener": () => ({ onEvent: () => {} }),
};

/** What all readers of `Readers` give, by plain arrays. */
function expected(xs: readonly number[]) {
  const pairs = xs.flatMap((a) => xs.map((b) => a * 100 + b));
  return {
    doubled: xs.map((x) => x * 2),
    squared: xs.map((x) => x * x),
    paired: pairs,
    selfZipped: xs.map((x) => x * 101),
    total: xs.reduce((sum, x) => sum + x, 0),
    again: xs.length,
    fromPath: xs.map((x) => x + 1),
    fromPathAgain: xs.map((x) => x - 1),
    pathTotal: xs.reduce((sum, x) => sum + x, 0),
    recordTotal: xs.reduce((sum, x) => sum + x, 0),
    nested: [1, 2].map((by) => xs.map((x) => x * by)),
    batched: xs.map((x) => -x),
  };
}

const READERS = Object.keys(expected([])) as (keyof ReturnType<typeof expected>)[];

describe("an iterable that is no array", () => {
  for (const [mode, options] of Object.entries(MODES)) {
    it(`gives the same to all its readers, ${mode}, whatever made it`, async () => {
      for (const kind of ITERABLES) {
        const seen = await new Readings().run(
          { kind, xs: [3, 1, 2] } as never,
          { ...options(), outputs: READERS } as never,
        );
        expect(seen, kind).to.deep.equal(expected([3, 1, 2]));
      }
    });

    it(`gives the same to all its readers, ${mode}, where it is an input`, async () => {
      for (const kind of ITERABLES) {
        const split = { train: made(kind, [3, 1, 2]) };
        const seen = await new Readers().run({ list: made(kind, [3, 1, 2]), split }, {
          ...options(),
          outputs: READERS,
        } as never);
        expect(seen, kind).to.deep.equal(expected([3, 1, 2]));
      }
    });
  }

  for (const [mode, options] of Object.entries(MODES)) {
    it(`is an array for maps of every form where it is an element, and is cached, ${mode}`, async () => {
      for (const kind of ITERABLES) {
        // Classes of one's own are values, and read by who takes them; two of their iterators have one source.
        if (kind === "same" || kind === "fresh" || kind === "wrapper") continue;
        const lists = [made(kind, [3, 1]), made(kind, [2])];
        let seen: unknown;
        const warnings = await warningsOf(async () => {
          seen = await new Inner().run({ lists, by: [7, 8] }, {
            ...options(),
            outputs: ["each", "zipped", "pairs", "later", "batched"],
          } as never);
        });
        expect(warnings, kind).to.deep.equal([]);
        const plain = [[3, 1], [2]];
        expect(seen, kind).to.deep.equal({
          each: plain,
          zipped: [
            [3, 1, 7],
            [2, 8],
          ],
          pairs: plain.flatMap((a) => plain.map((b) => [...a, ...b])),
          later: plain,
          batched: plain,
        });
      }
    });
  }

  for (const [mode, options] of Object.entries(MODES)) {
    it(`keeps its properties for paths, although maps go over it, whichever nodes are chosen (table), ${mode}`, async () => {
      const sized = { each: [4, 2], size: 2, shares: [1.5, 0.5], batched: [1.5, 0.5] };
      const sets = { shares: [[1.5, 0.5], [5]], sizes: [2, 1] };
      const inside = { each: [4, 2], size: 2, child: sized, ...sets };
      const tried = [
        [new Sized() as Pipeline, { items: new Set([3, 1]) }, sized],
        [new SizedInside() as Pipeline, { all: [[3, 1], [5]] }, inside],
      ] as const;
      for (const [pipeline, inputs, all] of tried) {
        const names = Object.keys(all) as (keyof typeof all)[];
        for (const outputs of [...names.map((name) => [name]), names]) {
          const expected = Object.fromEntries(outputs.map((name) => [name, all[name]]));
          const seen = await pipeline.run(inputs as never, { ...(options() as object), outputs } as never);
          expect(seen, `${outputs}`).to.deep.equal(expected);
        }
      }
    });
  }

  for (const [mode, options] of Object.entries(MODES)) {
    it(`is an array at the end of a path into an element of a mapped nested pipeline, ${mode}`, async () => {
      const child = [
        { whole: [1, 2], each: [10, 20] },
        { whole: [3], each: [30] },
      ];
      for (const kind of ITERABLES.filter((kind) => kind !== "set" && kind !== "fresh")) {
        const records = [{ list: made(kind, [1, 2]) }, { list: made(kind, [3]) }];
        const expected = { child, deeper: child.map((each) => ({ child: each })) };
        expect(await new RecordsMapped().run({ records }, options() as object), kind).to.deep.equal(expected);
      }
    });
  }

  it("gives the same in any mode, for any elements and any choice of readers (property)", async () => {
    const kinds = fc.constantFrom(...ITERABLES);
    const readers = fc.uniqueArray(fc.constantFrom(...READERS), { minLength: 1 });
    const modes = fc.constantFrom(...Object.values(MODES));
    const elements = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 6 });
    const property = fc.asyncProperty(kinds, readers, modes, elements, async (kind, outputs, options, xs) => {
      const seen = await new Readings().run({ kind, xs } as never, { ...options(), outputs } as never);
      const all = expected(xs) as Record<string, unknown>;
      expect(seen).to.deep.equal(Object.fromEntries(outputs.map((name) => [name, all[name]])));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("is read once by two runs of a pipeline that it is bound on", async () => {
    for (const kind of ITERABLES) {
      if (kind === "wrapper") continue;
      const bound = new Readers().bind({ list: made(kind, [3, 1, 2]), split: { train: made(kind, [3, 1, 2]) } });
      expect(await bound.run({}, { outputs: READERS } as never), kind).to.deep.equal(expected([3, 1, 2]));
      expect(await bound.run({}, { outputs: READERS } as never), kind).to.deep.equal(expected([3, 1, 2]));
    }
  });

  it("is a list where it is given in a node's place", async () => {
    for (const kind of ITERABLES) {
      const given = { list: made(kind, [3, 1, 2]), split: { train: made(kind, [3, 1, 2]) } };
      const seen = await new Readings().run({} as never, { given, outputs: READERS } as never);
      expect(seen, kind).to.deep.equal(expected([3, 1, 2]));
    }
  });

  it("is mapped over with the whole pipeline, as a list and as an element", async () => {
    for (const maps of ["async", "parallel"] as const) {
      for (const kind of ITERABLES) {
        const lists = [
          [3, 1, 2],
          [5, 4],
        ];
        const of = made(kind, lists.map((xs) => (kind === "map" ? xs : made(kind, xs))) as never) as Iterable<unknown>;
        const split = { train: [] };
        const seen = await new Readers().map({ list: of as never, split }, { over: "list", execution: { maps } });
        const wanted = lists.map((xs) => expected(xs));
        expect(
          seen.map(({ doubled, squared, total, again }) => ({ doubled, squared, total, again })),
          `${kind} ${maps}`,
        ).to.deep.equal(wanted.map(({ doubled, squared, total, again }) => ({ doubled, squared, total, again })));
      }
    }
  });

  it("is mapped over where the elements of a whole pipeline's list are lists of iterators", async () => {
    for (const maps of ["async", "parallel", "threaded"] as const) {
      const list = [[made("generator", [1, 2])], [made("generator", [3])]];
      const seen = await new Spread().map({ lists: list as never }, { over: "lists", execution: { maps } });
      expect(seen, maps).to.deep.equal([{ sizes: [2] }, { sizes: [1] }]);
    }
  });

  it("ends a stream with an error where its iterator gives what is no result, as for await does", async () => {
    for (const wrong of [5, undefined, "done", null]) {
      const next = () => wrong as never;
      for (const list of [
        { [Symbol.asyncIterator]: () => ({ next }) },
        { [Symbol.iterator]: () => ({ next }) },
        { [Symbol.asyncIterator]: () => ({ next: async () => wrong as never }) },
      ]) {
        const taking = async () => {
          for await (const _ of new Spread().stream({ lists: list as never }, { over: "lists" })) return;
        };
        expect((await rejection(taking())).message).to.contain("is not an object");
      }
    }
  });

  it("is streamed, as a list and as an element", async () => {
    for (const maps of ["async", "threaded"] as const) {
      for (const kind of ITERABLES) {
        const of = made(kind, [made("generator", [3, 1]), made("generator", [2])] as never);
        const seen: unknown[] = [];
        const options = { over: "list", outputs: ["total", "doubled"], execution: { maps } } as const;
        for await (const one of new Readers().stream({ list: of as never, split: { train: [] } }, options)) {
          seen.push(one);
        }
        expect(seen, kind).to.have.deep.members([
          { total: 4, doubled: [6, 2] },
          { total: 2, doubled: [4] },
        ]);
      }
    }
  });

  it("is read once by a nested pipeline for each element", async () => {
    for (const kind of ITERABLES) {
      for (const maps of ["async", "parallel"] as const) {
        const seen = await new WithChild().run({ kind }, { execution: { maps } });
        expect(seen.bySharing, `${kind} ${maps}`).to.deep.equal([
          [1, 2],
          [2, 4],
        ]);
      }
    }
  });

  it("is retried with its method, and its errors are collected", async () => {
    for (const maps of ["async", "parallel"] as const) {
      const { often, never: failed, ...rest } = await new Flaky().run({ xs: [1, 2] }, { execution: { maps } });
      expect(often).to.deep.equal([1, 2]);
      expect(failed).to.be.instanceOf(NodeError);
      expect(rest).to.deep.equal({ each: [[1], [2]] });
    }
  });

  describe("that throws while it is read", () => {
    for (const [mode, options] of Object.entries(MODES)) {
      it(`is an error of its node, with the cause, ${mode}`, async () => {
        const error = await rejection<NodeError>(new Broken().run({ xs: [1] }, options() as never));
        expect(error).to.be.instanceOf(NodeError);
        expect(error.where).to.equal("Broken.list");
        expect(error.message).to.contain("failed with RangeError: no more");
        expect((error.cause as Error).message).to.equal("no more");
      });
    }

    it("is an error of the input, with the cause, in every run", async () => {
      const xs = (function* (): Generator<number> {
        yield 1;
        throw new RangeError("no more");
      })();
      for (const _ of [1, 2]) {
        const error = await rejection<InputError>(new Readers().run({ list: xs, split: { train: [] } }));
        expect(error).to.be.instanceOf(InputError);
        expect([error.code, error.where]).to.deep.equal(["UNREADABLE_LIST", "Readers"]);
        expect(error.message).to.contain('"list" is an iterable, and reading that failed with RangeError: no more');
        expect((error.cause as Error).message).to.equal("no more");
      }
    });

    it("names the element, where that is what throws, in every run", async () => {
      const xss = () => [
        [1],
        (function* (): Generator<number> {
          yield 1;
          throw new RangeError("no more");
        })(),
      ];
      class Sums extends Pipeline {
        @input() xss!: Iterable<number>[];
        @mapOver("xss") sum(xs: Iterable<number>): Each<number> {
          return [...xs].length;
        }
      }
      const runs = [
        () => new Sums().run({ xss: xss() }),
        () => new Sums().map({ xss: [xss()] }, { over: "xss" }),
        () => new Sums().stream({ xss: [xss()] }, { over: "xss" }).next(),
      ];
      const error = await rejection<InputError>(runs[0]!());
      expect(error.code).to.equal("UNREADABLE_LIST");
      expect(error.message).to.contain(
        '"xss" is an iterable, whose element 1 is an iterable, and reading that failed with RangeError: no more',
      );
      expect(error.violations.map((violation) => violation.path)).to.deep.equal(["xss[1]"]);
      expect((error.cause as Error).message).to.equal("no more");
      for (const run of runs.slice(1)) {
        const inner = await rejection(run());
        expect(inner.message).to.match(/element 1\b/);
        expect(inner.message).to.contain("no more");
      }
    });

    it("says of an iterator method that it gives no iterator, whatever it gives", async () => {
      for (const given of [5, undefined, null, "abc", Symbol("s")]) {
        const list = { [Symbol.iterator]: () => given } as never;
        const error = await rejection<InputError>(new Readers().run({ list, split: { train: [] } }));
        expect(error.code).to.equal("UNREADABLE_LIST");
        expect(error.message).to.match(
          /"list".*TypeError: its \[Symbol\.iterator\]\(\) returned .*, which is not an iterator/,
        );
      }
      class Gives extends Pipeline {
        @node() list(): number[] {
          return { [Symbol.iterator]: () => 5 } as never;
        }
        @mapOver("list") one(x: number): Each<number> {
          return x;
        }
      }
      const error = await rejection<NodeError>(new Gives().run());
      expect([error.where, error.code]).to.deep.equal(["Gives.list", "NODE_FAILED"]);
      expect(error.message).to.contain("returned 5, which is not an iterator");
    });

    it("is an error of the map and its list, where it is a class of one's own", async () => {
      class Torn {
        *[Symbol.iterator](): Generator<number> {
          yield 1;
          throw new RangeError("no more");
        }
      }
      const list = new Torn() as Iterable<number>;
      const error = await rejection<HypernodesError>(new Readers().run({ list, split: { train: [] } }));
      expect(error.code).to.equal("UNREADABLE_LIST");
      expect(error.where).to.match(/^Readers\.\w+$/);
      expect(error.message).to.contain('it maps over "list", and reading that failed with RangeError: no more');
    });
  });
});

describe("a list", () => {
  it("is as it was when a map began, though a node changes it meanwhile", async () => {
    for (const options of [{}, { execution: { maps: "sequential" } }] as const) {
      for (const change of ["push", "shift", "clear", "fill"] as const) {
        const { seen } = await new Changing().run({ xs: [1, 2, 3, 4], change }, options);
        expect(seen, change).to.deep.equal([1, 2, 3, 4]);
      }
    }
  });

  it("may have holes, which are undefined elements, in every mode", async () => {
    // biome-ignore lint/suspicious/noSparseArray: that is what it is about.
    const xs = [1, , 3, ,] as (number | undefined)[];
    for (const [mode, options] of Object.entries(MODES)) {
      const { kinds } = await new Holes().run({ xs }, options() as never);
      expect(kinds, mode).to.deep.equal(["number", "undefined", "number", "undefined"]);
    }
  });

  it("is no text, nothing that only looks like an array, and nothing that comes over time", async () => {
    const later = (async function* () {})();
    const texts = ["abc", new String("abc")];
    for (const list of [
      ...texts,
      { length: 2, 0: 1, 1: 2 },
      new ArrayBuffer(8),
      new DataView(new ArrayBuffer(8)),
      later,
    ]) {
      const error = await rejection<InputError>(new Readers().run({ list: list as never, split: { train: [] } }));
      expect(error.code).to.equal("NOT_A_LIST");
    }
  });
});

describe("a list that is paired with itself", () => {
  const zip = ["x-x", "y-y"];
  const product = ["x-x", "x-y", "y-x", "y-y"];
  for (const [mode, options] of Object.entries(MODES)) {
    it(`gives both parameters an element, ${mode}`, async () => {
      for (const _ of [1, 2]) {
        expect(
          await new Paired().run({ words: ["x", "y"], deep: { words: ["x", "y"] } }, options() as never),
        ).to.deep.equal({
          copied: ["x", "y"],
          zipped: zip,
          multiplied: product,
          zippedPath: zip,
          multipliedPath: product,
          zippedMap: zip,
          multipliedMap: product,
          zippedChild: zip,
          multipliedChild: product,
          numbers: [0, 1],
          thrice: ["x-x-0", "y-y-1"],
        });
      }
    });
  }

  it("is in a pipeline that is mapped over, too", async () => {
    for (const maps of ["async", "parallel"] as const) {
      const inputs = { words: [["x", "y"], ["z"]], deep: { words: ["x", "y"] } };
      const seen = await new Paired().map(inputs, {
        over: "words",
        outputs: ["multiplied", "multipliedChild"],
        execution: { maps },
      });
      expect(seen).to.deep.equal([
        { multiplied: product, multipliedChild: product },
        { multiplied: ["z-z"], multipliedChild: ["z-z"] },
      ]);
    }
  });

  it("needs as many inputs of a nested pipeline as it is named times", async () => {
    const error = (() => {
      try {
        unevenlyWired();
      } catch (thrown) {
        return thrown as Error;
      }
      return undefined;
    })();
    expect(error?.message).to.equal(
      'Uneven.pairs: it maps over "words" 2 times, but 1 of the nested pipeline\'s inputs is wired to it. Wire as many inputs to it: the first one receives the element of its first mention.',
    );
  });

  it("gives its element to each input that is wired to it, where it is mentioned once", async () => {
    class Pair extends Pipeline {
      @input() a!: number;
      @input() b!: number;
      @node("a", "b") both(a: number, b: number): string {
        return `${a} and ${b}`;
      }
    }
    class Pairs extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs", Pair, { a: "xs", b: "xs" }, "both") pairs!: Nested<string[]>;
    }
    for (const maps of ["sequential", "async"] as const) {
      const { pairs } = await new Pairs().run({ xs: [1, 2] }, { execution: { maps } });
      expect(pairs).to.deep.equal(["1 and 1", "2 and 2"]);
    }
  });

  it("is none where a whole pipeline is mapped over: one input can't get two elements", async () => {
    const over = ["list", "list"] as const;
    const error = await rejection(new Readers().map({ list: [[1]], split: { train: [] } }, { over }));
    expect(error.message).to.equal(
      'Readers: the option over is ["list","list"]. It takes each input once: "list" is named twice.',
    );
  });
});

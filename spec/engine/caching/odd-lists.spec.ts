import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { input, memory, node, Pipeline } from "../../../src/index.js";
import { Bytes, Doubles, Head, Heir, Mapped } from "../../support/odd-lists.js";
import { warningsOf } from "../../support/warnings.js";

class Lists extends Pipeline {
  @input() list!: unknown[];
  @node("list") taken(list: unknown[]): number {
    return list.length;
  }
  @node("list") made(list: unknown[]): unknown[] {
    return longWith(list.length);
  }
  @node("made") kept(made: unknown[]): number {
    return made.length + 1;
  }
}

function longWith(length: number): unknown[] {
  const list: unknown[] = [];
  list.length = length;
  list[length - 1] = 1;
  return list;
}

const LISTS: Readonly<Record<string, () => unknown[]>> = {
  "the longest list, of one element": () => longWith(2 ** 32 - 1),
  "a long list of one element": () => longWith(1e8),
  "a list without a prototype": () => Object.setPrototypeOf([1, 2], null) as unknown[],
};

describe("a run with a cache, or with checks, takes lists as one without, and as soon", () => {
  for (const [what, make] of Object.entries(LISTS)) {
    for (const check of [false, true]) {
      it(`${what}${check ? ", with checks" : ""}`, async () => {
        const cache = memory();
        for (const computed of [["taken", "made", "kept"], []]) {
          const names: string[] = [];
          const onEvent = { onNodeStart: ({ name }: { name: string }) => void names.push(name) };
          const list = make();
          const results = await new Lists().run({ list }, { cache, onEvent, execution: { check } });
          expect([results.taken, results.kept]).to.deep.equal([list.length, list.length + 1]);
          expect(names).to.have.members(computed);
        }
      });
    }
  }

  it("checks find a change in a long list of one element", async () => {
    class Changes extends Lists {
      @node("list") changes(list: unknown[]): number {
        list[1e8 - 1] = 2;
        return 0;
      }
    }
    const failure = await new Changes().run({ list: longWith(1e8) }, { execution: { check: true } }).catch(String);
    expect(failure).to.contain("at [99999999]");
  });
});

const iterated = (): number[] =>
  Object.defineProperty([1, 2], Symbol.iterator, {
    value: function* () {
      yield 9;
    },
  });

describe("a map over a list of a class of one's own", () => {
  const rows: Readonly<
    Record<string, readonly [make: () => Iterable<number>, each: readonly number[], staysHere?: true]>
  > = {
    "an array that iterates in its own way": [() => Doubles.of(1, 2), [2, 4]],
    "bytes that iterate in their own way": [() => Bytes.of(1, 2), [7]],
    "an array with an iterator of its own": [iterated, [9], true],
    "bytes with a length of their own": [() => Head.of(5, 6, 7), [5, 6, 7]],
    "an array of a class": [() => Heir.of(1, 2), [1, 2]],
    "an array of another realm": [() => runInNewContext("[1, 2]") as number[], [1, 2], true],
  };
  for (const [what, [make, each, staysHere]] of Object.entries(rows)) {
    // A thread can't have each of them.
    for (const maps of ["sequential", "async", ...(staysHere ? [] : ["parallel" as const])] as const) {
      it(`has the same elements with a cache and without: ${what}, ${maps}`, async () => {
        const cache = memory();
        await warningsOf(async () => {
          for (const store of [false, cache, cache] as const) {
            const found = await new Mapped().run({ xs: make() }, { cache: store, execution: { maps } });
            expect(found.each).to.deep.equal(each);
            expect(found.pairs).to.deep.equal(each.flatMap((x) => each.map((y) => [x, y])));
            expect(found.ofMade).to.deep.equal(each);
          }
        });
      });
    }
  }
});

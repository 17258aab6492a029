import { expect } from "chai";
import { type Each, input, mapOver, memory, model, node, Pipeline } from "../../../src/index.js";
import { warningsOf } from "../../support/warnings.js";

/** Gives its elements each time that it is asked. */
@model({ name: "selected-lists/Shelf" })
class Shelf {
  books = ["a", "b"];
  *[Symbol.iterator](): Iterator<string> {
    yield* this.books;
  }
}

/** Gives its elements once. */
@model({ name: "selected-lists/Once" })
class Once {
  left = 2;
  [Symbol.iterator](): this {
    return this;
  }
  next(): IteratorResult<number> {
    return this.left === 0 ? { done: true, value: undefined } : { done: false, value: this.left-- };
  }
}

/** Values that a map goes over, and that are no arrays, or lists of such. */
const GIVEN: Readonly<Record<string, () => unknown>> = {
  "a Set": () => new Set([1, 2]),
  "a Map": () => new Map([["k", 1]]),
  "an instance that can be gone through": () => new Shelf(),
  "an instance that can be gone through once": () => new Once(),
  "a list of Sets": () => [new Set([1]), new Set([2])],
  "a list of iterators": () => [[1, 2].values(), [3].values()],
  "an iterator": () => [1, 2].values(),
  "a typed array": () => new Uint8Array([1, 2]),
  "a list": () => [1, 2],
};

type Selection = readonly ("given" | "each" | "whole")[];
const SELECTIONS: readonly Selection[] = [["each"], ["given"], ["whole"], ["each", "whole"], ["given", "each"]];

describe("a result is the same in a cache, whatever of it a run has asked for", () => {
  for (const [what, make] of Object.entries(GIVEN)) {
    it(what, async () => {
      class Lists extends Pipeline {
        @input() x!: number;
        @node("x") given(_x: number): Iterable<unknown> {
          return make() as Iterable<unknown>;
        }
        @mapOver("given") each(one: unknown): Each<string> {
          return JSON.stringify(one) as Each<string>;
        }
        @node("given") whole(given: object): string {
          return `${given.constructor.name} ${JSON.stringify([...(given as Iterable<unknown>)])}`;
        }
      }
      for (const first of SELECTIONS) {
        const cache = memory();
        await new Lists().run({ x: 1 }, { cache, outputs: first });
        for (const outputs of SELECTIONS) {
          const expected = await new Lists().run({ x: 1 }, { outputs });
          expect(await new Lists().run({ x: 1 }, { cache, outputs }), `${first}, ${outputs}`).to.deep.equal(expected);
        }
      }
    });
  }

  it("an instance of a class that is not known is a list for maps, whose elements are cached, and itself where it is taken whole", async () => {
    class Corpus {
      readonly handle = () => 1;
      *[Symbol.iterator](): Iterator<string> {
        yield* ["a", "b"];
      }
    }
    let calls = 0;
    class Reads extends Pipeline {
      @input() x!: number;
      @node("x") corpus(_x: number): Corpus {
        return new Corpus();
      }
      @mapOver("corpus") each(text: string): Each<string> {
        calls++;
        return text as Each<string>;
      }
    }
    const cache = memory();
    const warnings = await warningsOf(async () => {
      for (const outputs of [["each"], ["each"], ["corpus"], ["each", "corpus"]] as const) {
        const { each, corpus } = (await new Reads().run({ x: 1 }, { cache, outputs })) as Record<string, unknown>;
        if (each !== undefined) expect(each).to.deep.equal(["a", "b"]);
        if (corpus !== undefined) expect(corpus).to.be.instanceOf(Corpus);
      }
    });
    expect(calls).to.equal(2);
    expect(await new Reads().explain({ x: 1 }, { cache, outputs: ["each"] })).to.have.lengthOf(2);
    expect(warnings.join("\n")).to.match(/Reads\.corpus is not cached: value\.handle/);
  });
});

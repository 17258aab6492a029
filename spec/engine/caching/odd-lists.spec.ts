import { expect } from "chai";
import { input, memory, node, Pipeline } from "../../../src/index.js";

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

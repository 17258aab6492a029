import { expect } from "chai";
import {
  type Each,
  input,
  keyv,
  mapOver,
  type Nested,
  nested,
  node,
  type Output,
  output,
  Pipeline,
} from "../../../src/index.js";
import { warningsOf } from "../../support/warnings.js";

/** The readers that were called. */
const read: string[] = [];

function note(value: unknown): string {
  read.push(JSON.stringify(value));
  return read.at(-1)!;
}

class Twice extends Pipeline {
  @input() x!: number;
  @node("x") made(x: number): { list: number[] } {
    return { list: [x, 2] };
  }
  @output("made") first(made: { list: number[] }): Output<{ list: number[] }> {
    return made;
  }
  @output("made") second(made: { list: number[] }): Output<{ list: number[] }> {
    return made;
  }
}

const SHARED = { text: "one object" };

class Elements extends Pipeline {
  @input() x!: number;
  @node("x") xs(x: number): number[] {
    return [x, x + 1];
  }
  @mapOver("xs") same(_x: number): Each<{ text: string }> {
    return SHARED as Each<{ text: string }>;
  }
  @output("same") all(same: { text: string }[]): Output<{ text: string }[]> {
    return same;
  }
}

class Record extends Pipeline {
  @input() x!: number;
  @nested(Twice, { x: "x" }) made!: Nested<object>;
  @output("made") reader(made: object): Output<string> {
    return note(made);
  }
}

class AlsoOutput extends Pipeline {
  @input() x!: number;
  @nested(Twice, { x: "x" }) made!: Nested<object>;
  @node("made") reader(made: object): string {
    return note(made);
  }
}

class PickedList extends Pipeline {
  @input() x!: number;
  @nested(Elements, { x: "x" }, "same") made!: Nested<{ text: string }[]>;
  @output("made") reader(made: { text: string }[]): Output<string> {
    return note(made);
  }
}

class PickedValue extends Pipeline {
  @input() x!: number;
  @nested(Elements, { x: "x" }, "all") made!: Nested<{ text: string }[]>;
  @output("made") reader(made: { text: string }[]): Output<string> {
    return note(made);
  }
}

class MapOfRecords extends Pipeline {
  @input() x!: number;
  @node("x") xs(x: number): number[] {
    return [x, x + 1];
  }
  @mapOver("xs", Twice, { x: "xs" }) made!: Nested<object[]>;
  @mapOver("made") each(made: object): Each<string> {
    return note(made) as Each<string>;
  }
  @output("made", "each") reader(made: object[], each: string[]): Output<string> {
    return note([made, each]);
  }
}

describe("an object that is in two results, which come from the store as copies,", () => {
  for (const type of [Record, AlsoOutput, PickedList, PickedValue, MapOfRecords]) {
    it(`is not taken for a changed one: ${type.name}`, async () => {
      const held = new Map<string, unknown>();
      const cache = keyv({
        get: async (key) => held.get(key),
        set: async (key, value) => held.set(key, value),
        delete: async (key) => held.delete(key),
      });
      const pipeline = new (type as typeof Record)();
      const run = async () => {
        read.length = 0;
        return JSON.stringify(await pipeline.run({ x: 1 }, { cache }));
      };
      const expected = JSON.stringify(await pipeline.run({ x: 1 }, { cache: false }));
      const warnings = await warningsOf(async () => {
        expect(await run()).to.equal(expected);
        expect(await run()).to.equal(expected);
        expect(read).to.deep.equal([]);
        const readers = [...held].filter(([, head]) => ["reader", "each"].includes((head as { node: string }).node));
        for (const [key] of readers) held.delete(key);
        expect(await run()).to.equal(expected);
        expect(read).to.not.deep.equal([]);
        expect(await run()).to.equal(expected);
        expect(read).to.deep.equal([]);
      });
      expect(warnings).to.deep.equal([]);
    });
  }
});

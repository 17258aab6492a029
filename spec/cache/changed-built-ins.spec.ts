import { setFlagsFromString } from "node:v8";
import { expect } from "chai";
import { input, memory, node, Pipeline } from "../../src/index.js";

class Built extends Pipeline {
  @input() x!: number;
  @node("x") shown(x: number): string {
    return JSON.stringify([Math.max(x, 2), [x].at(0), "a".trim(), new Map([[x, x]]).size, Number.MAX_SAFE_INTEGER > x]);
  }
}

function withProperty(object: object, name: PropertyKey, property: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { ...property, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}

/** Changes of the language, each with a function that undoes it. */
const CHANGES: Readonly<Record<string, () => () => void>> = {
  "a function is another one": () => withProperty(Math, "max", { value: () => 7, writable: true }),
  "a function is behind a getter": () => withProperty(Math, "max", { get: () => () => 8 }),
  "a method of arrays is another one": () => withProperty(Array.prototype, "at", { value: () => 9, writable: true }),
  "a method of texts is another one": () => withProperty(String.prototype, "trim", { value: () => "b" }),
  "a getter is another one": () => withProperty(Map.prototype, "size", { get: () => 10 }),
  "a method is added": () => withProperty(Array.prototype, "toJSON", { value: () => 11, writable: true }),
  "the prototype of a prototype has another method": () =>
    withProperty(Object.prototype, "toJSON", { value: () => 12, writable: true }),
};

describe("a change of the language between two runs", () => {
  for (const [change, make] of Object.entries(CHANGES)) {
    it(`counts, and what was there before is found again: ${change}`, async () => {
      const cache = memory();
      const pipeline = new Built();
      const computed: string[] = [];
      const onEvent = { onNodeStart: ({ name }: { name: string }) => void computed.push(name) };
      const shown = async () => (await pipeline.run({ x: 1 }, { cache, onEvent })).shown;
      const before = await shown();
      const undo = make();
      let changed: string;
      let fresh: string;
      try {
        changed = await shown();
        fresh = (await pipeline.run({ x: 1 })).shown;
      } finally {
        undo();
      }
      expect(changed).to.equal(fresh).and.not.equal(before);
      computed.length = 0;
      const [known] = await pipeline.explain({ x: 1 }, { cache });
      expect(await shown()).to.equal(before);
      expect(computed, known!.because).to.deep.equal([]);
    });
  }

  it("does not count if it is only gc, which V8 gives to new realms when a program exposes it", async () => {
    const cache = memory();
    const pipeline = new Built();
    await pipeline.run({ x: 1 }, { cache });
    setFlagsFromString("--expose-gc");
    // The language is looked at again after a change of it.
    const undo = withProperty(Math, "max", { value: () => 7, writable: true });
    await pipeline.run({ x: 1 }, { cache });
    undo();
    const [known] = await pipeline.explain({ x: 1 }, { cache });
    expect(known).to.include({ computed: 0, cached: 1 });
  });

  it("whose getter throws fails no run", async () => {
    const cache = memory();
    const pipeline = new Built();
    await pipeline.run({ x: 1 }, { cache });
    const undo = withProperty(Math, "min", {
      get: () => {
        throw new Error("not now");
      },
    });
    try {
      expect((await pipeline.run({ x: 1 }, { cache })).shown).to.be.a("string");
    } finally {
      undo();
    }
  });
});

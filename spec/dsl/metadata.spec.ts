import { createRequire } from "node:module";
import { expect } from "chai";
import { type Each, input, mapOver, node, Pipeline } from "../../src/index.js";

const require = createRequire(import.meta.url);

type Functions = Record<string, unknown>;
const FUNCTIONS = Object.keys(Reflect).filter((name) => /metadata$/i.test(name));

/** Loads another copy of reflect-metadata. */
const COPIES: Record<string, () => void> = {
  "the same version": () => {
    const file = require.resolve("reflect-metadata/Reflect.js");
    delete require.cache[file];
    require(file);
  },
  "an old version that takes over, with a store of its own": () => {
    for (const name of FUNCTIONS) delete (Reflect as Functions)[name];
    const file = require.resolve("reflect-metadata-0.1");
    delete require.cache[file];
    require(file);
  },
};

describe("metadata survives a second copy of reflect-metadata", () => {
  const own = FUNCTIONS.map((name) => [name, Object.getOwnPropertyDescriptor(Reflect, name)!] as const);
  afterEach(() => {
    for (const [name, descriptor] of own) Object.defineProperty(Reflect, name, descriptor);
  });

  for (const [name, load] of Object.entries(COPIES)) {
    it(`of ${name}, loaded before and after a class is defined`, async () => {
      class Before extends Pipeline {
        @input() x!: number;
        @node("x") y(x: number): number {
          return x + 1;
        }
      }
      load();
      class After extends Before {
        @node("y") list(y: number): number[] {
          return [y];
        }
        @mapOver("list") doubled(x: number): Each<number> {
          return x * 2;
        }
      }
      class Wrong extends Before {
        // @ts-expect-error the types are compared, though they were emitted into another store
        @node("y") text(y: string): string {
          return y;
        }
      }
      expect(await new Before().run({ x: 1 })).to.deep.equal({ y: 2 });
      expect(await new After().run({ x: 1 })).to.deep.equal({ y: 2, list: [2], doubled: [4] });
      expect(() => new Wrong()).to.throw('its parameter 1 is String, but "y" is Number');
    });
  }
});

import { expect } from "chai";
import { type Each, input, mapOver, node, Pipeline } from "../../src/index.js";
import { METADATA_COPIES, restoreReflect } from "../support/metadata-copies.js";

describe("metadata survives a second copy of reflect-metadata", () => {
  afterEach(restoreReflect);

  for (const [name, load] of Object.entries(METADATA_COPIES)) {
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

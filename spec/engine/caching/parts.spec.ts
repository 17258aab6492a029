import { expect } from "chai";
import type { Nested } from "../../../src/index.js";
import {
  type CacheStore,
  type Each,
  input,
  mapOver,
  memory,
  nested,
  node,
  Pipeline,
  resource,
} from "../../../src/index.js";
import { FromInstances, settings, Twice } from "../../support/parts.js";

class FromResource extends Pipeline {
  @input() xs!: number[];
  @input() k!: number;
  @resource("k") model(k: number): { dim: number; deep: { dims: number[] } } {
    return { dim: k, deep: { dims: [k] } };
  }
  @resource("model.dim") second(dim: number): { dim: number } {
    return { dim: dim + 1 };
  }
  @node("model.dim") part(dim: number): number {
    return dim;
  }
  @node("model.deep.dims") deepPart(dims: number[]): number[] {
    return dims;
  }
  @node("second.dim") ofSecond(dim: number): number {
    return dim;
  }
  @mapOver("xs", "model.dim") shared(x: number, dim: number): Each<number> {
    return x * dim;
  }
  @nested(Twice, { x: "model.dim" }, "y") inNested!: Nested<number>;
  @mapOver("xs", Twice, { x: "xs" }, "y") unrelated!: Nested<number[]>;
}

describe("a part of a value, with a cache", () => {
  afterEach(() => {
    settings.times = 1;
  });

  it("is what the code of its class makes of it now", async () => {
    const cache = memory({ max: 1000 });
    for (settings.times of [1, 2, 1, 3]) {
      const run = (store: CacheStore | false) => new FromInstances().run({ a: 3 }, { cache: store });
      expect(await run(cache)).to.deep.equal(await run(false));
    }
  });

  it("is of its resource, as that is made of its inputs", async () => {
    const cache = memory({ max: 1000 });
    for (const k of [1, 2, 1, 3]) {
      const run = (store: CacheStore | false) => new FromResource().run({ xs: [1, 2], k }, { cache: store });
      expect(await run(cache)).to.deep.equal(await run(false));
    }
  });

  it("is found again, and computed only where its resource is another one", async () => {
    const cache = memory({ max: 1000 });
    const computed = async (k: number) => {
      const names: string[] = [];
      const onEvent = (event: { type: string; phase: string; path: string }) => {
        if (event.type === "node" && event.phase === "start") names.push(event.path.replace("FromResource.", ""));
      };
      await new FromResource().run({ xs: [1, 2], k }, { cache, onEvent });
      return names;
    };
    await computed(1);
    expect(await computed(1)).to.deep.equal([]);
    expect((await computed(2)).sort()).to.deep.equal(["deepPart", "inNested", "ofSecond", "part"]);
  });
});

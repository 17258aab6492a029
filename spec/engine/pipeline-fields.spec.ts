import { expect } from "chai";
import { memory, type Pipeline } from "../../src/index.js";
import { BY_SYMBOL, Scaling, ScalingAll } from "./pipelines/fields.js";

/** Ways to give a pipeline object a field, after its constructor. */
const FIELDS: Record<string, (pipeline: Pipeline, value: number) => void> = {
  "that its class declares": (pipeline, value) => Object.assign(pipeline, { declared: value }),
  "that its constructor does not make": (pipeline, value) => Object.assign(pipeline, { added: value }),
  "of a symbol": (pipeline, value) => Object.assign(pipeline, { [BY_SYMBOL]: value }),
  "that is not enumerable": (pipeline, value) => Object.defineProperty(pipeline, "hidden", { value }),
  "that is an accessor": (pipeline, value) => Object.defineProperty(pipeline, "computed", { get: () => value }),
};

/** Ways to run it. */
const WAYS: Record<string, (pipeline: Scaling, x: number) => Promise<number>> = {
  "in this thread": async (pipeline, x) => (await pipeline.run({ x })).scaled,
  "in a thread": async (pipeline, x) => (await pipeline.run({ x }, { execution: { nodes: "threaded" } })).scaled,
  bound: async (pipeline, x) => (await pipeline.bind({ x }).run({})).scaled,
  mapped: async (pipeline, x) => (await pipeline.map({ x: [x] }, { over: "x" }))[0]!.scaled,
  "mapped in threads": async (pipeline, x) =>
    (await pipeline.map({ x: [x] }, { over: "x", execution: { maps: "parallel" } }))[0]!.scaled,
};

/** The serializer takes no symbols as keys. */
const STAYS = { field: "of a symbol", way: /in a thread|in threads/ };

describe("a field of a pipeline's object", () => {
  for (const [field, set] of Object.entries(FIELDS))
    for (const [way, scaled] of Object.entries(WAYS)) {
      const expected = field === STAYS.field && STAYS.way.test(way) ? "that of the constructor" : "its value";
      it(`${field} has ${expected} in nodes: ${way}`, async () => {
        const pipeline = new Scaling();
        set(pipeline, 5);
        expect(await scaled(pipeline, 2)).to.equal(expected === "its value" ? 10 : 2);
      });
      it(`${field} has ${expected} in the next run: ${way}`, async () => {
        const pipeline = new Scaling();
        expect(await scaled(pipeline, 2)).to.equal(2);
        set(pipeline, 5);
        expect(await scaled(pipeline, 2)).to.equal(expected === "its value" ? 10 : 2);
        if (field === "that is an accessor" || field === "that is not enumerable") return;
        set(pipeline, 7);
        expect(await scaled(pipeline, 2)).to.equal(expected === "its value" ? 14 : 2);
      });
    }

  for (const field of ["that its class declares", "that its constructor does not make"])
    it(`${field} counts in the cache's key, also for the elements of a map in threads`, async () => {
      const store = memory();
      const kept = new ScalingAll();
      for (const execution of [{}, { maps: "parallel" }] as const)
        for (const [value, pipeline] of [
          ...[3, 4, 3].map((value) => [value, new ScalingAll()] as const),
          ...[3, 5, 3].map((value) => [value, kept] as const),
        ]) {
          FIELDS[field]!(pipeline, value);
          const { sum } = await pipeline.run({ x: 1, xs: [1, 2] }, { cache: store, outputs: ["sum"], execution });
          expect(sum).to.equal(3 * value);
        }
    });

  it("is listed among the keys of `this`", async () => {
    const pipeline = new Scaling();
    Object.assign(pipeline, { added: 2 });
    expect((await pipeline.run({ x: 1 })).keys).to.deep.equal(["declared", "added"]);
  });
});

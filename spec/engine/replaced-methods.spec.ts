import { expect } from "chai";
import { HypernodesError, localProcess, memory, type Pipeline } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { Inner, Replaceable, Untouched, UntouchedHeir, UntouchedInner, WithFunction } from "./pipelines/replaceable.js";

const INPUTS = { x: 1, xs: [1, 2, 3] };

/** The methods of a pipeline, by the output that shows what they return. */
const MEMBERS: Readonly<Record<string, { type: { prototype: object }; name: string; fake: unknown; shown: unknown }>> =
  {
    plain: { type: Replaceable, name: "plain", fake: () => 100, shown: 100 },
    reading: { type: Replaceable, name: "reading", fake: () => 100, shown: 100 },
    waiting: { type: Replaceable, name: "waiting", fake: () => 100, shown: 100 },
    mapped: { type: Replaceable, name: "mapped", fake: () => 100, shown: [100, 100, 100] },
    opened: { type: Replaceable, name: "lent", fake: () => ({ by: 100 }), shown: 101 },
    child: { type: Inner, name: "doubled", fake: () => 100, shown: 100 },
    children: { type: Inner, name: "doubled", fake: () => 100, shown: [100, 100, 100] },
  };

const WAYS: Readonly<Record<string, (pipeline: Replaceable) => Promise<object>>> = {
  run: (pipeline) => pipeline.run(INPUTS),
  "run with all outputs named": (pipeline) => pipeline.run(INPUTS, { outputs: Object.keys(MEMBERS) as "plain"[] }),
  map: async (pipeline) => (await pipeline.map({ ...INPUTS, x: [1] }, { over: "x" }))[0]!,
  "run with a cache": (pipeline) => pipeline.run(INPUTS, { cache: memory() }),
};

async function withMethod<R>(object: object, name: string, fake: unknown, work: () => Promise<R>): Promise<R> {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value: fake, writable: true, configurable: true });
  try {
    return await work();
  } finally {
    if (before === undefined) delete (object as Record<string, unknown>)[name];
    else Object.defineProperty(object, name, before);
  }
}

/** The error of a run that can't call what a test has put in a method's place. */
async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await rejection(run);
  expect(error).to.be.instanceOf(HypernodesError).and.have.property("code", "REPLACED_METHOD");
  return error.message;
}

describe("a method that a test replaces", () => {
  for (const [way, run] of Object.entries(WAYS)) {
    it(`on the class is called by objects that ran before, and by new ones, until it is put back: ${way} (table)`, async () => {
      const kept = new Replaceable();
      const original = await run(kept);
      for (const [output, { type, name, fake, shown }] of Object.entries(MEMBERS)) {
        await withMethod(type.prototype, name, fake, async () => {
          for (const pipeline of [kept, new Replaceable(), kept]) {
            expect(await run(pipeline), `${type} ${name}`).to.deep.include({ [output]: shown });
          }
        });
        for (const pipeline of [kept, new Replaceable()]) expect(await run(pipeline)).to.deep.equal(original);
      }
    });
  }

  it("on the object is refused, whether or not it ran before (table)", async () => {
    for (const [way, run] of Object.entries(WAYS)) {
      for (const { type, name, fake } of Object.values(MEMBERS).filter(({ type }) => type === Replaceable)) {
        const kept = new Replaceable();
        await run(kept);
        for (const pipeline of [new Replaceable(), kept]) {
          await withMethod(pipeline, name, fake, async () => {
            const message = await refusal(run(pipeline));
            expect(message, way).to.contain(
              `${(type as Function).name}.${name}: this object has a function of that name`,
            );
          });
          await run(pipeline);
        }
      }
    }
  });

  it("on the object may be the default of an input that a subclass made a node of", async () => {
    for (const pipeline of [new WithFunction(), new WithFunction()]) {
      for (let times = 0; times < 2; times++) expect(await pipeline.run({ x: 1 })).to.deep.equal({ scale: 10 });
    }
  });

  it("and that goes to threads or to another host, is refused there: they import the original @slow", async () => {
    const kept = new Replaceable();
    const far: Readonly<Record<string, (pipeline: Pipeline) => Promise<unknown>>> = {
      threads: (pipeline) => pipeline.run(INPUTS as never, { execution: { maps: "parallel" } } as never),
      "another process": (pipeline) => pipeline.run(INPUTS as never, { runOn: localProcess() } as never),
    };
    for (const [where, run] of Object.entries(far)) {
      await run(kept);
      for (const { type, name, fake } of [MEMBERS.mapped!, MEMBERS.children!]) {
        await withMethod(type.prototype, name, fake, async () => {
          for (const pipeline of [kept, new Replaceable()]) {
            expect(await refusal(run(pipeline)), where).to.contain(
              `${(type as Function).name}.${name}: the method was replaced`,
            );
          }
        });
        await run(kept);
      }
    }
  });

  for (const [kind, { type, name }] of Object.entries({
    "a method": { type: Untouched, name: "mapped" },
    "a helper": { type: Untouched, name: "step" },
    "a method of a nested pipeline": { type: UntouchedInner, name: "doubled" },
    "an inherited method": { type: UntouchedHeir, name: "mapped" },
  })) {
    it(`before the first run of its class is refused by threads, and they compute when it is put back: ${kind} @slow`, async () => {
      const heir = type === UntouchedHeir ? UntouchedHeir : Untouched;
      const run = () => new heir().run({ xs: [1, 2] }, { execution: { maps: "parallel" } });
      await withMethod(
        type.prototype,
        name,
        () => 100,
        async () => {
          expect(await refusal(run())).to.contain(`.${name}: the method was replaced, and threads`);
        },
      );
      expect(await run()).to.deep.equal({ mapped: [2, 3], children: [2, 4] });
    });
  }

  it("and that an object has in the place of a helper is refused by threads, which make the object again @slow", async () => {
    const object = new Replaceable();
    const run = () => object.run(INPUTS, { execution: { nodes: "threaded" }, outputs: ["reading"] });
    await withMethod(
      object,
      "step",
      () => 100,
      async () => {
        expect((await object.run(INPUTS)).reading).to.equal(101);
        expect(await refusal(run())).to.contain("Replaceable.step: the method was replaced");
      },
    );
    expect(await run()).to.deep.equal({ reading: 2 });
  });

  it("and whose value is given, is not missed", async () => {
    const kept = new Replaceable();
    await withMethod(
      kept,
      "plain",
      () => 100,
      async () => {
        expect((await kept.run(INPUTS, { given: { plain: 7 } })).reading).to.equal(2);
      },
    );
  });
});

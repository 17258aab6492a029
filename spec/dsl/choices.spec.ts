import { expect } from "chai";
import { execution, input, local, modal, node, Pipeline, runOn } from "../../src/index.js";
import { rejection } from "../support/rejection.js";

class Plain extends Pipeline {
  @input() x!: number;
  @node("x") y(x: number): number {
    return x + 1;
  }
}

@runOn(modal({ gpu: "A10G" }))
class OnModal extends Plain {}

describe("a placement", () => {
  it("can be overruled for one run, or by with", async () => {
    expect(await new OnModal().run({ x: 1 }, { runOn: local() })).to.deep.equal({ y: 2 });
    expect(await new OnModal().with({ runOn: local() }).run({ x: 1 })).to.deep.equal({ y: 2 });
  });

  it("is one that there is", async () => {
    const error = await rejection(new Plain().run({ x: 1 }, { runOn: { kind: "moon" } }));
    expect(error.message).to.equal(
      'Plain: the placement is {"kind":"moon"}. It takes local(), localProcess({ ... }) or modal({ ... }).',
    );
  });
});

describe("execution options", () => {
  it("are checked", async () => {
    const message = async (options: object) =>
      (await rejection(new Plain().run({ x: 1 }, { execution: options }))).message;
    expect(await message({ nodes: "quick" })).to.contain(
      'the execution option nodes is "quick". It takes "sequential"',
    );
    expect(await message({ maxWorkers: 0 })).to.contain(
      "the execution option maxWorkers is 0. It takes a whole number from 1.",
    );
    expect(await message({ resourceLimits: { maxOldGenerationSizeMb: 0 } })).to.contain(
      "the execution option resourceLimits.maxOldGenerationSizeMb is 0. It takes mebibytes from 1.",
    );
    expect(await message({ resourceLimits: { maxOldGenerationSizeMB: 9 } })).to.contain(
      'Did you mean "maxOldGenerationSizeMb"?',
    );
    expect(await message({ maxWorker: 1 })).to.contain(
      'there is no execution option "maxWorker". Did you mean "maxWorkers"?',
    );
  });

  it("are inherited by a subclass, option by option", async () => {
    @execution({ maxWorkers: 3, nodes: "sequential" })
    class Base extends Plain {}
    @execution({ nodes: "async" })
    class Sub extends Base {}
    const { optionsOf } = await import("../../src/dsl/metadata.js");
    expect(optionsOf(Sub)).to.deep.equal({ execution: { maxWorkers: 3, nodes: "async" } });
  });
});

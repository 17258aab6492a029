import { expect } from "chai";
import { sceneOf } from "../../src/view/scene.js";
import { toGraphModel } from "../../src/view/to-graph-model.js";

describe("the boxes of a nested pipeline", () => {
  it("closes nested pipelines at depth 1, and shows their nodes inside of them at depth 2, each id once", async () => {
    const { Outer } = await import("../support/nested-execution.js");
    const sketch = toGraphModel(new Outer().graph());
    const inner = (depth: number) => sceneOf(sketch, { depth }).boxes.filter(({ parent }) => parent !== undefined);
    expect(inner(1)).to.deep.equal([]);
    expect(inner(2)).not.to.deep.equal([]);
    for (const { id, parent } of inner(2)) expect(id.startsWith(`${parent}.`)).to.equal(true);
    const { boxes, groups } = sceneOf(sketch, { depth: 2 });
    const ids = [...boxes, ...groups].map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });
});

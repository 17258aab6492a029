import { expect } from "chai";
import { type Each, input, mapOver, memory, Pipeline, type RunEvent, type RunObserver } from "../../src/index.js";
import { rejection } from "../support/rejection.js";
import { Chain } from "../support/small-pipelines.js";

describe("the list of a run's events", () => {
  it("has the start and the end of each node in order, with durations", async () => {
    const events: RunEvent[] = [];
    await new Chain().run({ x: 5 }, { onEvent: (event) => events.push(event) });
    const nodes = events.filter((event) => event.type === "node");
    expect(nodes.map((event) => `${event.phase} ${event.name}`)).to.deep.equal([
      "start doubled",
      "end doubled",
      "start result",
      "end result",
    ]);
    for (const event of nodes) if (event.phase === "end") expect(event.durationMs).to.be.at.least(0);
  });

  it("has those of the run first and last, with its inputs and outputs", async () => {
    const events: RunEvent[] = [];
    await new Chain().run({ x: 5 }, { onEvent: (event) => events.push(event) });
    expect(events[0])
      .to.include({ type: "run", phase: "start", path: "Chain" })
      .and.to.deep.include({ inputs: ["x"] });
    expect(events.at(-1))
      .to.include({ type: "run", phase: "end" })
      .and.to.deep.include({
        outputs: ["doubled", "result"],
      });
    expect(new Set(events.map((event) => event.run)).size).to.equal(1);
  });

  it("emits elements of a map that were in the cache as cached", async () => {
    class Doubles extends Pipeline {
      @input() xs!: number[];
      @mapOver("xs") doubled(x: number): Each<number> {
        return x * 2;
      }
    }
    const pipeline = new Doubles().with({ cache: memory() });
    const counts: [executed: number, cached: number][] = [];
    for (const xs of [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ]) {
      const phases: string[] = [];
      await pipeline.run({ xs }, { onEvent: ({ type, phase }) => type === "element" && phases.push(phase) });
      const count = (sought: string) => phases.filter((phase) => phase === sought).length;
      counts.push([count("end"), count("cached")]);
    }
    expect(counts).to.deep.equal([
      [3, 0],
      [0, 3],
      [1, 2],
    ]);
  });

  it("lets the observers of a run share state", async () => {
    const found: unknown[] = [];
    const sets: RunObserver = { onNodeStart: ({ name }, shared) => shared.set(`span_${name}`, name) };
    const reads: RunObserver = { onNodeEnd: ({ name }, shared) => found.push(shared.get(`span_${name}`)) };
    await new Chain().run({ x: 5 }, { onEvent: [sets, reads] });
    expect(found).to.deep.equal(["doubled", "result"]);
  });

  it("refuses an observer that supports only another placement", async () => {
    const error = await rejection(new Chain().run({ x: 5 }, { onEvent: { placements: ["modal"] } }));
    expect(error.message).to.contain('is not compatible with the placement "local"');
  });

  it("gives the observers of the outermost pipeline the events of all nested ones", async () => {
    const { order, Outer } = await import("../support/nested-execution.js");
    const paths = new Set<string>();
    await new Outer().run({ x: 1 }, { onEvent: ({ path }) => paths.add(path) });
    order.splice(0);
    expect(Math.max(...[...paths].map((path) => path.split(".").length))).to.be.at.least(3);
  });
});

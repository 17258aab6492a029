import { expect } from "chai";
import fc from "fast-check";
import { findCycles } from "../../src/graph/cycles.js";
import { type OrderedStep, topologicalOrder } from "../../src/graph/order.js";

/** Any acyclic set of steps: each depends on some that were made before it; the order they are given in is mixed. */
const steps = fc
  .array(fc.record({ mapped: fc.boolean(), after: fc.array(fc.nat()), flows: fc.array(fc.nat(), { maxLength: 2 }) }), {
    maxLength: 40,
  })
  .chain((drawn) => {
    const made = drawn.map(({ mapped, after, flows }, i): OrderedStep => {
      const pick = (numbers: number[]) => [...new Set(numbers.map((n) => `s${n % i}`))];
      const flowsFrom = i === 0 || !mapped ? [] : pick(flows).filter((name) => drawn[Number(name.slice(1))]!.mapped);
      return {
        name: `s${i}`,
        mapped,
        after: i === 0 ? [] : pick(after).filter((n) => !flowsFrom.includes(n)),
        streamsFrom: flowsFrom,
      };
    });
    return fc.shuffledSubarray(made, { minLength: made.length });
  });

describe("the topological order", () => {
  it("has every step once, each after what it waits for", () => {
    fc.assert(
      fc.property(steps, (given) => {
        const order = topologicalOrder(given).map((step) => step.name);
        expect([...order].sort()).to.deep.equal(given.map((step) => step.name).sort());
        for (const { name, after, streamsFrom: flowsFrom } of given) {
          for (const before of [...after, ...flowsFrom]) expect(order.indexOf(before)).to.be.below(order.indexOf(name));
        }
      }),
    );
  });

  it("puts what followers share before the map they follow, whatever the declaration says", () => {
    const step = (name: string, mapped: boolean, after: string[] = [], flowsFrom: string[] = []): OrderedStep => ({
      name,
      mapped,
      after,
      streamsFrom: flowsFrom,
    });
    const order = topologicalOrder([
      step("vectors", true),
      step("hits", true, ["index"], ["vectors"]),
      step("encoded", true),
      step("index", false, ["encoded"]),
    ]);
    expect(order.map((s) => s.name)).to.deep.equal(["encoded", "index", "vectors", "hits"]);
  });
});

describe("the search for cycles", () => {
  it("finds one in every graph that has any, and each is a way round", () => {
    const graphs = fc.array(fc.array(fc.nat(9), { maxLength: 3 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(graphs, (drawn) => {
        const names = drawn.map((_, i) => String(i));
        const dependencies = (name: string) => drawn[Number(name)]!.map((n) => String(n % drawn.length));
        const cycles = findCycles(names, dependencies);
        for (const cycle of cycles) {
          expect(cycle[0]).to.equal(cycle.at(-1));
          for (let i = 1; i < cycle.length; i++) expect(dependencies(cycle[i]!)).to.include(cycle[i - 1]);
        }
        expect(cycles.length > 0).to.equal(hasCycle(names, dependencies));
      }),
    );
  });

  it("goes as deep as a chain is long", () => {
    const names = Array.from({ length: 100_000 }, (_, i) => String(i));
    expect(findCycles(names, (n) => (n === "99999" ? [] : [String(Number(n) + 1)]))).to.deep.equal([]);
  });
});

/** The plain way: take away what depends on nothing, until nothing is left or nothing can be taken. */
function hasCycle(names: readonly string[], dependencies: (name: string) => string[]): boolean {
  const left = new Set(names);
  for (let taken = true; taken; ) {
    taken = false;
    for (const name of left) {
      if (dependencies(name).some((d) => left.has(d))) continue;
      left.delete(name);
      taken = true;
    }
  }
  return left.size > 0;
}

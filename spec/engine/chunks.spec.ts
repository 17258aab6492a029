import { expect } from "chai";
import fc from "fast-check";
import { ChunkSizer, nextWithinBudget, THREAD_CHUNK_POLICY } from "../../src/engine/chunks/chunk-sizer.js";

/** Plays a map on threads: who is free first takes the next chunk. @returns when each worker ended, and the chunks. */
function play(elementMs: readonly number[], workers: number, multiple = 1, expectedMs?: number) {
  const sizes = new ChunkSizer(() => workers, multiple, THREAD_CHUNK_POLICY, expectedMs);
  const free = new Array<number>(workers).fill(0);
  const chunks: number[] = [];
  for (let next = 0; next < elementMs.length; ) {
    const worker = free.indexOf(Math.min(...free));
    const { count, budgetMs } = sizes.next(elementMs.length - next);
    let done = 0;
    let ms = 0;
    while (done < count) {
      const size =
        budgetMs === undefined ? count : nextWithinBudget(done, ms, budgetMs, { multiple, elementConcurrency: 1 });
      if (size === 0) break;
      for (const end = Math.min(count, done + size); done < end; done++) ms += elementMs[next + done]!;
    }
    expect(done).to.be.greaterThan(0);
    if (next + done < elementMs.length) expect(done % multiple).to.equal(0);
    chunks.push(done);
    free[worker]! += ms;
    next += done;
    sizes.record(done, ms);
  }
  return { free, chunks, meanMs: sizes.meanMs };
}

describe("chunk sizes", () => {
  const each = (max: number) =>
    fc.array(fc.double({ min: 0.0001, max, noNaN: true }), { minLength: 1, maxLength: 2_000 });

  it("take every element once, in multiples of the batch, whatever elements cost (property)", () => {
    fc.assert(
      fc.property(
        each(100),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 7 }),
        (costs, workers, multiple) => {
          const { chunks } = play(costs, workers, multiple);
          expect(chunks.reduce((sum, chunk) => sum + chunk, 0)).to.equal(costs.length);
        },
      ),
    );
  });

  it("take every element once whatever an earlier run has let them expect (property)", () => {
    fc.assert(
      fc.property(
        each(100),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 7 }),
        fc.double({ min: 0, minExcluded: true, max: 10_000, noNaN: true }),
        (costs, workers, multiple, expectedMs) => {
          const { chunks } = play(costs, workers, multiple, expectedMs);
          expect(chunks.reduce((sum, chunk) => sum + chunk, 0)).to.equal(costs.length);
        },
      ),
    );
  });

  it("need no first small chunks in the next run: each worker gets its part of trivial elements at once", () => {
    const costs = new Array<number>(10_000).fill(0.0001);
    const { meanMs } = play(costs, 2);
    expect(play(costs, 2, 1, meanMs).chunks).to.deep.equal([5_000, 5_000]);
  });

  it("keep all workers busy to the end also where elements are slower or faster than in the run before (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 5_000 }),
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        fc.integer({ min: 2, max: 8 }),
        fc.double({ min: 0.0001, max: 100, noNaN: true }),
        (count, ms, workers, expectedMs) => {
          const { free } = play(new Array<number>(count).fill(ms), workers, 1, expectedMs);
          const ideal = (count * ms) / workers;
          expect(Math.max(...free)).to.be.lessThan(ideal * 1.1 + 2 * Math.max(ms, 1) + 5);
        },
      ),
    );
  });

  it("keep all workers busy to the end: the last one ends soon after the ideal (property)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 5_000 }),
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        fc.integer({ min: 2, max: 8 }),
        (count, ms, workers) => {
          const { free } = play(new Array<number>(count).fill(ms), workers);
          const ideal = (count * ms) / workers;
          expect(Math.max(...free)).to.be.lessThan(ideal * 1.1 + 2 * Math.max(ms, 1) + 5);
        },
      ),
    );
  });

  it("leave no slow element for last: one of fifty takes a hundred times as long, and the total time stays within 1.25 of the ideal", () => {
    for (const workers of [2, 4, 8]) {
      const costs = Array.from({ length: 1_000 * workers }, (_, i) => (i % 50 === 49 ? 20 : 0.2));
      const { free } = play(costs, workers);
      const ideal = costs.reduce((sum, cost) => sum + cost, 0) / workers;
      expect(Math.max(...free)).to.be.lessThan(ideal * 1.25);
    }
  });

  it("are few for trivial elements, since each task has a cost", () => {
    expect(play(new Array<number>(10_000).fill(0.0001), 2).chunks.length).to.be.lessThan(10);
  });

  it("begin small where an element is slow: a first chunk is returned before all of it is done", () => {
    expect(play(new Array<number>(100).fill(1_000), 2).chunks.slice(0, 2)).to.deep.equal([1, 1]);
  });
});

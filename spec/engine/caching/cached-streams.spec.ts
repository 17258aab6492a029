import { expect } from "chai";
import {
  type Cache,
  localProcess,
  memory,
  NodeError,
  type NodeExplanation,
  type PipelineOptions,
  type RunEvent,
} from "../../../src/index.js";
import { printed } from "../../support/printed.js";
import { rejection } from "../../support/rejection.js";
import { Unlucky } from "../../support/unlucky.js";

const WAYS: Readonly<Record<string, PipelineOptions>> = {
  "one at a time": { execution: { maps: "sequential" } },
  "at the same time": { execution: { maps: "async" } },
  "in threads": { execution: { maps: "parallel" } },
  "in threads that wait": { execution: { maps: "threaded" } },
  "in two processes": { runOn: localProcess({ maxProcesses: 2, idleTimeoutMs: 20_000 }) },
};

interface Streamed {
  /** The results, failures by their message, in some order. */
  readonly results: readonly (number | NodeError)[];
  readonly events: readonly RunEvent[];
}

async function stream(x: readonly number[], options: PipelineOptions, cache: Cache, onError?: "collect") {
  const results: (number | NodeError)[] = [];
  const events: RunEvent[] = [];
  const more = { ...options, cache, over: "x" as const, explain: true, ...(onError && { onError }) };
  const each = new Unlucky().stream({ x }, { ...more, onEvent: (event: RunEvent) => events.push(event) });
  await printed(async () => {
    for await (const result of each) results.push(result instanceof NodeError ? result : result.doubled);
  });
  return { results, events } satisfies Streamed;
}

describe("a stream with a cache", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    it(`computes equal elements once, and as many as explain() says, in the same words: ${way} @slow`, async () => {
      const cache = memory();
      for (const x of [
        [1, 2, 1, 1],
        [1, 2],
        [3, 3, 3, 3],
        [2, 4, 3, 4],
      ]) {
        const explain = { ...options, cache, over: "x" as const };
        const [expected] = await new Unlucky().explain({ x }, explain);
        const { results, events } = await stream(x, options, cache);
        const number = (value: unknown) => value as number;
        expect(results.map(number).sort()).to.deep.equal(x.map((each) => 2 * each).sort());
        const explained = events.find((event) => event.type === "cache" && event.phase === "explained");
        const { path, name, computed, cached, because } = explained as unknown as NodeExplanation;
        expect({ path, name, computed, cached, unknown: 0, because }).to.deep.equal(expected);
      }
    });

    it(`names a failed element by its place among all, also after cached ones: ${way} @slow`, async () => {
      const cache = memory();
      await stream([1, 2, 3], options, cache);
      const x = [1, 2, 3, 4, 13, 5];
      const { results, events } = await stream(x, options, cache, "collect");
      const [failed] = results.filter((result) => result instanceof NodeError);
      expect(failed).to.include({ where: "Unlucky[4].doubled", element: 4 });
      const elements = events.filter(({ type }) => type === "element") as { element: number; phase: string }[];
      const placesOf = (...phases: string[]) =>
        elements.flatMap(({ element, phase }) => (phases.includes(phase) ? [element] : [])).sort();
      expect(placesOf("cached")).to.deep.equal([0, 1, 2]);
      expect(placesOf("start")).to.deep.equal([3, 4, 5]);
      expect(placesOf("end", "failed")).to.deep.equal([3, 4, 5]);
      const thrown = await rejection<NodeError>(stream(x, options, cache));
      expect(thrown.where).to.equal("Unlucky[4].doubled");
    });
  }
});

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

/** Streams one after another, each with what has changed, as far as a stream knows. */
const RUNS: readonly { readonly x: number[]; readonly factor: number; readonly why: string }[] = [
  { x: [1, 2, 1, 1], factor: 2, why: "no earlier value" },
  { x: [1, 2], factor: 2, why: "same code, same inputs" },
  { x: [3, 3, 3, 3], factor: 2, why: "no entry of these inputs" },
  { x: [2, 4, 3, 4], factor: 2, why: "no entry of these inputs" },
  { x: [2, 2], factor: 3, why: "factor changed" },
];

async function stream(x: readonly number[], options: PipelineOptions, cache: Cache, onError?: "collect", factor = 2) {
  const results: (number | NodeError)[] = [];
  const events: RunEvent[] = [];
  const more = { ...options, cache, over: "x" as const, explain: true, ...(onError && { onError }) };
  const each = new Unlucky().stream({ x, factor }, { ...more, onEvent: (event: RunEvent) => events.push(event) });
  await printed(async () => {
    for await (const result of each) results.push(result instanceof NodeError ? result : result.product);
  });
  return { results, events } satisfies Streamed;
}

describe("a stream with a cache", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    it(`computes equal elements once, and as many as explain() says, in the same words: ${way} @slow`, async () => {
      const cache = memory();
      for (const { x, factor, why } of RUNS) {
        const explain = { ...options, cache, over: "x" as const };
        const [expected] = await new Unlucky().explain({ x, factor }, explain);
        const { results, events } = await stream(x, options, cache, undefined, factor);
        const number = (value: unknown) => value as number;
        expect(results.map(number).sort()).to.deep.equal(x.map((each) => factor * each).sort());
        const explained = events.find((event) => event.type === "cache" && event.phase === "explained");
        const { path, name, computed, cached, because } = explained as unknown as NodeExplanation;
        expect({ path, name, computed, cached, unknown: 0, because }).to.deep.equal(expected);
        expect(because).to.contain(why);
      }
    });

    it(`names a failed element by its place among all, also after cached ones: ${way} @slow`, async () => {
      const cache = memory();
      await stream([1, 2, 3], options, cache);
      const x = [1, 2, 3, 4, 13, 5];
      const { results, events } = await stream(x, options, cache, "collect");
      const [failed] = results.filter((result) => result instanceof NodeError);
      expect(failed).to.include({ where: "Unlucky[4].product", element: 4 });
      const elements = events.filter(({ type }) => type === "element") as { element: number; phase: string }[];
      const placesOf = (...phases: string[]) =>
        elements.flatMap(({ element, phase }) => (phases.includes(phase) ? [element] : [])).sort();
      expect(placesOf("cached")).to.deep.equal([0, 1, 2]);
      expect(placesOf("start")).to.deep.equal([3, 4, 5]);
      expect(placesOf("end", "failed")).to.deep.equal([3, 4, 5]);
      const thrown = await rejection<NodeError>(stream(x, options, cache));
      expect(thrown.where).to.equal("Unlucky[4].product");
    });
  }
});

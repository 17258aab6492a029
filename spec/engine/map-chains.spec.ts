import { expect } from "chai";
import fc from "fast-check";
import type { ExecutionOptions, NodeError, RunEvent } from "../../src/index.js";
import { Chained, ChainedInside, calls, type Link, WAYS, type Way } from "./pipelines/chains.js";

/** What a chain of maps gives: nothing, if an element fails. */
function expected(links: readonly Link[]) {
  const failing = links.filter(({ ways }) => ways.some((way) => way === "error" || way === "rejection"));
  return failing.length > 0 ? undefined : links.map(({ id }) => id);
}

async function ids(running: Promise<Record<string, unknown>>, name: string): Promise<unknown> {
  try {
    return ((await running)[name] as Link[]).map(({ id }) => id);
  } catch (error) {
    expect((error as NodeError).code).to.equal("NODE_FAILED");
    return undefined;
  }
}

const anyLinks = (ways: readonly Way[]) =>
  fc
    .array(fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom(...ways))), { maxLength: 6 })
    .map((all): Link[] => all.map((each, id) => ({ id, ways: each })));

interface Options {
  readonly execution?: ExecutionOptions;
  readonly onEvent?: (event: RunEvent) => void;
}

const OPTIONS: readonly [string, Options, number][] = [
  ["concurrently", {}, 300],
  ["sequentially", { execution: { maps: "sequential" } }, 300],
  ["two at a time", { execution: { maxWorkers: 2 } }, 300],
  ["with a listener", { onEvent: () => {} }, 100],
  ["with checks", { execution: { check: true } }, 100],
  ["in threads", { execution: { maps: "threaded" } }, 30],
  ["in chunks", { execution: { maps: "parallel" } }, 30],
];

describe("maps over each other's elements", () => {
  for (const [how, options, numRuns] of OPTIONS) {
    it(`compute each element once, and end, however methods answer: ${how} (property)`, async () => {
      await fc.assert(
        fc.asyncProperty(anyLinks(WAYS), fc.boolean(), async (links, isPart) => {
          calls.length = 0;
          const outputs = isPart ? { outputs: ["third" as const] } : {};
          const running = new Chained().run({ links }, { ...options, ...outputs });
          expect(await ids(running, "third")).to.deep.equal(expected(links));
          expect(calls).to.deep.equal([...new Set(calls)]);
          if (expected(links) !== undefined && calls.length > 0) expect(calls.length).to.equal(3 * links.length);
        }),
        { numRuns, examples: WAYS.map((way) => [[{ id: 0, ways: ["value", way, way] }], false] as [Link[], boolean]) },
      );
    });

    it(`do so in nested pipelines: ${how} (property)`, async () => {
      await fc.assert(
        fc.asyncProperty(anyLinks(WAYS), async (links) => {
          calls.length = 0;
          expect(await ids(new ChainedInside().run({ links }, options), "inner")).to.deep.equal(expected(links));
          expect(calls).to.deep.equal([...new Set(calls)]);
        }),
        { numRuns: Math.ceil(numRuns / 3) },
      );
    });
  }
});

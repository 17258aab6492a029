import { expect } from "chai";
import fc from "fast-check";
import { type ExecutionMode, NodeError, type Pipeline, type RunEvent } from "../../src/index.js";
import { FAMILY, FAMILY_SIZE, inputsFor } from "../support/family.js";

const MODES = ["sequential", "async", "threaded", "parallel"] as const satisfies readonly ExecutionMode[];

interface Seen {
  readonly outcome: string;
  /** The node that has failed. */
  readonly failed: string | undefined;
  readonly events: readonly string[];
}

async function seen(
  pipeline: Pipeline,
  inputs: object,
  nodes: ExecutionMode,
  maps: ExecutionMode,
  maxWorkers: number,
): Promise<Seen> {
  const events: RunEvent[] = [];
  const options = { execution: { nodes, maps, maxWorkers }, onEvent: (event: RunEvent) => events.push(event) };
  try {
    const results = await pipeline.run(inputs as never, options as never);
    return {
      outcome: JSON.stringify(results, (_, value) => (value instanceof NodeError ? told(value) : value)),
      failed: undefined,
      events: events
        .filter(({ type }) => type !== "threads")
        .map(({ type, phase, path }) => `${path} ${type} ${phase}`)
        .sort(),
    };
  } catch (error) {
    return { outcome: told(error as NodeError), failed: (error as NodeError).node, events: [] };
  }
}

function told({ name, message, cause, ...more }: NodeError): string {
  return `${name}: ${message} ${JSON.stringify(more)} ${String(cause)} ${cause instanceof RangeError}`;
}

describe("the execution modes", () => {
  it("give the same results, errors and events, whatever the pipeline and for nodes and maps apart (property) @slow", async () => {
    const lists = fc.array(fc.nat(50), { maxLength: 12 });
    const drawn = fc.record({
      index: fc.nat(FAMILY_SIZE - 1),
      xs: lists,
      xs2: lists,
      y: fc.nat(9),
      maxWorkers: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ index, xs, xs2, y, maxWorkers }) => {
        const pipeline = new FAMILY[index]!();
        const inputs = inputsFor(pipeline, { xs, xs2, y });
        const reference = await seen(pipeline, inputs, "sequential", "sequential", maxWorkers);
        for (const nodes of MODES) {
          for (const maps of MODES) {
            const found = await seen(pipeline, inputs, nodes, maps, maxWorkers);
            // Where elements overlap, and what they wait for is in threads, the first that fails is the first in time.
            const isAnyElement =
              found.failed !== undefined && maps === "async" && !["sequential", "async"].includes(nodes);
            const expected = isAnyElement ? { ...found, failed: reference.failed } : reference;
            expect(found, `nodes ${nodes}, maps ${maps}`).to.deep.equal(expected);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

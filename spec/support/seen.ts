import { expect } from "chai";
import { NodeError, type Pipeline, type RunEvent } from "../../src/index.js";

/** What somebody who runs a pipeline gets to see, in an order that does not depend on when it came. */
export interface Seen {
  readonly outcome: unknown;
  readonly events: readonly string[];
  readonly hasFailed: boolean;
}

async function seen(run: (options: object) => Promise<unknown>, options: object): Promise<Seen> {
  const events: RunEvent[] = [];
  const paths = () =>
    events
      .filter(({ type }) => type !== "container" && type !== "threads")
      .map(({ type, phase, path }) => `${path} ${type} ${phase}`)
      .sort();
  try {
    const outcome = await run({ ...options, onEvent: (event: RunEvent) => events.push(event) });
    return { outcome, events: paths(), hasFailed: false };
  } catch (error) {
    return { outcome: told(error as NodeError), events: paths(), hasFailed: true };
  }
}

/** What is to be the same of an error. Its stack is not. */
function told({ name, message, cause, code, node, element, attempts }: NodeError): object {
  return { name, message, cause: String(cause), code, node, element, attempts };
}

/**
 * Expects of a pipeline elsewhere all that it gives here: results, errors, events.
 *
 * @param here under which options it runs here.
 * @param anyEnd whether what else was under way when a run failed does not count: its events.
 * @returns what it gives there.
 */
export async function expectSame(
  pipeline: Pipeline,
  inputs: object,
  there: object,
  { here = {}, anyEnd = false }: { readonly here?: object; readonly anyEnd?: boolean } = {},
): Promise<Seen> {
  const run = (options: object) => pipeline.run(inputs as never, options as never);
  const plain = ({ outcome, events, hasFailed }: Seen) => {
    const counted = { outcome, events: anyEnd && hasFailed ? [] : events };
    return JSON.stringify(counted, (_, value) => (value instanceof NodeError ? told(value) : (value as unknown)), 1);
  };
  const [before, after] = [await seen(run, here), await seen(run, there)];
  expect(plain(after)).to.equal(plain(before));
  return after;
}

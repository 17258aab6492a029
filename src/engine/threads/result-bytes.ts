import { NodeError, ValueError } from "../../errors.js";
import type { Plan, Step } from "../../graph/plan.js";
import { type EncodeOptions, encode } from "../../values/codec.js";
import { printPath } from "../../values/kinds.js";
import { placeOf, summary } from "../failure.js";
import type { VisitResult } from "./protocol.js";

/** Where a result comes from. */
interface ResultPlace {
  readonly plan: Plan;
  readonly path: string;
  /** The index that an element of the visit has in the whole map; undefined for a node. */
  readonly indexOf: (element: number) => number | undefined;
}

/**
 * A visit's result as bytes. A value that can't travel fails its element: with the node, the element, and the path
 * inside the value.
 */
export function encodeResult(
  result: VisitResult,
  place?: ResultPlace,
  options: EncodeOptions = { unchecked: true },
): Uint8Array {
  for (let tried: VisitResult = result; ; ) {
    try {
      return encode(tried, options);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      tried = without(tried, error, place);
    }
  }
}

/** The result without the part that can't travel. */
function without(result: VisitResult, error: ValueError, place: ResultPlace | undefined): VisitResult {
  const [part, output, element] = error.path;
  if (part === "values" && place !== undefined && result.failure === undefined) {
    return withoutValue(result, error, place, output as number, element as number);
  }
  if (part === "events") return { ...result, events: result.events.map(plainEvent) };
  return { ...result, values: [], failure: result.failure && { error: plainError(result.failure.error) } };
}

function withoutValue(
  result: VisitResult,
  error: ValueError,
  { plan, path, indexOf }: ResultPlace,
  output: number,
  element: number,
): VisitResult {
  const step = plan.steps.find(({ slot }) => slot === plan.outputs[output]!.slot)!;
  const failed = cantTravel(step, path, indexOf(element), error, 3);
  if (step.node.options.onError !== "collect") return { ...result, values: [], failure: { error: failed } };
  const values = result.values.map((list, i) =>
    i === output ? list.map((v, e) => (e === element ? failed : v)) : list,
  );
  return { ...result, values, failed: result.failed.map((n, i) => (i === step.index ? n + 1 : n)) };
}

/**
 * The error of a value that can't go to where it is needed, or come from there.
 *
 * @param depth how much of the path is not inside the value.
 */
export function cantTravel(
  step: Step,
  path: string,
  element: number | undefined,
  error: ValueError,
  depth: number,
  what = "its value can't travel between threads",
): NodeError {
  const inside = printPath(error.path.slice(depth));
  return new NodeError({
    code: "UNSERIALISABLE",
    where: placeOf(path, step.name, element),
    problem: `${what}: ${inside === "" ? "" : `at ${inside}, `}${error.problem}`,
    advice: error.advice,
    node: step.name,
    element,
    attempts: 1,
  });
}

/** An error with nothing in it that could not travel. */
function plainError(error: unknown): unknown {
  if (!(error instanceof NodeError)) return new Error(summary(error));
  const { code, where, problem, advice, node, element, attempts, cause } = error;
  return new NodeError({
    code,
    where,
    problem,
    advice,
    node,
    element,
    attempts,
    cause: cause && new Error(summary(cause)),
  });
}

function plainEvent<E extends object>(event: E): E {
  return "error" in event ? { ...event, error: plainError(event.error) } : event;
}

import { HypernodesError, NodeError, ValueError } from "../../errors.js";
import type { Plan, Step } from "../../graph/plan.js";
import { describeChain, describeError } from "../../util/describe.js";
import { encode } from "../../values/codec.js";
import type { EncodeOptions } from "../../values/codec-options.js";
import { printPath } from "../../values/object-kinds.js";
import { CollectedError } from "../failures/collected.js";
import { pathOf } from "../failures/node-errors.js";
import type { ChunkResult } from "./protocol.js";

/** The place of a result. */
interface ResultPlace {
  readonly plan: Plan;
  readonly path: string;
  /** The index of a chunk's element in the whole map; undefined for a node. */
  readonly indexOf: (element: number) => number | undefined;
}

/** The depth of the values in a chunk's result: they may be as deep as any value. */
const VALUE_LEVEL = 3;

/**
 * Encodes a chunk's result. A value that can't be serialized fails its element: with the node, the element, and the path
 * inside the value. It never throws: the error takes the value's place.
 */
export function encodeResult(
  result: ChunkResult,
  place?: ResultPlace,
  encodeOptions: EncodeOptions = { unchecked: true },
): Uint8Array {
  const options = { ...encodeOptions, levelsAround: VALUE_LEVEL };
  try {
    return encode(result, options);
  } catch {
    return encodeRepaired(result, place, options);
  }
}

function encodeRepaired(result: ChunkResult, place: ResultPlace | undefined, options: EncodeOptions): Uint8Array {
  const { failure } = result;
  const events = result.events.map((event) => (problemOf(event) === undefined ? event : sanitiseEvent(event)));
  const serialisable = { ...result, events, failure: failure && { error: serialisableError(failure.error) } };
  const repaired =
    place === undefined || failure !== undefined ? { ...serialisable, values: [] } : repairedIn(serialisable, place);
  try {
    return encode(repaired, options);
  } catch (error) {
    // Each of them can be encoded, but not all together: or user code in them gives now this, now that.
    return encode(
      { ...repaired, values: [], failure: { error: sanitiseError(unserialisableTogether(error, place)) } },
      options,
    );
  }
}

/** The result with errors in place of values that can't be serialized; or, where a step does not collect, with the first one. */
function repairedIn(result: ChunkResult, { plan, path, indexOf }: ResultPlace): ChunkResult {
  const failed = [...result.failed];
  let first: { readonly element: number; readonly error: NodeError } | undefined;
  const values = result.values.map((list, output) => {
    const step = plan.steps.find(({ slot }) => slot === plan.outputs[output]!.slot)!;
    return list.map((value, element) => {
      if (CollectedError.is(value)) return new CollectedError(serialisableError(value.error) as NodeError);
      const problem = problemOf({ values: [[value]] }, VALUE_LEVEL);
      if (problem === undefined) return value;
      const error = unserialisableError(step, path, indexOf(element), problem.error, VALUE_LEVEL);
      if (step.node.options.onError !== "collect") {
        if (first === undefined || element < first.element) first = { element, error };
        return undefined;
      }
      failed[step.index] = (failed[step.index] ?? 0) + 1;
      return new CollectedError(serialisableError(error) as NodeError);
    });
  });
  if (first === undefined) return { ...result, values, failed };
  return { ...result, values: [], failure: { error: serialisableError((first as { error: NodeError }).error) } };
}

/**
 * The error that `encode` has for a value by itself; undefined: it can be encoded.
 *
 * @param levelsAround the number of its levels that are not the user's.
 */
export function problemOf(value: unknown, levelsAround = 0): { readonly error: unknown } | undefined {
  try {
    encode(value, { unchecked: true, levelsAround });
    return undefined;
  } catch (error) {
    return { error };
  }
}

/**
 * The error of a value that can't go to where it is needed, or come from there.
 *
 * @param error what `encode` or `decode` threw: any error of user code, if that runs there.
 * @param depth how much of the error's path is not inside the value.
 */
export function unserialisableError(
  step: Step,
  path: string,
  element: number | undefined,
  error: unknown,
  depth: number,
  what = "its value can't be sent between threads",
): NodeError {
  const isOurs = error instanceof ValueError;
  const inside = isOurs ? printPath(error.path.slice(depth)) : "";
  return new NodeError({
    code: "UNSERIALISABLE",
    where: pathOf(path, step.name, element),
    problem: `${what}: ${inside === "" ? "" : `at ${inside}, `}${isOurs ? error.problem : `reading it failed with ${describeError(error)}`}`,
    advice: isOurs ? error.advice : "Give plain data: getters, proxies and toJSON() of a value run when it is sent.",
    cause: isOurs ? error.cause : error,
    node: step.name,
    element,
    attempts: 1,
  });
}

function unserialisableTogether(error: unknown, place: ResultPlace | undefined): Error {
  const step = place?.plan.steps[0];
  if (place === undefined || step === undefined) return new Error(describeChain(error));
  const what = "its values can't be sent between threads together";
  return unserialisableError(step, place.path, place.indexOf(0), error, Number.POSITIVE_INFINITY, what);
}

/** An error as it is, if it can be serialized; else its text. */
export function serialisableError(error: unknown): unknown {
  return problemOf(error) === undefined ? error : sanitiseError(error);
}

/** A copy of an error without anything that can't be serialized. */
function sanitiseError(error: unknown): Error {
  if (!isOurs(error)) return new Error(describeChain(error));
  const { code, where, problem, advice, cause: inner } = error;
  const cause = inner === undefined ? undefined : new Error(describeChain(inner));
  if (!(error instanceof NodeError)) return new HypernodesError({ code, where, problem, advice, cause });
  const { node, element, attempts } = error;
  return new NodeError({ code, where, problem, advice, node, element, attempts, cause });
}

function isOurs(error: unknown): error is HypernodesError {
  try {
    return error instanceof HypernodesError;
  } catch {
    return false;
  }
}

/** An event with an error of the same text that can be serialized. */
export function sanitiseEvent<E extends object>(event: E): E {
  return "error" in event ? { ...event, error: sanitiseError(event.error) } : event;
}

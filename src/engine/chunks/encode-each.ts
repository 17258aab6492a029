import { ValueError } from "../../errors.js";
import { decode, encode } from "../../values/codec.js";
import { elementIndex } from "../elements/elements.js";
import { CollectedError } from "../failures/collected.js";
import { pathOf } from "../failures/node-errors.js";
import { unserialisableError } from "./encode-result.js";
import { type ChunkRange, type ChunkResult, EMPTY_RESULT } from "./protocol.js";
import type { Stage } from "./stage.js";

const KIND = "its value comes from a thread and can't be decoded";

/** In the thread that has made a result: the same, with the bytes of each value in its place. */
export function encodeEach(bytes: Uint8Array): Uint8Array {
  const result = decode(bytes) as ChunkResult;
  const values = result.values.map((list) => list.map((value) => encode(value, { unchecked: true })));
  return encode({ ...result, values }, { unchecked: true });
}

/**
 * A result of which something can be written in a thread and not read here: for want of a class, or of stack. What that is,
 * fails its element.
 *
 * @param apart its values' bytes, each by itself.
 */
export function decodeEach(apart: Uint8Array, stage: Stage, range: ChunkRange | undefined): ChunkResult {
  const result = decode(apart) as ChunkResult;
  const failed = [...result.failed];
  let first: { readonly element: number; readonly error: Error } | undefined;
  const values = result.values.map((list, output) => {
    const step = stage.wanted[output]!;
    return list.map((bytes, element) => {
      try {
        return decode(bytes as Uint8Array);
      } catch (cause) {
        const index = range && elementIndex(range, element);
        const error = unserialisableError(step, stage.execution.path, index, cause, 0, KIND);
        if (step.node.options.onError !== "collect") {
          if (first === undefined || element < first.element) first = { element, error };
          return undefined;
        }
        failed[stage.steps.indexOf(step)]! += 1;
        return new CollectedError(error);
      }
    });
  });
  if (first === undefined) return { ...result, values, failed };
  return { ...result, values: [], failure: { error: (first as { error: Error }).error } };
}

const UNREADABLE = "its value can't be decoded";
/** Number of keys in a path into a result before those inside a value. */
const VALUE_DEPTH = 3;

/**
 * A result that can't be read at all: the error names the node, and the element, or those that it may be of if the
 * fault does not say.
 */
export function unreadable(cause: unknown, stage: Stage, range: ChunkRange | undefined): ChunkResult {
  const { wanted, steps, execution } = stage;
  const [part, output, element] = cause instanceof ValueError ? cause.path : [];
  if (part === "values" && typeof element === "number") {
    const index = range && elementIndex(range, element);
    const error = unserialisableError(wanted[Number(output)]!, execution.path, index, cause, VALUE_DEPTH, UNREADABLE);
    return { ...EMPTY_RESULT, failure: { error } };
  }
  const step = wanted[0] ?? steps[0]!;
  const first = range && elementIndex(range, 0);
  const last = range && elementIndex(range, range.count - 1);
  const among = first === last ? "" : `, or that of an element up to ${pathOf("", step.name, last)},`;
  const what = UNREADABLE.replace("its value", `its value${among}`);
  return { ...EMPTY_RESULT, failure: { error: unserialisableError(step, execution.path, first, cause, 0, what) } };
}

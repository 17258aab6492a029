import { HypernodesError } from "../../errors.js";
import type { ChunkResult } from "./protocol.js";

/**
 * Checks the result of a chunk: for each output it must have as many values as elements are done.
 *
 * @param count the number of elements that were sent; at least one of them is done, if the chunk has not failed.
 * @param outputs the number of steps whose values are wanted.
 * @returns what is wrong with it, `INTERNAL`; undefined: nothing.
 */
export function wrongResult(
  { done, values, failure }: Pick<ChunkResult, "done" | "values" | "failure">,
  count: number,
  outputs: number,
  where: string,
): HypernodesError | undefined {
  if (failure !== undefined) return undefined;
  const lengths = values.map((list) => list.length);
  const isRight = done > 0 && done <= count && lengths.length === outputs && lengths.every((length) => length === done);
  if (isRight) return undefined;
  return internalError(
    where,
    `a chunk of ${count} elements reports ${done} as done, and returned ${lengths.join(" and ") || "no"} values for ${outputs} nodes`,
  );
}

/** A fault of hypernodes itself, which would have given a wrong value. */
export function internalError(where: string, problem: string): HypernodesError {
  return new HypernodesError({
    code: "INTERNAL",
    where,
    problem: `internal error of hypernodes: ${problem}`,
    advice: "No result was returned, because it could be wrong. Please report it, with the pipeline if you can.",
  });
}

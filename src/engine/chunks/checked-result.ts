import { HypernodesError } from "../../errors.js";
import type { ChunkResult } from "./protocol.js";

/**
 * What a chunk has brought must be what it says: for each output as many values as elements are done.
 *
 * @param count how many elements it was sent; more than none of them are done, if it has not failed.
 * @param outputs how many steps' values are wanted.
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
    `a chunk of ${count} elements says that ${done} are done, and brought ${lengths.join(" and ") || "no"} values for ${outputs} nodes`,
  );
}

/** A fault of hypernodes itself, which would have given a wrong value. */
export function internalError(where: string, problem: string): HypernodesError {
  return new HypernodesError({
    code: "INTERNAL",
    where,
    problem: `hypernodes made a mistake: ${problem}`,
    advice: "Nothing was returned that could be wrong. Please report it, with the pipeline if you can.",
  });
}

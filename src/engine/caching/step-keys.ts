import { type ContentRef, cacheKey } from "../../cache/cache-keys.js";
import { type CodeDigests, keyComponent } from "../../cache/code-digests.js";
import type { Step } from "../../graph/plan.js";

/**
 * The key of an element's entry: the same for one of a list and one of a stream.
 *
 * @param shared the key components of the inputs that all elements have.
 */
export function elementKey(
  codes: CodeDigests,
  step: Step,
  shared: readonly string[],
  elements: readonly ContentRef[],
): string {
  return cacheKey("element", codes.steps[step.index]!.code, ...shared, "over", ...keyComponents(codes, elements));
}

/** The key components of some contents. */
export function keyComponents(codes: CodeDigests, refs: readonly ContentRef[]): string[] {
  return refs.map((ref) => keyComponent(codes, ref));
}

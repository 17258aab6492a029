import { type ContentRef, cacheKey } from "../../cache/cache-keys.js";
import { keyComponent } from "../../cache/code-digests.js";

/** The key of an element's entry: the same for one of a list and one of a stream. */
export function elementKey(code: string, shared: readonly string[], elements: readonly ContentRef[]): string {
  return cacheKey("element", code, ...shared, "over", ...elements.map(keyComponent));
}

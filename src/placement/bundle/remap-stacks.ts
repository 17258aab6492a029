import type { Bundle } from "./bundle.js";

/** An error from a container: its stack names the files as they are here. */
export function remapStacks(error: unknown, { digest, root }: Bundle): unknown {
  const there = new RegExp(`(?:file://)?/[^\\s()]*/${digest}/`, "g");
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    if (typeof each.stack === "string") each.stack = each.stack.replaceAll(there, `${root}/`);
  }
  return error;
}

import { recordMember } from "../../src/dsl/metadata.js";
import { Pipeline } from "../../src/index.js";

/** A pipeline class with a chain of nodes, each over the one before: `n0`, `n1`, ... over the input `x`. */
export function chainOfNodes(length: number): new () => Pipeline {
  return generated(length, "x", (before) => ({ role: "node", dependencies: [before], options: {} }));
}

/** The same with mapped nodes, over the list `xs`. */
export function chainOfMaps(length: number): new () => Pipeline {
  return generated(length, "xs", (before) => ({ role: "mapOver", over: [before], dependencies: [], options: {} }));
}

/** A pipeline class made by hand: `member` tells what each node is, by its index and the name of the one before. */
export function generated(
  length: number,
  source: string,
  member: (before: string, index: number) => Parameters<typeof recordMember>[2],
): new () => Pipeline {
  class Generated extends Pipeline {}
  recordMember(Generated.prototype, source, { role: "input", dependencies: [], options: {} });
  for (let i = 0; i < length; i++) {
    Object.defineProperty(Generated.prototype, `n${i}`, { value: (x: number) => x + 1 });
    recordMember(Generated.prototype, `n${i}`, member(i === 0 ? source : `n${i - 1}`, i));
  }
  return Generated;
}

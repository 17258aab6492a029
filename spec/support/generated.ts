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

/**
 * A pipeline class made by hand.
 *
 * @param member gives a node's declaration, by the name of the node before it and its index.
 * @param method gives a node's method, by its index.
 */
export function generated(
  length: number,
  source: string,
  member: (before: string, index: number) => Parameters<typeof recordMember>[2],
  method: (index: number) => (x: number) => unknown = () => (x) => x + 1,
): new () => Pipeline {
  class Generated extends Pipeline {}
  recordMember(Generated.prototype, source, { role: "input", dependencies: [], options: {} });
  for (let i = 0; i < length; i++) {
    Object.defineProperty(Generated.prototype, `n${i}`, { value: method(i) });
    recordMember(Generated.prototype, `n${i}`, member(i === 0 ? source : `n${i - 1}`, i));
  }
  return Generated;
}

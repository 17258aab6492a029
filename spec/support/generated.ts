import { recordMember } from "../../src/dsl/metadata.js";
import { Pipeline } from "../../src/index.js";

/** A pipeline class with a chain of mapped nodes, each over the one before: `n0`, `n1`, ... over the input `xs`. */
export function chainOfMaps(length: number): new () => Pipeline {
  class Maps extends Pipeline {}
  recordMember(Maps.prototype, "xs", { role: "input", dependencies: [], options: {} });
  for (let i = 0; i < length; i++) {
    Object.defineProperty(Maps.prototype, `n${i}`, { value: (x: number) => x + 1 });
    recordMember(Maps.prototype, `n${i}`, {
      role: "mapOver",
      over: [i === 0 ? "xs" : `n${i - 1}`],
      dependencies: [],
      options: {},
    });
  }
  return Maps;
}

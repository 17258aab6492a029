import { inspect } from "node:util";
import fc from "fast-check";

/** Any value that travels and is made of the language's own types. */
export const VALUES = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withBoxedValues: true,
    withObjectString: true,
    maxDepth: 4,
    // Node 20's deepStrictEqual holds no two invalid dates equal.
  })
  .filter((value) => !inspect(value, { depth: 9 }).includes("Invalid Date"));

import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import type { Dependencies } from "./dependency-types.js";
import { recordMember } from "./metadata.js";
import type { MethodAt, MethodKey, OutputMethod } from "./method-types.js";

/**
 * A node whose value `run` returns. It takes what `@node` takes; the method returns `Output<T>`. A class with no
 * `@output` returns every node.
 */
export function output<T, K extends string, P extends unknown[], R, const D extends readonly (string | object)[]>(
  ...dependencies: Dependencies<T, K, P, D, "@output">
): (target: T, key: MethodKey<T, K>, ...method: MethodAt<T, OutputMethod<P, R, D>>) => void;
export function output(...given: unknown[]) {
  assertCalled("@output", given, '@output("hits")');
  const said = splitOptions(given);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(target, key, { role: "output", ...said }, third);
}

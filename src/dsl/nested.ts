import { types } from "node:util";
import { splitOptions } from "./decorator-args.js";
import { assertCalled } from "./decorator-target.js";
import { type AnyPipeline, PIPELINE, type PipelineClass } from "./members.js";
import { recordMember } from "./metadata.js";
import type { NestedField, NodePick, PickedValue, Wiring, WiringInput } from "./nested-field-types.js";
import type { NodeOptions } from "./node-options.js";

/**
 * Declares a field `Nested<T>` that stands for a whole pipeline. Only the child's nodes that are needed run.
 *
 * @param child a pipeline class, or a pipeline object with bound inputs.
 * @param wiring the child's inputs, mapped to names of members of this class.
 * @param pick the node of the child whose value the field has; without it, the value is the record of the child's
 * outputs.
 * @param options see {@link NodeOptions}.
 * @returns a property decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance field.
 *
 * @example
 * ```ts
 * @nested(Cleaning, { text: "document" }, "cleaned") cleaned!: Nested<string>;
 * ```
 */
export function nested<
  T,
  Key extends PropertyKey,
  C extends PipelineClass | AnyPipeline,
  const W extends WiringInput | PropertyKey,
  const K extends string | NodeOptions | undefined = undefined,
>(
  child: C,
  wiring: W extends Wiring<T, Key, C, W, K> ? W : Wiring<T, Key, C, W, K>,
  pick?: K extends NodePick<C, K> ? K : NodePick<C, K>,
  options?: NodeOptions,
): (target: T, key: NestedField<T, Key, PickedValue<C, K>, "@nested">) => void;
export function nested(...given: unknown[]) {
  assertCalled("@nested", given, '@nested(Child, { text: "document" })');
  const [child, wiring, ...last] = given;
  const { dependencies, options, faults } = splitOptions(last.filter((argument) => argument !== undefined));
  const [pick] = dependencies;
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(
      target,
      key,
      {
        role: "nested",
        dependencies: [],
        child: { pipeline: child, wiring: wiring as Record<string, string>, pick },
        options,
        faults,
      },
      third,
    );
}

/** Returns the argument if it is a pipeline class or a pipeline object. */
export function asNestedPipeline(argument: unknown): unknown {
  if (typeof argument === "function") return argument;
  // A pipeline has private state, so a Proxy is none.
  if (typeof argument !== "object" || argument === null || types.isProxy(argument)) return undefined;
  return PIPELINE in argument ? argument : undefined;
}

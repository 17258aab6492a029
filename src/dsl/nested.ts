import { split } from "./arguments.js";
import type { NestedField, Pick, PickedOf, Wirable, Wiring } from "./fields.js";
import { type AnyPipeline, PIPELINE, type PipelineClass } from "./members.js";
import { recordMember } from "./metadata.js";
import type { NodeOptions } from "./options.js";
import { checkCalled } from "./place.js";

/**
 * A field `Nested<T>` that stands for a whole pipeline: `wiring` maps the child's inputs to members here, `pick` takes
 * one node's value; without it the value is the record of the child's outputs. The child is a class, or a pipeline
 * object with bound inputs. Only the child's nodes that are needed run.
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
  const W extends Wirable | PropertyKey,
  const K extends string | NodeOptions | undefined = undefined,
>(
  child: C,
  wiring: W extends Wiring<T, Key, C, W, K> ? W : Wiring<T, Key, C, W, K>,
  pick?: K extends Pick<C, K> ? K : Pick<C, K>,
  options?: NodeOptions,
): (target: T, key: NestedField<T, Key, PickedOf<C, K>, "@nested">) => void;
export function nested(...given: unknown[]) {
  checkCalled("@nested", given, '@nested(Child, { text: "document" })');
  const [child, wiring, ...last] = given;
  const { dependencies, options, faults } = split(last.filter((argument) => argument !== undefined));
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

/** The argument, if it is a pipeline class or a pipeline object. */
export function childOf(argument: unknown): unknown {
  if (typeof argument === "function") return argument;
  return typeof argument === "object" && argument !== null && PIPELINE in argument ? argument : undefined;
}

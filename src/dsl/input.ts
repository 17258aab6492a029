import { isFlag, isRecord, optionFaults, type RulesOf } from "../util/options.js";
import { assertCalled, type BareClass, type Mistake } from "./decorator-target.js";
import { recordMember } from "./metadata.js";
import type { InputField } from "./nested-field-types.js";

/** What `@input` is told. */
export interface InputOptions {
  /**
   * The input may be left out though it has no default. TypeScript's `?` is gone at run time: say it here (or with
   * class-validator's `@IsOptional()`) for an input that has no initialiser.
   */
  readonly optional?: boolean;
}

const INPUT_RULES: RulesOf<InputOptions> = { optional: isFlag };

/**
 * A field that the caller gives. Its initialiser is its default. Decorators of class-validator and
 * class-transformer on the same field say what is valid and how a plain object becomes an instance.
 *
 * @example
 * ```ts
 * @input() @IsInt() @Min(1) topK?: number = 5;
 * ```
 */
export function input<A extends unknown[] = never>(
  options?: InputOptions | BareClass<A>,
): [A] extends [never]
  ? <T, K extends keyof T>(target: T, key: InputField<T, K>, accessor?: "an input is a field, not an accessor") => void
  : Mistake<"@input() goes on a field, not on a class">;
export function input(...given: unknown[]): unknown {
  assertCalled("@input", given, "@input()");
  const [options = {}] = given;
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(
      target,
      key,
      {
        role: "input",
        dependencies: [],
        options: {},
        optional: isRecord(options) && options.optional === true,
        faults: optionFaults(options, INPUT_RULES),
      },
      third,
    );
}

import {
  checkNoMore,
  isFlag,
  isRecord,
  type OptionFault,
  optionFaults,
  type RulesOf,
  readOptions,
} from "../util/options.js";
import { assertCalled, type BareClass, type Mistake } from "./decorator-target.js";
import { recordMember } from "./metadata.js";
import type { InputFieldKey } from "./nested-field-types.js";

/**
 * Options of `@input`.
 *
 * @example
 * ```ts
 * const options: InputOptions = { optional: true };
 * class Labeled extends Pipeline { @input(options) label?: string; }
 * ```
 */
export interface InputOptions {
  /**
   * Makes the input optional although it has no default. TypeScript's `?` is erased at run time, so an optional input
   * without an initializer needs this option (or class-validator's `@IsOptional()`).
   *
   * @default false
   */
  readonly optional?: boolean;
}

const INPUT_RULES: RulesOf<InputOptions> = { optional: isFlag };

/**
 * Declares a field whose value the caller provides. The field initializer is the default. Decorators of class-validator
 * and class-transformer on the same field validate the value and convert plain objects to instances.
 *
 * @param options see {@link InputOptions}.
 * @returns a property decorator.
 * @throws {DefinitionError} if it is written without parentheses, or is not on an instance field.
 *
 * @example
 * ```ts
 * @input() @IsInt() @Min(1) topK?: number = 5;
 * ```
 */
export function input<A extends unknown[] = never>(
  options?: InputOptions | BareClass<A>,
): [A] extends [never]
  ? <T, K extends PropertyKey>(
      target: T,
      key: InputFieldKey<T, K>,
      accessor?: "an input is a field, not an accessor",
    ) => void
  : Mistake<"@input() goes on a field, not on a class">;
export function input(...given: unknown[]): unknown {
  assertCalled("@input", given, "@input()");
  checkNoMore("@input({ optional })", given.slice(1));
  const [first = {}] = given;
  const unread: OptionFault[] = [];
  const options = readOptions(first, unread);
  return (target: object, key: unknown, third?: unknown): void =>
    recordMember(
      target,
      key,
      {
        role: "input",
        dependencies: [],
        options: {},
        optional: isRecord(options) && options.optional === true,
        faults: [...unread, ...optionFaults(options, INPUT_RULES)],
      },
      third,
    );
}

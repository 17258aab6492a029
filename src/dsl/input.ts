import { isFlag, isRecord, optionFaults, type RulesOf } from "../util/options.js";
import type { InputField } from "./fields.js";
import { recordMember } from "./metadata.js";

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
export function input(options: InputOptions = {}) {
  return <T, K extends keyof T>(target: T, key: InputField<T, K>): void => {
    recordMember(target as object, key, {
      role: "input",
      dependencies: [],
      options: {},
      optional: isRecord(options) && options.optional === true,
      faults: optionFaults(options, INPUT_RULES),
    });
  };
}

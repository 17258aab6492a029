import type { ValidationError } from "class-validator";
import type { Violation } from "../errors.js";

/**
 * Validates some properties of a class against its decorators.
 *
 * @param values the values by property; those that are undefined are passed over.
 */
export async function validate(type: Function, values: Readonly<Record<string, unknown>>): Promise<Violation[]> {
  const loaded = await import("class-validator");
  // Bundlers give what a CommonJS package exports as the default alone.
  const { validate } = (loaded as { default?: Validator }).default ?? (loaded as Validator);
  const object = Object.assign(Object.create(type.prototype as object), values) as object;
  const errors = await validate(object, {
    skipUndefinedProperties: true,
    forbidUnknownValues: false,
    validationError: { target: false },
  });
  return errors.filter((error) => error.property in values).flatMap((error) => violationsOf(error, ""));
}

type Validator = Pick<typeof import("class-validator"), "validate">;

function violationsOf(error: ValidationError, within: string): Violation[] {
  const path = /^\d+$/.test(error.property)
    ? `${within}[${error.property}]`
    : within === ""
      ? error.property
      : `${within}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, problem]) => ({ path, constraint, problem }));
  return [...own, ...(error.children ?? []).flatMap((child) => violationsOf(child, path))];
}

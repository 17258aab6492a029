/// <reference path="./class-transformer-storage.d.ts" />
import type { ValidationError } from "class-validator";
import type { Violation } from "../errors.js";
import { describeValue } from "../util/describe.js";

/** What class-validator keeps of one decorator. */
interface Metadata {
  readonly propertyName: string;
  readonly type: string;
  readonly name?: string;
  readonly each?: boolean;
}

/**
 * Validates some properties of an object against its class's decorators, which may read the others.
 *
 * @throws whatever a validator throws.
 */
export async function validate(type: Function, object: object, properties: ReadonlySet<string>): Promise<Violation[]> {
  const { ValidationExecutor, Validator } = await loaded();
  const executor = new ValidationExecutor(new Validator(), { forbidUnknownValues: false });
  const storage = executor.metadataStorage;
  const recordedFor = (target: Function) =>
    storage.getTargetValidationMetadatas(target, "", false, false) as readonly Metadata[];
  const own = recordedFor(type).filter(isAsked(object as Record<string, unknown>, properties, recordedFor(type)));
  executor.metadataStorage = Object.assign(Object.create(storage) as typeof storage, {
    getTargetValidationMetadatas: (target: Function, ...rest: unknown[]) =>
      target === type ? own : storage.getTargetValidationMetadatas(target, ...rest),
  });
  const errors: ValidationError[] = [];
  executor.execute(object, "", errors);
  await Promise.all(executor.awaitingPromises);
  const isList = ({ target, property }: ValidationError) =>
    recordedFor((target as object).constructor).some((known) => known.propertyName === property && known.each === true);
  return executor.stripEmptyErrors(errors).flatMap((error) => toViolations(error, "", isList));
}

/**
 * Which rules of the top level are asked: those of the properties. An input that is not there is passed over, unless its
 * own condition (`@ValidateIf`) says when it must be.
 */
function isAsked(object: Readonly<Record<string, unknown>>, properties: ReadonlySet<string>, all: readonly Metadata[]) {
  const conditional = new Set(
    all
      .filter(({ type, name }) => type === "conditionalValidation" && name !== "isOptional")
      .map(({ propertyName }) => propertyName),
  );
  return ({ propertyName, type }: Metadata): boolean =>
    properties.has(propertyName) &&
    (object[propertyName] !== undefined || type === "isDefined" || conditional.has(propertyName));
}

type Loaded = Pick<typeof import("class-validator"), "Validator"> &
  Pick<typeof import("class-validator/cjs/validation/ValidationExecutor.js"), "ValidationExecutor">;

let loading: Promise<Loaded> | undefined;

/** Loading it takes 110 ms: only where something is validated. */
function loaded(): Promise<Loaded> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Loaded> {
  const [validator, executor] = await Promise.all([
    import("class-validator"),
    import("class-validator/cjs/validation/ValidationExecutor.js"),
  ]);
  // Bundlers give what a CommonJS package exports as the default alone.
  const exported = <M extends object>(module: M) => (module as { default?: M }).default ?? module;
  return { Validator: exported(validator).Validator, ValidationExecutor: exported(executor).ValidationExecutor };
}

function toViolations(
  error: ValidationError,
  within: string,
  isList: (error: ValidationError) => boolean,
): Violation[] {
  const { property } = error;
  const path = within === "" ? property : /^\d+$/.test(property) ? `${within}[${property}]` : `${within}.${property}`;
  const constraints = Object.entries(error.constraints ?? {});
  const seen = constraints.length === 0 ? "" : seenInstead(error, isList(error));
  const own = constraints.map(([constraint, problem]) => ({ path, constraint, problem: `${problem}${seen}` }));
  return [...own, ...(error.children ?? []).flatMap((child) => toViolations(child, path, isList))];
}

/** The value itself, where it is none of the kind that the rules are for: their messages do not say what it is. */
function seenInstead({ value, constraints }: ValidationError, isList: boolean): string {
  if (isList && !(Array.isArray(value) || value instanceof Set || value instanceof Map)) {
    return `: it is ${describeValue(value)}, not a list`;
  }
  return constraints?.nestedValidation === undefined ? "" : `: it is ${describeValue(value)}`;
}

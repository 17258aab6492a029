/// <reference path="./class-transformer-storage.d.ts" />
import { defaultMetadataStorage } from "class-transformer/cjs/storage.js";
import type { ValidationError } from "class-validator";
import type { Violation } from "../errors.js";
import { describeValue } from "../util/describe.js";
import { formatList } from "../util/suggest.js";
import { BrokenElements } from "./broken-elements.js";

/** The metadata that class-validator stores for one decorator. */
interface Metadata {
  readonly propertyName: string;
  readonly type: string;
  readonly name?: string;
  readonly each?: boolean;
}

/**
 * Validates some properties of an object by its class's decorators, which may read the others.
 *
 * @throws any exception of a validator.
 */
export async function validate(type: Function, object: object, properties: ReadonlySet<string>): Promise<Violation[]> {
  const { ValidationExecutor, Validator } = await loaded();
  const executor = new ValidationExecutor(new Validator(), { forbidUnknownValues: true });
  const storage = executor.metadataStorage;
  const recordedFor = (target: Function) =>
    storage.getTargetValidationMetadatas(target, "", false, false) as readonly Metadata[];
  const own = recordedFor(type).filter(isAsked(object as Record<string, unknown>, properties, recordedFor(type)));
  if (own.length === 0) return [];
  const broken = new BrokenElements();
  executor.metadataStorage = Object.assign(Object.create(storage) as typeof storage, {
    getTargetValidatorConstraints: (target: Function) =>
      storage.getTargetValidatorConstraints(target).map((constraint) => broken.recorded(constraint)),
    getTargetValidationMetadatas: (target: Function, ...rest: unknown[]) =>
      target === type ? own : storage.getTargetValidationMetadatas(target, ...rest),
  });
  const errors: ValidationError[] = [];
  executor.execute(object, "", errors);
  await Promise.all(executor.awaitingPromises);
  const isList = ({ target, property }: ValidationError) =>
    recordedFor((target as object).constructor).some((known) => known.propertyName === property && known.each === true);
  return executor.stripEmptyErrors(errors).flatMap((error) => toViolations(error, "", { isList, broken }));
}

/**
 * Selects the top-level rules of the given properties. An absent input is skipped, unless its own condition
 * (`@ValidateIf`) requires it.
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

/** Loading it takes 110 ms, so it is only loaded for a validation. */
function loaded(): Promise<Loaded> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Loaded> {
  const [validator, executor] = await Promise.all([
    import("class-validator"),
    import("class-validator/cjs/validation/ValidationExecutor.js"),
  ]);
  // Bundlers export a CommonJS package only as the default.
  const exported = <M extends object>(module: M) => (module as { default?: M }).default ?? module;
  return { Validator: exported(validator).Validator, ValidationExecutor: exported(executor).ValidationExecutor };
}

function toViolations(
  error: ValidationError,
  within: string,
  rules: { isList(error: ValidationError): boolean; readonly broken: BrokenElements },
  list?: ValidationError,
): Violation[] {
  const { property } = error;
  const path = within === "" ? property : /^\d+$/.test(property) ? `${within}[${property}]` : `${within}.${property}`;
  const constraints = Object.entries(error.constraints ?? {});
  const seen = constraints.length === 0 ? "" : describeActual(error, rules.isList(error));
  const own = constraints.map(([constraint, problem]) => ({
    path,
    constraint,
    problem: `${problem.trim() === "" ? "it is not valid" : problem}${seen || rules.broken.described(error, constraint, path)}`,
  }));
  const member = isElement(error) ? list : error;
  const children = (error.children ?? []).flatMap((child) =>
    child.constraints?.unknownValue === undefined
      ? toViolations(child, path, rules, member)
      : unknownClass(child, path, member),
  );
  return [...own, ...children];
}

/** True for the error of an element of a list, whose target is the list. */
function isElement({ target }: ValidationError): boolean {
  return Array.isArray(target) || target instanceof Set || target instanceof Map;
}

/**
 * The violation of a nested value without rules. A plain one has no class that would have some; an instance of a class
 * without rules is valid, except for the base class of a discriminator: that is what class-transformer makes of a value
 * with an unknown subtype.
 *
 * @param member the error of the property that the value is in, or in whose list it is.
 */
function unknownClass({ target }: ValidationError, path: string, member: ValidationError | undefined): Violation[] {
  const prototype: unknown = Object.getPrototypeOf(target);
  const { discriminator } = (member && typeOptions(member)) ?? {};
  if (discriminator !== undefined && !discriminator.subTypes.some(({ value }) => target instanceof value)) {
    const names = discriminator.subTypes.map(({ name }) => name);
    const found = `it is an instance of no subtype, such as ${formatList(names)}: it is ${describeValue(target)}`;
    const isInMap = (member!.value as unknown) instanceof Map;
    const problem = isInMap ? `${found}. class-transformer finds no subtypes of values in a Map` : found;
    return [{ path, constraint: "nestedValidation", problem }];
  }
  if (prototype !== Object.prototype && prototype !== null) return [];
  const problem = `it can't be validated, because its class is not known: it is ${describeValue(target)}. Add @Type(() => TheClass) beside @ValidateNested(), and give a default as an instance of it`;
  return [{ path, constraint: "nestedValidation", problem }];
}

function typeOptions({ target, property }: ValidationError) {
  return defaultMetadataStorage.findTypeMetadata((target as object).constructor, property)?.options;
}

/** Describes a value of a different kind than the rules are for: their messages do not show it. */
function describeActual({ value, constraints }: ValidationError, isList: boolean): string {
  if (isList && !(Array.isArray(value) || value instanceof Set || value instanceof Map)) {
    return `: it is ${describeValue(value)}, not a list`;
  }
  return constraints?.nestedValidation === undefined ? "" : `: it is ${describeValue(value)}`;
}

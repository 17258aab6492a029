import { types } from "node:util";
import type { ValidationArguments, ValidationError, ValidatorConstraintInterface } from "class-validator";
import { describeValue } from "../util/describe.js";
import { getOrCreate } from "../util/get-or-create.js";

/** Maximum number of elements that a message names. */
const MAX_NAMED = 5;

/** A rule of class-validator, as it stores it. */
interface Constraint {
  readonly name: string;
  readonly instance: ValidatorConstraintInterface;
}

/** The results of one rule with `each`, one for each element, in their order. */
interface ElementResults {
  readonly property: string;
  readonly constraint: string;
  readonly results: unknown[];
}

/**
 * The elements that break a rule with `{ each: true }`: class-validator reports only the list. It asks the rule for each
 * element, so the answers are recorded, and no rule is asked twice.
 */
export class BrokenElements {
  private readonly byObject = new Map<object, Map<ValidationArguments, ElementResults>>();

  /** Returns a rule whose answers for the elements of lists are recorded. */
  recorded<C extends Constraint>(constraint: C): C {
    const { instance, name } = constraint;
    const recording: ValidatorConstraintInterface = {
      validate: (value, args) => {
        const result = instance.validate(value, args);
        // A rule without `each` is asked once, for the whole list.
        if (args !== undefined && !Object.is(value, args.value)) this.record(args, name, result);
        return result;
      },
    };
    if (instance.defaultMessage !== undefined) recording.defaultMessage = (args) => instance.defaultMessage!(args);
    return Object.create(constraint, { instance: { value: recording } }) as C;
  }

  private record(args: ValidationArguments, constraint: string, result: unknown): void {
    const lists = getOrCreate(this.byObject, args.object, () => new Map<ValidationArguments, ElementResults>());
    const list = getOrCreate(lists, args, () => ({ property: args.property, constraint, results: [] }));
    const index = list.results.push(result) - 1;
    if (result instanceof Promise) {
      void result.then(
        (settled) => {
          list.results[index] = settled;
        },
        () => {},
      );
    }
  }

  /**
   * Names the elements that broke a rule: `: texts[1] is 3, texts[4] is null`; nothing for a rule without `each`.
   *
   * @param path the list's.
   */
  described({ target, property, value }: ValidationError, constraint: string, path: string): string {
    const broken = new Set<number>();
    for (const list of this.byObject.get(target as object)?.values() ?? []) {
      if (list.property !== property || list.constraint !== constraint) continue;
      for (const [index, result] of list.results.entries()) if (!result) broken.add(index);
    }
    if (broken.size === 0) return "";
    const elements = entriesOf(value);
    const named = [...broken].slice(0, MAX_NAMED).map((index) => {
      const [key, element] = elements[index]!;
      return `${path}[${describeValue(key)}] is ${describeValue(element)}`;
    });
    const more = broken.size - named.length;
    return `: ${named.join(", ")}${more === 0 ? "" : `, and ${more} more`}`;
  }
}

/** The elements that a rule is asked for, with their keys: class-validator skips the holes of an array. */
function entriesOf(value: unknown): readonly (readonly [key: unknown, element: unknown])[] {
  if (types.isMap(value)) return [...value];
  const elements = [...(value as Iterable<unknown>)].map((element, index) => [index, element] as const);
  return Array.isArray(value) ? elements.filter(([index]) => index in value) : elements;
}

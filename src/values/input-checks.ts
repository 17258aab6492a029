import { types } from "node:util";
import type { Violation } from "../errors.js";
import { validatedProperties } from "../graph/class-validator-metadata.js";
import { type Graph, inputNames } from "../graph/graph.js";
import type { Plan, PlannedInput } from "../graph/plan.js";
import { describeError, describeValue } from "../util/describe.js";
import { exceedsDepth } from "../util/exceeds-depth.js";
import { getOrCreate } from "../util/get-or-create.js";
import { OnDemand } from "../util/on-demand.js";
import { plainName } from "./plain-name.js";
import { transformedProperties } from "./transformed-properties.js";
import { validate } from "./validation.js";

/** The inputs of one run by name, including those that its outputs do not need. */
export interface InputRecord {
  /** Values from a caller, a binding or a parent. */
  readonly given: ReadonlyMap<string, unknown>;
  /**
   * Values of initializers. They are values of the class already: rules can read them, but they are not transformed.
   */
  readonly defaults: ReadonlyMap<string, unknown>;
}

/** Inputs after their validation. */
export interface CheckedInputs {
  readonly values: ReadonlyMap<string, unknown>;
  readonly violations: readonly Violation[];
  /** The first exception of user code. */
  readonly cause?: unknown;
  /** True if a rule read an input that was hidden: then only the whole record can be validated. */
  readonly readsHidden: boolean;
}

/** The inputs of a record to validate. */
export interface Checked {
  readonly names: readonly string[];
  /** Values of the inputs that were validated before. */
  readonly made?: ReadonlyMap<string, unknown>;
  /** Inputs that are not known yet: elements of lists. */
  readonly hidden?: readonly string[];
}

/** The walk that transforms records, loaded when it is needed. */
const transformer = new OnDemand(() => import("./record-transformer.js"));

const checksByType = new WeakMap<readonly PlannedInput[], InputChecks | null>();

/** Returns the checks of a plan's inputs; undefined if their class has no decorators for them. */
export function inputChecksOf(type: Function, { graph, inputs }: Plan): InputChecks | undefined {
  return getOrCreate(checksByType, inputs, () => InputChecks.of(type, graph, inputs) ?? null) ?? undefined;
}

/**
 * The rules that the fields of a pipeline class have for its inputs. The record of all inputs is transformed and
 * validated as one object of the class, so that rules can read other inputs; violations of inputs that the plan does
 * not use are ignored.
 */
export class InputChecks {
  /** Inputs by their names from `@Expose({ name })`. */
  readonly exposed = new Map<string, string>();
  private readonly plain = new Map<string, string>();

  private constructor(
    private readonly type: Function,
    /** All inputs of the class. */
    readonly names: readonly string[],
    private readonly used: ReadonlyMap<string, PlannedInput>,
    private readonly transformed: ReadonlySet<string>,
    private readonly validated: ReadonlySet<string>,
    /** Emitted types of the inputs that are transformed. */
    private readonly types: ReadonlyMap<string, Function | undefined>,
  ) {
    for (const name of transformed) {
      const plain = plainName(type, name);
      if (plain === name) continue;
      this.plain.set(name, plain);
      this.exposed.set(plain, name);
    }
  }

  static of(type: Function, graph: Graph, inputs: readonly PlannedInput[]): InputChecks | undefined {
    const names = inputNames(graph);
    const used = new Map(inputs.map((input) => [input.name, input]));
    const transformed = transformedProperties(type, names);
    const validated = new Set([...validatedProperties(type)].filter((name) => used.has(name)));
    if (validated.size === 0 && !inputs.some(({ name }) => transformed.has(name))) return undefined;
    const types = new Map(graph.nodes.map((node) => [node.name, node.emittedTypes?.type]));
    return new InputChecks(type, names, used, transformed, validated, types);
  }

  /** Tells if any of some inputs has a decorator. */
  concern(names: readonly string[]): boolean {
    return names.some((name) => this.transformed.has(name) || this.validated.has(name));
  }

  /** Returns the name of an input in the records of callers. */
  plainName(name: string): string {
    return this.plain.get(name) ?? name;
  }

  /** Transforms and validates a record, or some inputs of it together with the others. */
  check(record: InputRecord, checked: Checked = { names: this.names }): CheckedInputs | Promise<CheckedInputs> {
    if (this.transformed.size > 0 && transformer.loaded === undefined) {
      return transformer.load().then(() => this.check(record, checked));
    }
    const transforming = this.transform(record, checked);
    const { values, failed } = transforming;
    const toValidate = new Set(checked.names.filter((name) => this.validated.has(name) && !failed.has(name)));
    const wrong = [...transforming.violations, ...this.undefinedInputs(record, checked, transforming)];
    const misfits = this.misfits(record, checked, transforming);
    if (toValidate.size === 0) return { ...transforming, violations: [...wrong, ...misfits] };
    const reading = { hidden: transforming.readsHidden };
    const object = Object.create(this.type.prototype as object) as Record<string, unknown>;
    for (const name of this.names) if (values.has(name)) define(object, name, values.get(name));
    hide(object, checked.hidden, reading);
    return this.validate(object, toValidate).then(({ violations, cause }) => ({
      values,
      // class-validator may report the same input in more detail.
      violations: [...wrong, ...misfits.filter((misfit) => !violations.some(isSame(misfit))), ...violations],
      cause: transforming.cause ?? cause,
      readsHidden: reading.hidden,
    }));
  }

  private transform(record: InputRecord, { names, made, hidden }: Checked): Transformed {
    const { given, defaults } = record;
    const values = new Map([...defaults, ...given]);
    if (made !== undefined) for (const [name, value] of made) if (!names.includes(name)) values.set(name, value);
    for (const name of hidden ?? []) values.delete(name);
    const result: Transformed = { values, failed: new Set(), violations: [], cause: undefined, readsHidden: false };
    const toTransform = names.filter((name) => this.transformed.has(name) && (given.has(name) || !defaults.has(name)));
    if (toTransform.length === 0) return result;
    const reading = { hidden: false };
    const attempt = (some: readonly string[]) => {
      const plain = {};
      for (const [name, value] of defaults) if (!given.has(name)) define(plain, name, value);
      for (const [name, value] of given) define(plain, this.plainName(name), value);
      hide(
        plain,
        hidden?.map((name) => this.plainName(name)),
        reading,
      );
      return transformer.loaded!.transform(this.type, plain, new Set(some.map((name) => this.plainName(name))));
    };
    const take = (object: Record<string, unknown>, some: readonly string[]) => {
      for (const name of some) {
        const value = Object.hasOwn(object, name) ? object[name] : undefined;
        if (value !== undefined) values.set(name, value);
        else if (defaults.has(name)) values.set(name, defaults.get(name));
        else values.delete(name);
      }
    };
    try {
      take(attempt(toTransform), toTransform);
    } catch {
      // One of them throws: each is transformed alone to find it.
      for (const name of toTransform) {
        try {
          take(attempt([name]), [name]);
        } catch (error) {
          result.failed.add(name);
          if (!this.used.has(name)) continue;
          result.violations.push(thrown(name, given.get(name), "transform", "its transformation", error));
          result.cause ??= error;
        }
      }
    }
    return { ...result, readsHidden: reading.hidden };
  }

  /** Reports given inputs that their decorators made undefined. */
  private undefinedInputs({ given }: InputRecord, { names }: Checked, { values, failed }: Transformed): Violation[] {
    const inputs = names.filter((name) => {
      const input = this.used.get(name);
      if (input === undefined || input.optional || failed.has(name) || !this.transformed.has(name)) return false;
      return given.get(name) !== undefined && values.get(name) === undefined;
    });
    return inputs.map((path) => ({
      path,
      constraint: "undefined",
      problem: `class-transformer's decorators make it undefined: it was ${describeValue(given.get(path))}`,
    }));
  }

  /**
   * Reports inputs that are a list where their class has one value, or one value where it has a list: class-transformer
   * accepts both.
   */
  private misfits({ given }: InputRecord, { names }: Checked, { values, failed }: Transformed): Violation[] {
    const violations: Violation[] = [];
    for (const path of names) {
      const value = values.get(path);
      const type = this.types.get(path);
      const isThere = this.used.has(path) && this.transformed.has(path) && !failed.has(path) && given.has(path);
      if (!isThere || type === undefined || type === Object || value === undefined || value === null) continue;
      const collection = COLLECTIONS.get(type);
      if (collection === undefined ? !Array.isArray(value) || value instanceof type : collection.is(value)) continue;
      const takes = collection?.takes ?? `one ${type.name}, not a list`;
      violations.push({
        path,
        constraint: "type",
        problem: `it takes ${takes}: it is ${describeValue(given.get(path))}`,
      });
    }
    return violations;
  }

  private async validate(
    object: Record<string, unknown>,
    names: ReadonlySet<string>,
  ): Promise<{ violations: Violation[]; cause?: unknown }> {
    try {
      return { violations: await validate(this.type, object, names) };
    } catch (error) {
      if (names.size > 1) {
        const each = await Promise.all([...names].map((name) => this.validate(object, new Set([name]))));
        return {
          violations: each.flatMap(({ violations }) => violations),
          cause: each.find(({ cause }) => cause !== undefined)?.cause,
        };
      }
      const [name] = names as Set<string> & Iterable<string>;
      return { violations: [thrown(name!, object[name!], "validate", "its validation", error)], cause: error };
    }
  }
}

interface Transformed {
  readonly values: Map<string, unknown>;
  /** Inputs that could not be transformed. */
  readonly failed: Set<string>;
  readonly violations: Violation[];
  cause: unknown;
  readonly readsHidden: boolean;
}

function isSame(one: Violation): (other: Violation) => boolean {
  return (other) => other.path === one.path;
}

/** Declared types of collections: class-transformer accepts one value instead. */
const COLLECTIONS = new Map<Function, { readonly takes: string; is(value: unknown): boolean }>([
  [Array, { takes: "a list", is: (value) => isIterable(value) && !types.isMap(value) }],
  [Set, { takes: "a Set, or a list for one", is: types.isSet }],
  [Map, { takes: "a Map, or a plain object for one", is: types.isMap }],
]);

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** Defines an input as an own property, whatever its name. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Makes inputs without a known value undefined, and records if a rule reads one. */
function hide(object: object, names: readonly string[] = [], reading: { hidden: boolean }): void {
  const get = () => {
    reading.hidden = true;
    return undefined;
  };
  for (const name of names) Object.defineProperty(object, name, { get, enumerable: true, configurable: true });
}

/** Maximum depth that both packages certainly support: each level takes several of their calls. */
const LEVELS = 250;

function thrown(path: string, value: unknown, during: string, what: string, error: unknown): Violation {
  if (error instanceof RangeError && exceedsDepth(value, LEVELS)) {
    return { path, constraint: "depth", problem: `it is nested more than ${LEVELS} levels deep, or refers to itself` };
  }
  const problem = `${what} failed with ${describeError(error)}. The value is ${describeValue(value)}`;
  return { path, constraint: during, problem };
}

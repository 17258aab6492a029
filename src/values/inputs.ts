import { types } from "node:util";
import { InputError, type Violation } from "../errors.js";
import { type Graph, inputNames } from "../graph/graph.js";
import { nodesByName } from "../graph/order.js";
import type { Plan, PlannedInput } from "../graph/plan.js";
import { describeError, describeValue } from "../util/describe.js";
import { hasField } from "../util/has-field.js";
import { hasMethods, isRecord } from "../util/options.js";
import { didYouMean, formatList } from "../util/suggest.js";
import { isAwaitable } from "../util/thenable.js";
import type { InputChecks, InputRecord } from "./input-checks.js";

/**
 * Checks that a caller's inputs are values by name: a plain object, or an instance of a user's class. The content of a
 * Map, a Date or the like is not in its properties: it would count as no inputs.
 *
 * @param expected describes the inputs of the pipeline.
 * @throws {InputError}
 */
export function assertRecord(where: string, inputs: unknown, expected?: () => string): void {
  const isPending = isAwaitable(inputs);
  if (!isPending && isRecord(inputs)) return;
  throw new InputError({
    code: "INVALID_INPUTS",
    where,
    problem: `the inputs are not an object of values by name, but ${isPending ? "a promise" : describeValue(inputs)}`,
    advice: isPending
      ? "Await it, and give its value."
      : `Give them as { name: value }${expected === undefined ? "" : `: ${expected()}`}.`,
    violations: [{ path: "", constraint: "record", problem: "the inputs are not an object" }],
  });
}

/**
 * Reads a caller's inputs, each once.
 *
 * @param names the names whose values are used, each once; others are only names.
 * @returns the values of the inputs that are there.
 * @throws {InputError} with all inputs whose getters throw.
 */
export function readInputs(
  where: string,
  inputs: Readonly<Record<string, unknown>>,
  names: Iterable<string>,
): Record<string, unknown> {
  // An object without a prototype would take several times as long.
  const values: Record<string, unknown> = {};
  const violations: Violation[] = [];
  let cause: unknown;
  for (const name of names) {
    try {
      if (hasField(inputs, name)) values[name] = inputs[name];
    } catch (error) {
      violations.push({ path: name, constraint: "getter", problem: `reading it threw ${describeError(error)}` });
      cause ??= error;
    }
  }
  if (violations.length > 0) throw inputError(where, violations, { cause });
  for (const name in inputs) {
    if (name === "__proto__") Object.defineProperty(values, name, { value: undefined, enumerable: true });
    else if (!Object.hasOwn(values, name)) values[name] = undefined;
  }
  return values;
}

/**
 * Asks the sources of a stream that emit whether they are read or not, as a readline interface does, for their
 * iterators: what they emit before is lost.
 *
 * @param names the inputs whose values are sources.
 * @returns the inputs, with these iterators in place of such sources.
 */
export function openEmitters(
  inputs: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isRecord(inputs) || types.isProxy(inputs)) return inputs;
  const opened: PropertyDescriptorMap = {};
  for (const name of names) {
    const property = Object.getOwnPropertyDescriptor(inputs, name);
    const source: unknown = property?.value;
    if (!hasMethods(source, "on") || !(Symbol.asyncIterator in source)) continue;
    const iterator = (source as unknown as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    opened[name] = { ...property, value: { [Symbol.asyncIterator]: () => iterator } };
  }
  if (Object.keys(opened).length === 0) return inputs;
  return Object.create(Object.getPrototypeOf(inputs), { ...Object.getOwnPropertyDescriptors(inputs), ...opened });
}

/**
 * Returns the inputs of one run. A value from the caller overrides a bound one, which overrides the default. Undefined
 * does not count as a value.
 *
 * @param inputs the caller's inputs, by their own names or by those of `@Expose({ name })`.
 */
export function inputRecord(
  graph: Graph,
  pipeline: object,
  inputs: Readonly<Record<string, unknown>>,
  bound: Readonly<Record<string, unknown>>,
  checks: InputChecks | undefined,
): InputRecord {
  const given = new Map<string, unknown>();
  const defaults = new Map<string, unknown>();
  for (const name of inputNames(graph)) {
    const value = (pipeline as Record<string, unknown>)[name];
    if (value !== undefined) defaults.set(name, value);
    const exposed = ownValue(inputs, checks?.plainName(name) ?? name);
    const found = [exposed, ownValue(inputs, name), bound[name]].find((value) => value !== undefined);
    // A decorator may convert a given undefined into a value.
    if (found !== undefined || (Object.hasOwn(inputs, name) && value === undefined)) given.set(name, found);
  }
  return { given, defaults };
}

/** Returns a caller's input. An input may have the name of a method of all objects. */
export function ownValue(inputs: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(inputs, name) ? inputs[name] : undefined;
}

/**
 * Compares the caller's inputs with those of a plan: violations for missing and unknown names.
 *
 * @param hasValue tells if an input has a value, given or made by its decorators.
 */
export function checkInputNames(
  graph: Graph,
  plan: Plan,
  pipeline: object,
  inputs: Readonly<Record<string, unknown>>,
  hasValue: (name: string) => boolean,
  checks?: InputChecks,
): Violation[] {
  const violations: Violation[] = [];
  for (const { name, optional } of plan.inputs) {
    if (optional || hasValue(name)) continue;
    violations.push({ path: name, constraint: "missing", problem: "it is missing" });
  }
  const nodes = nodesByName(graph);
  for (const name in inputs) {
    const own = checks?.exposed.get(name);
    if (own !== undefined && inputs[own] !== undefined && inputs[name] !== undefined) {
      violations.push({ path: name, constraint: "unknown", problem: `it is the input "${own}", which is also given` });
    }
    if (own !== undefined || nodes.get(name)?.role === "input") continue;
    violations.push({ path: name, constraint: "unknown", problem: unknownInput(graph, pipeline, name) });
  }
  return violations;
}

function unknownInput(graph: Graph, pipeline: object, name: string): string {
  if (nodesByName(graph).has(name)) return `it is a node, not an input: give its value as { given: { ${name} } }`;
  if (Object.hasOwn(pipeline, name)) return "the field of this name has no @input()";
  return `no input has this name. ${didYouMean(name, inputNames(graph))}`;
}

/** Creates the error of a caller's inputs, all violations at once. */
export function inputError(
  where: string,
  violations: readonly Violation[],
  { required, cause }: { readonly required?: string; readonly cause?: unknown } = {},
): InputError {
  const missing = violations.filter((v) => v.constraint === "missing").map((v) => v.path);
  const others = violations.filter((v) => v.constraint !== "missing");
  const lines = [
    ...(missing.length > 0
      ? [
          `missing ${missing.length === 1 ? "input" : "inputs"} ${formatList(missing)}${required === undefined ? "" : ` (${required})`}`,
        ]
      : []),
    ...others.map(({ path, constraint, problem }) =>
      constraint === "unknown" ? `unknown input "${path}": ${problem}` : `${path}: ${problem} (${constraint})`,
    ),
  ];
  return new InputError({
    code:
      missing.length > 0
        ? "MISSING_INPUTS"
        : others.some((v) => v.constraint === "unknown")
          ? "UNKNOWN_INPUTS"
          : "INVALID_INPUTS",
    where,
    problem: lines.length === 1 ? lines[0]! : `${lines.length} problems with the inputs:\n  - ${lines.join("\n  - ")}`,
    advice:
      missing.length > 0
        ? "An optional input needs a default or @input({ optional: true }): TypeScript's ? is erased at run time."
        : undefined,
    violations,
    cause,
  });
}

/** Lists the inputs that a plan requires and accepts, for the error. */
export function describeInputs(plan: Plan, pipeline: object): string {
  const isOptional = ({ name, optional }: PlannedInput) =>
    optional || (pipeline as Record<string, unknown>)[name] !== undefined;
  const required = plan.inputs.filter((input) => !isOptional(input)).map((input) => input.name);
  const optional = plan.inputs.filter(isOptional).map((input) => input.name);
  const parts = [
    ...(required.length > 0 ? [`required: ${formatList(required)}`] : []),
    ...(optional.length > 0 ? [`optional: ${formatList(optional)}`] : []),
  ];
  return parts.join("; ") || "it has no inputs";
}

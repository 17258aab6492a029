import { InputError, type Violation } from "../errors.js";
import { type Graph, inputNames } from "../graph/graph.js";
import { enumerated, suggestion } from "../graph/nearest.js";
import { nodesByName } from "../graph/order.js";
import type { Plan, PlannedInput } from "../graph/plan.js";
import { remembered } from "../graph/remembered.js";
import { validatedProperties } from "../graph/validators.js";
import { transform, transformedProperties } from "./transformation.js";
import { validate } from "./validation.js";

/** What the fields of a pipeline class say of its inputs' values. */
export interface InputChecks {
  /**
   * Transforms values in their slots and validates them.
   *
   * @returns what is wrong, or undefined if nothing had to be validated.
   */
  violations(values: unknown[]): Promise<Violation[]> | undefined;
}

const checks = new WeakMap<readonly PlannedInput[], InputChecks | null>();

/** The checks that some inputs of a pipeline class need; undefined if no decorator asks for any. Made once for each list. */
export function inputChecksOf(type: Function, inputs: readonly PlannedInput[]): InputChecks | undefined {
  return remembered(checks, inputs, () => makeChecks(type, inputs) ?? null) ?? undefined;
}

function makeChecks(type: Function, inputs: readonly PlannedInput[]): InputChecks | undefined {
  const transformed = transformedProperties(
    type,
    inputs.map((input) => input.name),
  );
  const validated = validatedProperties(type);
  const toTransform = inputs.filter((input) => transformed.has(input.name));
  const toValidate = inputs.filter((input) => validated.has(input.name));
  if (toTransform.length === 0 && toValidate.length === 0) return undefined;
  return {
    violations(values) {
      for (const { name, slot } of toTransform) values[slot] = transform(type, name, values[slot]);
      if (toValidate.length === 0) return undefined;
      return validate(type, Object.fromEntries(toValidate.map(({ name, slot }) => [name, values[slot]])));
    },
  };
}

/**
 * Transforms and validates the elements of a list that is mapped over, each as a value of the input.
 *
 * @returns the elements, and what is wrong with them.
 */
export async function checkElements(
  type: Function,
  name: string,
  list: ArrayLike<unknown>,
): Promise<{ elements: ArrayLike<unknown>; violations: Violation[] }> {
  const elements = transformedProperties(type, [name]).has(name)
    ? Array.from(list, (element) => transform(type, name, element))
    : list;
  const violations: Violation[] = [];
  if (validatedProperties(type).has(name)) {
    for (let i = 0; i < elements.length; i++) {
      for (const found of await validate(type, { [name]: elements[i] })) {
        violations.push({ ...found, path: `${name}[${i}]${found.path.slice(name.length)}` });
      }
    }
  }
  return { elements, violations };
}

/** What a caller gave, against what a plan needs: violations for what is missing and what is unknown. */
export function nameViolations(
  graph: Graph,
  plan: Plan,
  pipeline: object,
  inputs: Readonly<Record<string, unknown>>,
  values: readonly unknown[],
): Violation[] {
  const violations: Violation[] = [];
  for (const { name, slot, optional } of plan.inputs) {
    if (values[slot] !== undefined || optional) continue;
    violations.push({ path: name, constraint: "missing", problem: "it is missing" });
  }
  const nodes = nodesByName(graph);
  for (const name in inputs) {
    if (nodes.get(name)?.role === "input") continue;
    violations.push({ path: name, constraint: "unknown", problem: unknownInput(graph, pipeline, name) });
  }
  return violations;
}

function unknownInput(graph: Graph, pipeline: object, name: string): string {
  if (nodesByName(graph).has(name)) return `it is a node, not an input: give its value as { given: { ${name} } }`;
  if (name in pipeline) return "there is such a field, but it has no @input()";
  return `no input has this name. ${suggestion(name, inputNames(graph))}`;
}

/** The error of a caller's inputs, all at once. */
export function inputError(where: string, violations: readonly Violation[], required?: string): InputError {
  const missing = violations.filter((v) => v.constraint === "missing").map((v) => v.path);
  const others = violations.filter((v) => v.constraint !== "missing");
  const lines = [
    ...(missing.length > 0
      ? [
          `missing ${missing.length === 1 ? "input" : "inputs"} ${enumerated(missing)}${required === undefined ? "" : ` (${required})`}`,
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
    problem:
      lines.length === 1 ? lines[0]! : `${lines.length} things are wrong with the inputs:\n  - ${lines.join("\n  - ")}`,
    advice:
      missing.length > 0
        ? "An input that may be left out has a default, or says @input({ optional: true }): TypeScript's ? is gone at run time."
        : undefined,
    violations,
  });
}

/** Which inputs a plan must be given, and which it may be: for the error. */
export function requirements(plan: Plan, pipeline: object): string {
  const isOptional = ({ name, optional }: PlannedInput) =>
    optional || (pipeline as Record<string, unknown>)[name] !== undefined;
  const required = plan.inputs.filter((input) => !isOptional(input)).map((input) => input.name);
  const optional = plan.inputs.filter(isOptional).map((input) => input.name);
  return [
    `required: ${enumerated(required)}`,
    ...(optional.length > 0 ? [`optional: ${enumerated(optional)}`] : []),
  ].join("; ");
}

import { inspect } from "node:util";
import { HypernodesError, NodeError } from "../errors.js";
import { written } from "../graph/graph.js";
import type { Step } from "../graph/plan.js";

/** What is known of a call that failed. */
export interface FailedCall {
  readonly step: Step;
  /** The pipeline's place: `Corpus.essays[3]`. */
  readonly path: string;
  /** The element's index, or that of a batch's first. */
  readonly element?: number | undefined;
  readonly inputs: readonly unknown[];
  readonly attempts: number;
}

/** The error of a node: where, with what, and why. What failed inside a nested pipeline keeps its own place. */
export function nodeError(error: unknown, { step, path, element, inputs, attempts }: FailedCall): NodeError {
  if (step.child !== undefined && error instanceof HypernodesError && error.name !== "TimeoutError") {
    const { code, where, problem, advice } = error;
    const cause = error instanceof NodeError ? error.cause : error;
    return new NodeError({ code, where, problem, advice, cause, node: step.name, element, attempts });
  }
  const names = step.node.dependencies.map((dependency) => dependency.input ?? written(dependency));
  const shown = inputs.map((value, i) => `${names[i] ?? `argument ${i + 1}`} = ${print(value)}`);
  return new NodeError({
    code: "NODE_FAILED",
    where: placeOf(path, step.name, element),
    problem: [
      `failed with ${summary(error)}`,
      ...(attempts > 1 ? [` after ${attempts} attempts`] : []),
      ...(shown.length > 0 ? [`\n  given ${shown.join("\n        ")}`] : []),
    ].join(""),
    cause: error,
    node: step.name,
    element,
    attempts,
  });
}

/** The error of what has failed before, if any of the values is one: where steps collect, it goes on in their place. */
export function failedBefore(values: readonly unknown[]): NodeError | undefined {
  return values.find((value) => value instanceof NodeError) as NodeError | undefined;
}

/** `Corpus.essays[3]` */
export function placeOf(path: string, node: string, element?: number): string {
  const at = path === "" ? node : `${path}.${node}`;
  return element === undefined ? at : `${at}[${element}]`;
}

/** `RangeError: not counted` */
export function summary(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `a thrown ${print(error)}`;
}

/** An error that is a value, or one in it, is known by its message: where its code lies differs from place to place. */
function withoutStacks(value: unknown): unknown {
  const shown = (inner: unknown) => (inner instanceof Error ? { [inspect.custom]: () => summary(inner) } : inner);
  if (!Array.isArray(value)) return shown(value);
  const first = value.slice(0, PRINTED_ELEMENTS);
  if (!first.some((inner) => inner instanceof Error)) return value;
  return [...first.map(shown), ...value.slice(PRINTED_ELEMENTS)];
}

const PRINTED = 200;
const PRINTED_ELEMENTS = 4;

/** A value on one line, however large it is. */
export function print(value: unknown): string {
  let text: string;
  try {
    text = inspect(withoutStacks(value), {
      depth: 1,
      maxArrayLength: PRINTED_ELEMENTS,
      maxStringLength: 80,
      breakLength: Number.POSITIVE_INFINITY,
    });
  } catch {
    text = `a value of type ${typeof value} that can't be printed`;
  }
  text = text.replaceAll(/\s*\n\s*/g, " ");
  return text.length > PRINTED ? `${text.slice(0, PRINTED)}...` : text;
}

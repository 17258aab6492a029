import { HypernodesError, NodeError } from "../../errors.js";
import { formatDependency } from "../../graph/graph.js";
import type { Step } from "../../graph/plan.js";
import { describeCauses, describeError, describeValue, isError } from "../../util/describe.js";

export { describeValue as print } from "../../util/describe.js";

/** The facts of a call that failed. */
export interface FailedCall {
  readonly step: Step;
  /** The pipeline's place: `Corpus.essays[3]`. */
  readonly path: string;
  /** The element's index, or that of a batch's first. */
  readonly element?: number | undefined;
  readonly inputs: readonly unknown[];
  readonly attempts: number;
}

/** The code of the error of a node that has changed what it took. */
export const CHANGED_INPUT = "CHANGED_INPUT";

/** Tells if a call must not be repeated, nor its failure collected: its inputs were changed. */
export function hasChangedInput(error: unknown): boolean {
  return isError(error) && error instanceof NodeError && error.code === CHANGED_INPUT;
}

/** The error of a node: where, with what, and why. What failed inside a nested pipeline keeps its own place. */
export function nodeError(error: unknown, { step, path, element, inputs, attempts }: FailedCall): NodeError {
  if (step.child === undefined && hasChangedInput(error)) return error as NodeError;
  if (step.child !== undefined && error instanceof HypernodesError && error.name !== "TimeoutError") {
    const { code, where, advice } = error;
    const inner = error instanceof NodeError ? error : undefined;
    const again = attempts > 1 ? `\n  in the last of ${attempts} attempts of ${pathOf(path, step.name, element)}` : "";
    return new NodeError({
      ...{ code, where, problem: `${error.problem}${again}`, advice },
      cause: inner === undefined ? error : inner.cause,
      ...{ node: step.name, element, attempts: attempts > 1 ? attempts : (inner?.attempts ?? attempts) },
    });
  }
  const names = step.node.dependencies.map((dependency) => dependency.input ?? formatDependency(dependency));
  const shown = inputs.map((value, i) => `${names[i] ?? `argument ${i + 1}`} = ${describeValue(value)}`);
  const description = describeError(error);
  return new NodeError({
    code: "NODE_FAILED",
    where: pathOf(path, step.name, element),
    problem: [
      `failed ${attempts > 1 ? `after ${attempts} attempts ` : ""}with ${description}`,
      ...describeCauses(error, description).map((cause) => `\n  caused by ${cause}`),
      ...(shown.length > 0 ? [`\n  given ${shown.join("\n        ")}`] : []),
    ].join(""),
    cause: error,
    node: step.name,
    element,
    attempts,
  });
}

/** `Corpus.essays[3]` */
export function pathOf(path: string, node: string, element?: number): string {
  const at = path === "" ? node : `${path}.${node}`;
  return element === undefined ? at : `${at}[${element}]`;
}

import { formatErrorChain, isPrintable } from "./util/error-chain.js";
import { showValue } from "./util/show-value.js";

/** What every error of hypernodes carries. */
export interface ErrorParts {
  /** Stable, for programs: `"MISSING_INPUTS"`. */
  readonly code: string;
  /** Where: a path through nesting and fan-out, such as `Corpus.essays[3].count`. */
  readonly where: string;
  /** What was wrong, with the value seen. */
  readonly problem: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** The original error, if another one led to this. */
  readonly cause?: unknown;
}

/** The base of all errors that hypernodes throws: a stable code, the place, what was wrong, and what to do. */
export class HypernodesError extends Error {
  override readonly name: string = "HypernodesError";
  readonly code: string;
  readonly where: string;
  readonly problem: string;
  readonly advice: string | undefined;

  constructor({ code, where, problem, advice, cause }: ErrorParts) {
    super(sentence(where, problem, advice), cause === undefined ? undefined : { cause });
    this.code = code;
    this.where = where;
    this.problem = problem;
    this.advice = advice;
  }

  /** Prints it as Node prints errors; where a cause can't be printed, as what it says. */
  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return isPrintable(this) ? this : formatErrorChain(this);
  }
}

/** One thing wrong with a pipeline class. */
export interface Defect {
  /** Stable, for programs: `"CYCLE"`, `"UNKNOWN_NAME"`. */
  readonly code: string;
  /** The member: `Retrieval.hits`. */
  readonly where: string;
  readonly problem: string;
  readonly advice?: string | undefined;
}

/** A pipeline class that can't work as it is written. All its defects are reported at once. */
export class DefinitionError extends HypernodesError {
  override readonly name = "DefinitionError";
  readonly defects: readonly Defect[];

  constructor(pipeline: string, defects: readonly [Defect, ...Defect[]]) {
    const [first] = defects;
    super(
      defects.length === 1
        ? first
        : { code: first.code, where: pipeline, problem: `${defects.length} defects:${list(defects)}` },
    );
    this.defects = defects;
  }
}

/** One thing wrong with what a caller gave. */
export interface Violation {
  /** The input, and the way into its value: `passages[3].text`. */
  readonly path: string;
  /** The constraint that failed: `"isInt"`, or `"missing"`, `"unknown"`, `"length"`, `"list"`. */
  readonly constraint: string;
  readonly problem: string;
}

/** What a caller gave does not fit the pipeline. All violations are reported at once, before any node runs. */
export class InputError extends HypernodesError {
  override readonly name = "InputError";
  readonly violations: readonly Violation[];

  constructor(parts: ErrorParts & { readonly violations: readonly Violation[] }) {
    super(parts);
    this.violations = parts.violations;
  }
}

/** A node, or one element of a mapped node, that failed. The original error is the `cause`. */
export class NodeError extends HypernodesError {
  override readonly name = "NodeError";
  /** The node's own name: `hits`. */
  readonly node: string;
  /** The index of the element, if the node is mapped. */
  readonly element: number | undefined;
  /** How often it was tried. */
  readonly attempts: number;

  constructor(
    parts: ErrorParts & { readonly node: string; readonly element?: number | undefined; readonly attempts: number },
  ) {
    super(parts);
    this.node = parts.node;
    this.element = parts.element;
    this.attempts = parts.attempts;
  }
}

/** A value that can't travel between threads, containers and stores, or bytes that are no value. */
export class ValueError extends HypernodesError {
  override readonly name = "ValueError";
  /** The way into the value to what is at fault: property names, indices, the keys of Maps. */
  readonly path: readonly (string | number)[];

  constructor(parts: ErrorParts & { readonly path: readonly (string | number)[] }) {
    super(parts);
    this.path = parts.path;
  }
}

/** A run, or a node's attempt, that took longer than its `timeoutMs`. */
export class TimeoutError extends HypernodesError {
  override readonly name = "TimeoutError";
}

/** A run that its caller stopped through a signal. The signal's reason is the `cause`. */
export class AbortError extends HypernodesError {
  override readonly name = "AbortError";
}

/**
 * What is wrong with an option, for an error or a defect.
 *
 * @param option with its kind: `option mode`, `execution option maps`.
 * @param takes what it takes: a phrase, or a phrase and a sentence that closes itself.
 */
export function badOption(option: string, value: unknown, takes: string): Omit<Defect, "where"> {
  return {
    code: "BAD_OPTION",
    problem: `the ${option} is ${showValue(value)}`,
    advice: `It takes ${takes}${/[.?]$/.test(takes) ? "" : "."}`,
  };
}

function sentence(where: string, problem: string, advice: string | undefined): string {
  if (advice === undefined) return `${where}: ${problem}`;
  const between = problem.includes("\n") ? "\n  " : /[.?!]$/.test(problem) ? " " : ". ";
  return `${where}: ${problem}${between}${advice}`;
}

function list(defects: readonly Defect[]): string {
  return defects.map((d) => `\n  - ${sentence(d.where, d.problem, d.advice)}`).join("");
}

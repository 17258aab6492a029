import type { ErrorCode } from "./error-codes.js";
import { causeOf, isError } from "./util/describe.js";
import { addDocsUrls, docsUrlOf } from "./util/docs-url.js";
import { formatErrorChain, isPrintable } from "./util/error-chain.js";
import { showValue } from "./util/show-value.js";

/**
 * The parts of every hypernodes error.
 *
 * @example
 * ```ts
 * const { code, where, problem }: ErrorParts = error;
 * console.log(`${code} at ${where}: ${problem}`);
 * ```
 */
export interface ErrorParts {
  /** Stable code for programs, such as `"MISSING_INPUTS"`. */
  readonly code: ErrorCode;
  /** Location of the error: a path through nesting and fan-out, such as `Corpus.essays[3].count`. */
  readonly where: string;
  /** Description of the problem, with the value that caused it. */
  readonly problem: string;
  /** Advice that solves the problem. */
  readonly advice?: string | undefined;
  /** The original error, if another error caused this one. */
  readonly cause?: unknown;
}

/**
 * Base class of all errors that hypernodes throws: a stable code, the location, the problem, and advice.
 *
 * @example
 * ```ts
 * try {
 *   await pipeline.run(inputs);
 * } catch (error) {
 *   if (error instanceof HypernodesError) console.log(error.code, error.where, error.problem, error.docsUrl);
 * }
 * ```
 */
export class HypernodesError extends Error {
  override readonly name: string = "HypernodesError";
  /** Stable code for programs, such as `"MISSING_INPUTS"`. */
  readonly code: ErrorCode;
  /** Location of the error, such as `Corpus.essays[3].count`. */
  readonly where: string;
  /** Description of the problem, with the value that caused it. */
  readonly problem: string;
  /** Advice that solves the problem. */
  readonly advice: string | undefined;

  /** @param parts see {@link ErrorParts}. */
  constructor({ code, where, problem, advice, cause }: ErrorParts) {
    super(sentence(where, problem, advice), cause === undefined ? undefined : { cause });
    this.code = code;
    this.where = where;
    this.problem = problem;
    this.advice = advice;
    // Other classes have no name yet. They may be created once for each element, and reading a stack takes time: see showDocsUrls.
    if (new.target === HypernodesError) addDocsUrls(this, [code]);
  }

  /** Address of the code's entry in the troubleshooting page: causes, and ways to fix them. */
  get docsUrl(): string {
    return docsUrlOf(this.code);
  }

  /**
   * Prints the error as Node does, with `docsUrl` behind the message; if a cause can't be inspected, prints only the messages.
   *
   * @returns a value for `util.inspect`.
   */
  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    showDocsUrls(this);
    return isPrintable(this) ? this : formatErrorChain(this);
  }
}

/**
 * One defect of a pipeline class.
 *
 * @example
 * ```ts
 * const format = ({ where, problem, advice }: Defect) => `${where}: ${problem}. ${advice}`;
 * ```
 */
export interface Defect {
  /** Stable code for programs, such as `"CYCLE"` or `"UNKNOWN_NAME"`. */
  readonly code: ErrorCode;
  /** The member with the defect, such as `Retrieval.hits`. */
  readonly where: string;
  /** Description of the defect. */
  readonly problem: string;
  /** Advice that fixes it. */
  readonly advice?: string | undefined;
}

/**
 * A pipeline class that is not valid. All its defects are reported at once.
 *
 * @example
 * ```ts
 * try {
 *   new Search();
 * } catch (error) {
 *   if (error instanceof DefinitionError) for (const { where, problem } of error.defects) console.log(where, problem);
 * }
 * ```
 */
export class DefinitionError extends HypernodesError {
  override readonly name = "DefinitionError";
  /** All defects of the class, in the order of its members. */
  readonly defects: readonly Defect[];

  /**
   * @param pipeline name of the class.
   * @param defects at least one defect.
   */
  constructor(pipeline: string, defects: readonly [Defect, ...Defect[]]) {
    const [first] = defects;
    super(
      defects.length === 1
        ? first
        : { code: first.code, where: pipeline, problem: `${defects.length} defects:${list(defects)}` },
    );
    this.defects = defects;
    showDocsUrls(this);
  }
}

/**
 * One problem with the inputs of a call.
 *
 * @example
 * ```ts
 * const format = ({ path, problem, constraint }: Violation) => `${path}: ${problem} (${constraint})`;
 * ```
 */
export interface Violation {
  /** The input, and the path into its value, such as `passages[3].text`. */
  readonly path: string;
  /**
   * The constraint that failed: `"isInt"` or another of class-validator, or `"missing"`, `"unknown"`, `"length"`,
   * `"list"`.
   */
  readonly constraint: string;
  /** Description of the problem, with the value that caused it. */
  readonly problem: string;
}

/**
 * Inputs that do not fit the pipeline. All violations are reported at once, before any node runs.
 *
 * @example
 * ```ts
 * try {
 *   await pipeline.run(inputs);
 * } catch (error) {
 *   if (error instanceof InputError) for (const { path, problem } of error.violations) console.log(path, problem);
 * }
 * ```
 */
export class InputError extends HypernodesError {
  override readonly name = "InputError";
  /** All violations, in the order of the inputs. */
  readonly violations: readonly Violation[];

  /** @param parts see {@link ErrorParts}; `violations`: at least one. */
  constructor(parts: ErrorParts & { readonly violations: readonly Violation[] }) {
    super(parts);
    this.violations = parts.violations;
    showDocsUrls(this);
  }
}

/**
 * Failure of a node, or of one element of a mapped node. The original error is the `cause`.
 *
 * @example
 * ```ts
 * try {
 *   await pipeline.run(inputs);
 * } catch (error) {
 *   if (error instanceof NodeError) console.log(error.where, error.element, error.attempts, error.cause);
 * }
 * ```
 */
export class NodeError extends HypernodesError {
  override readonly name = "NodeError";
  /** Name of the node: `hits`. */
  readonly node: string;
  /** Index of the element, if the node is mapped. */
  readonly element: number | undefined;
  /**
   * Number of calls that were made, retries included; of a nested pipeline that was not retried, those of the node that
   * failed in it.
   */
  readonly attempts: number;

  /** @param parts see {@link ErrorParts}; `node`, `element` and `attempts` as the properties of this class. */
  constructor(
    parts: ErrorParts & { readonly node: string; readonly element?: number | undefined; readonly attempts: number },
  ) {
    super(parts);
    this.node = parts.node;
    this.element = parts.element;
    this.attempts = parts.attempts;
  }
}

/**
 * A value that can't be serialized for threads, containers and caches, or bytes that are not a serialized value.
 *
 * @example
 * ```ts
 * try {
 *   encode({ callback: () => 1 });
 * } catch (error) {
 *   if (error instanceof ValueError) console.log(error.code, error.where); // UNSERIALISABLE value.callback
 * }
 * ```
 */
export class ValueError extends HypernodesError {
  override readonly name = "ValueError";
  /** Path into the value to the part that caused the error: property names, indices, and keys of Maps. */
  readonly path: readonly (string | number)[];

  /** @param parts see {@link ErrorParts}; `path` as the property of this class. */
  constructor(parts: ErrorParts & { readonly path: readonly (string | number)[] }) {
    super(parts);
    this.path = parts.path;
  }
}

/**
 * A run, or an attempt of a node, that took longer than its `timeoutMs`.
 *
 * @example
 * ```ts
 * const error = await pipeline.run(inputs).catch((thrown) => thrown);
 * if (error instanceof NodeError && error.cause instanceof TimeoutError) console.log("too slow:", error.where);
 * ```
 */
export class TimeoutError extends HypernodesError {
  override readonly name = "TimeoutError";
}

/**
 * A run that its caller aborted through a signal. The signal's reason is the `cause`.
 *
 * @example
 * ```ts
 * try {
 *   await pipeline.run(inputs, { signal });
 * } catch (error) {
 *   if (error instanceof AbortError) console.log("aborted:", error.cause);
 * }
 * ```
 */
export class AbortError extends HypernodesError {
  override readonly name = "AbortError";
}

/**
 * Describes an invalid option, for an error or a defect.
 *
 * @param option with its kind: `option mode`, `execution option maps`.
 * @param takes the allowed values: a phrase, or a phrase and a complete sentence.
 */
export function badOption(option: string, value: unknown, takes: string): Omit<Defect, "where"> {
  return {
    code: "BAD_OPTION",
    problem: `the ${option} is ${showValue(value)}`,
    advice: `It takes ${takes}${/[.?]$/.test(takes) ? "" : "."}`,
  };
}

/** Returns the errors of this package among an error and its causes, the outermost first. */
export function ownErrorsIn(error: unknown): HypernodesError[] {
  const seen = new Set<unknown>();
  for (let each = error; each !== undefined && !seen.has(each); each = causeOf(each)) seen.add(each);
  return [...seen].filter((each): each is HypernodesError => isError(each) && each instanceof HypernodesError);
}

/** Returns the codes of an error: those of all defects of a class. */
export function codesOf(error: HypernodesError): readonly ErrorCode[] {
  return error instanceof DefinitionError ? error.defects.map(({ code }) => code) : [error.code];
}

/** Adds the addresses of an error's documentation to its stack, and those of its causes: it is about to leave a run. */
export function showDocsUrls(error: unknown): void {
  for (const each of ownErrorsIn(error)) addDocsUrls(each, codesOf(each));
}

function sentence(where: string, problem: string, advice: string | undefined): string {
  if (advice === undefined) return `${where}: ${problem}`;
  const between = problem.includes("\n") ? "\n  " : /[.?!]$/.test(problem) ? " " : ". ";
  return `${where}: ${problem}${between}${advice}`;
}

function list(defects: readonly Defect[]): string {
  return defects.map((d) => `\n  - ${sentence(d.where, d.problem, d.advice)}`).join("");
}

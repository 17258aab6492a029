import type { ValueOf } from "./dsl/brands.js";
import type { Mistake } from "./dsl/decorator-target.js";
import type { InputsOf, NodesOf, OutputsOf } from "./dsl/members.js";
import type { OnError } from "./dsl/node-options.js";
import type { PipelineOptions } from "./dsl/pipeline-options.js";
import type { OnEvent } from "./observe/run-observer.js";

/**
 * Options for a single run. They override the options set on the class.
 *
 * @example
 * ```ts
 * const options: RunOptions<Search, "index"> = { outputs: ["index"], signal: AbortSignal.timeout(60_000) };
 * await new Search().run({ query: "port" }, options);
 * ```
 */
export interface RunOptions<T, K extends NodesOf<T> = never, G extends NodesOf<T> = never> extends PipelineOptions {
  /**
   * Nodes whose values are returned. Only they and their dependencies run, and only the inputs of these are required.
   *
   * @default the nodes with `@output`, or all nodes if there is none
   */
  readonly outputs?: readonly K[];
  /** Values that replace nodes. A replaced node, and anything only it depends on, is not run. */
  readonly given?: { readonly [P in G]: ValueOf<T[P & keyof T]> };
  /** Aborts the run. Nodes observe it through `currentRun().signal`; the run rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
  /**
   * Receives every event of the run: a function, an observer (`progress()`, `report()`, `tracing()`, an object with
   * methods such as `onNodeEnd`), or a list of them. An exception in an observer does not affect the run.
   */
  readonly onEvent?: OnEvent;
  /**
   * After the run, prints to stderr why each cached node was or was not recomputed (what changed since the previous
   * run). Observers receive the explanations as events, too.
   *
   * @default false
   */
  readonly explain?: boolean;
}

/**
 * Options for `map` and `stream`.
 *
 * @example
 * ```ts
 * const options: MapRunOptions<Search, "query"> = { over: "query", onError: "collect" };
 * ```
 */
export interface MapRunOptions<T, O, K extends NodesOf<T> = never, G extends NodesOf<T> = never>
  extends RunOptions<T, K, G> {
  /** The inputs to iterate over. The pipeline runs once per element. */
  readonly over: O extends ValidMapOptions<T, O> ? O : ValidMapOptions<T, O>;
  /**
   * Combination of several lists: `"zip"` pairs elements by index; `"product"` runs every combination, varying the
   * last list fastest.
   *
   * @default "zip"
   */
  readonly mode?: "zip" | "product";
  /**
   * `"throw"` stops at the first failure; `"collect"` returns a `NodeError` as the result of a failed element.
   *
   * @default "throw"
   */
  readonly onError?: OnError;
}

/**
 * The record that `run` returns: the outputs, or the nodes selected by `outputs`.
 *
 * @example
 * ```ts
 * const result: ResultOf<Search, "index"> = await new Search().run({ query: "port" }, { outputs: ["index"] });
 * ```
 */
export type ResultOf<T, K> = [K] extends [never]
  ? { [P in keyof OutputsOf<T>]: OutputsOf<T>[P] }
  : { [P in K & keyof T]: ValueOf<T[P]> };

type InputsFor<T, Narrowed> = [Narrowed] extends [never] ? InputsOf<T> : Partial<InputsOf<T>>;

/** The arguments of `run`: inputs may be left out if none is required. */
export type RunArguments<T, K extends NodesOf<T>, G extends NodesOf<T>> =
  {} extends InputsFor<T, K | G>
    ? [inputs?: InputsFor<T, K | G>, options?: RunOptions<T, K, G>]
    : [inputs: InputsFor<T, K | G>, options?: RunOptions<T, K, G>];

type InputName<T> = keyof InputsOf<T> & string;
type NamesIn<O> = O extends string ? O : O extends readonly (infer N)[] ? N : never;
type ValidName<T, N> =
  N extends InputName<T>
    ? N
    :
        | Extract<InputName<T>, `${N & string}${string}`>
        | (N extends "" ? never : Mistake<`no input is named '${N & string}'`>);
type ValidMapOptions<T, O> = O extends string ? ValidName<T, O> : { [I in keyof O]: ValidName<T, O[I]> };
/** The names of the inputs that are iterated over, before they are checked. */
export type AnyMapOptions<T> = InputName<T> | (string & {}) | readonly (InputName<T> | (string & {}))[];

/** The inputs of `map`: lists for those that are iterated over. */
export type MapInputs<T, O, Narrowed> = {
  [N in keyof InputsFor<T, Narrowed>]: N extends NamesIn<O>
    ? Iterable<Exclude<InputsFor<T, Narrowed>[N], undefined>>
    : InputsFor<T, Narrowed>[N];
};
/** The inputs of `stream`: their lists may arrive over time. */
export type StreamInputs<T, O, Narrowed> = {
  [N in keyof InputsFor<T, Narrowed>]: N extends NamesIn<O>
    ?
        | Iterable<Exclude<InputsFor<T, Narrowed>[N], undefined>>
        | AsyncIterable<Exclude<InputsFor<T, Narrowed>[N], undefined>>
    : InputsFor<T, Narrowed>[N];
};

/** Internal option of `hypernodes resume`: the id of the run to continue. */
export const RESUME_RUN_ID = Symbol("resumes");
/** Internal option of `stream` for the command line: results are returned in the order of the elements. */
export const ORDERED_RESULTS = Symbol("ordered");

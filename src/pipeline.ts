import type { ValueOf } from "./dsl/brands.js";
import type { Mistake } from "./dsl/decorator-target.js";
import {
  type AnyPipeline,
  type Bound,
  type BoundNames,
  classNameOf,
  type InputsOf,
  type NodesOf,
  type OutputsOf,
  PIPELINE,
  type PipelineClass,
  type PipelineName,
  type Unbound,
} from "./dsl/members.js";
import { mergeOptions, optionsOf } from "./dsl/metadata.js";
import { MAP_RULES, type OnError } from "./dsl/options.js";
import { EXECUTION_RULES, PIPELINE_RULES } from "./dsl/pipeline-option-rules.js";
import type { PipelineOptions, PipelineState } from "./dsl/pipeline-options.js";
import { ResourceScope } from "./engine/lifecycle/resources.js";
import { blockRunDuringImport } from "./engine/lifecycle/worker-context.js";
import type { NodeExplanation } from "./engine/run-cache/explanation.js";
import { InputError, type NodeError } from "./errors.js";
import { inputNames } from "./graph/graph.js";
import type { PlanMapOptions as MapOptions } from "./graph/plan.js";

import { graphOf } from "./graph/reflect.js";
import { requiredInputs } from "./graph/validate-graph.js";
import { ObserverGroup, ON_EVENT_RULE, type OnEvent } from "./observe/run-observer.js";
import type { RunSpec } from "./placement/run-spec.js";
import { getOrCreate } from "./util/get-or-create.js";
import {
  checkNoMore,
  checkOptions,
  hasMethods,
  isFlag,
  isRecord,
  isTexts,
  type OptionRules,
  oneOf,
  type RulesOf,
  that,
} from "./util/options.js";
import { didYouMean } from "./util/suggest.js";
import "./util/primordials.js";
import { OnDemand } from "./util/on-demand.js";
import { ignoreRejection } from "./util/thenable.js";
import { assertRecord, openEmitters, readInputs } from "./values/inputs.js";
import { plainName } from "./values/plain-name.js";
import { type RenderableGraph, withRendering } from "./view/renderable-graph.js";

declare global {
  // Declared as in TypeScript's esnext.disposable: a project without that library and without Node's types has neither.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/** Options for a single run. They override the options set on the class. */
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

/** Options for `map` and `stream`. */
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

/** The record that `run` returns: the outputs, or the nodes selected by `outputs`. */
export type ResultOf<T, K> = [K] extends [never]
  ? { [P in keyof OutputsOf<T>]: OutputsOf<T>[P] }
  : { [P in K & keyof T]: ValueOf<T[P]> };

type InputsFor<T, Narrowed> = [Narrowed] extends [never] ? InputsOf<T> : Partial<InputsOf<T>>;

type RunArguments<T, K extends NodesOf<T>, G extends NodesOf<T>> =
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
type AnyMapOptions<T> = InputName<T> | (string & {}) | readonly (InputName<T> | (string & {}))[];

type MapInputs<T, O, Narrowed> = {
  [N in keyof InputsFor<T, Narrowed>]: N extends NamesIn<O>
    ? Iterable<Exclude<InputsFor<T, Narrowed>[N], undefined>>
    : InputsFor<T, Narrowed>[N];
};
type StreamInputs<T, O, Narrowed> = {
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

const RUN_RULES: RulesOf<RunOptions<unknown>> = {
  ...PIPELINE_RULES,
  outputs: that('a list of names of nodes, each once: ["hits"]', isNames),
  given: that("values by the names of nodes: { index }", isRecord),
  signal: that(
    (value) => `an AbortSignal${value instanceof AbortController ? ": that of the controller, controller.signal" : ""}`,
    (value) => hasMethods(value, "addEventListener") && typeof value.aborted === "boolean",
  ),
  onEvent: ON_EVENT_RULE,
  explain: isFlag,
};

const MAP_RUN_RULES: RulesOf<MapRunOptions<unknown, unknown>> = {
  ...RUN_RULES,
  over: that("the name of an input, or several", (value) => typeof value === "string" || isTexts(value)),
  mode: oneOf("zip", "product"),
  onError: oneOf("throw", "collect"),
};

const UNBIND_RULES = {
  names: that(
    'names of inputs: unbind("a", "b")',
    (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
  ),
};

function isNames(value: unknown): boolean {
  return isTexts(value) && new Set(value).size === value.length;
}

const NO_OPTIONS = Object.freeze({});

/** The engine. The first run loads it, so that importing or drawing a pipeline does not load it. */
const engine = new OnDemand(() => import("./placement/run-pipeline.js"));

async function* streamOnceLoaded(spec: RunSpec, options: Partial<MapOptions>) {
  yield* (await engine.load()).streamPipeline(spec, options);
}

/** Advises where an option belongs that `run` does not have. */
function placeOfOption(name: string): string | undefined {
  const among = (rules: object) => Object.keys(rules).find((known) => known.toLowerCase() === name.toLowerCase());
  const execution = among(EXECUTION_RULES);
  if (execution !== undefined) return `It is one of execution: { execution: { ${execution} } }.`;
  if (name === "over" || name === "mode") return "It is one of map() and stream().";
  const node = among(MAP_RULES);
  return node === undefined || among(RUN_RULES) !== undefined
    ? undefined
    : `It is one of nodes: @node(..., { ${node} }).`;
}

const states = new WeakMap<Pipeline, PipelineState>();
const opened = new WeakMap<Pipeline, ResourceScope>();
const EMPTY_STATE: PipelineState = Object.freeze({ bound: Object.freeze({}), choices: Object.freeze({}) });

/**
 * Base class of all pipelines: decorated members declare the inputs, the nodes with their dependencies, and the
 * outputs.
 *
 * @throws {DefinitionError} from the constructor, with all defects of the class.
 */
export abstract class Pipeline implements AnyPipeline {
  /** @throws {DefinitionError} with all defects of the class. */
  constructor() {
    graphOf(new.target as unknown as PipelineClass);
  }

  /** Its own options and bound inputs, for the engine. */
  get [PIPELINE](): PipelineState {
    return states.get(this) ?? EMPTY_STATE;
  }

  /**
   * Runs the pipeline once.
   *
   * @param inputs values of the inputs; those that are bound, optional or have a default may be left out. A second
   * argument has the options, see {@link RunOptions}.
   * @returns the record of its outputs, or of the nodes selected by `outputs`.
   * @throws {InputError} before any node runs, if the inputs are invalid.
   * @throws {NodeError} if a node fails.
   * @throws {AbortError} if the signal is aborted.
   *
   * @example
   * ```ts
   * const { predictions } = await new Retrieval().run({ passages, queries });
   * ```
   */
  async run<const K extends NodesOf<this> = never, const G extends NodesOf<this> = never>(
    ...[inputs, options, ...more]: RunArguments<this, K, G>
  ): Promise<ResultOf<this, K>> {
    if (more.length > 0) checkNoMore(`${classNameOf(this.constructor)}.run(inputs, options)`, more);
    const { spec, observers } = this.#prepareRun(inputs, options);
    const { runPipeline } = engine.loaded ?? (await engine.load());
    return (await withObservers(observers, () => runPipeline(spec))) as ResultOf<this, K>;
  }

  /**
   * Runs the pipeline for each element of some inputs.
   *
   * @param inputs values of the inputs; those named by `over` are lists.
   * @param options see {@link MapRunOptions}.
   * @returns the records of outputs, in input order; with `onError: "collect"`, a `NodeError` for each failed element.
   * @throws {InputError} before any node runs, if the inputs or their elements are invalid.
   * @throws {NodeError} if a node fails and errors are not collected.
   * @throws {AbortError} if the signal is aborted.
   *
   * @example
   * ```ts
   * const results = await new Summary().map({ document: documents }, { over: "document" });
   * ```
   */
  map<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
    const E extends OnError = "throw",
  >(
    inputs: MapInputs<this, O, K | G>,
    options: MapRunOptions<this, O, K, G> & { readonly onError?: E },
  ): Promise<(ResultOf<this, K> | (E extends "collect" ? NodeError : never))[]>;
  async map(inputs: object, options: MapRunOptions<this, any, any, any>, ...more: unknown[]): Promise<any[]> {
    checkNoMore(`${classNameOf(this.constructor)}.map(inputs, options)`, more);
    const { spec, observers } = this.#prepareRun(inputs, options, MAP_RUN_RULES);
    const { mapPipeline } = engine.loaded ?? (await engine.load());
    return withObservers(observers, () => mapPipeline(spec, over(options)));
  }

  /**
   * Runs the pipeline for each element of some inputs, which may arrive over time, and yields each result when it is
   * ready. At most `maxWorkers` elements are in flight. Breaking out of the loop cancels the run.
   *
   * @param inputs values of the inputs; those named by `over` are iterables or async iterables.
   * @param options see {@link MapRunOptions}.
   * @returns an async generator of the records of outputs, in the order of completion; with `onError: "collect"`, it
   * yields a `NodeError` for each failed element.
   * @throws {InputError} if the inputs are invalid; an element is validated when it arrives.
   * @throws {NodeError} if a node fails and errors are not collected.
   * @throws {AbortError} if the signal is aborted.
   *
   * @example
   * ```ts
   * for await (const { summary } of new Summary().stream({ document: incoming }, { over: "document" })) console.log(summary);
   * ```
   */
  stream<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
    const E extends OnError = "throw",
  >(
    inputs: StreamInputs<this, O, K | G>,
    options: MapRunOptions<this, O, K, G> & { readonly onError?: E },
  ): AsyncGenerator<ResultOf<this, K> | (E extends "collect" ? NodeError : never), void, undefined>;
  stream(
    inputs: object,
    options: MapRunOptions<this, any, any, any>,
    ...more: unknown[]
  ): AsyncGenerator<any, void, undefined> {
    checkNoMore(`${classNameOf(this.constructor)}.stream(inputs, options)`, more);
    const prepared = this.#prepareRun(inputs, options, MAP_RUN_RULES);
    const { observers } = prepared;
    const map = over(options);
    const sources = (map.over ?? []).flatMap((name) => [name, plainName(this.constructor, name)]);
    const spec = { ...prepared.spec, inputs: openEmitters(prepared.spec.inputs, sources) };
    const results = (engine.loaded?.streamPipeline ?? streamOnceLoaded)(spec, map);
    return observers === undefined ? results : streamWithObservers(observers, results);
  }

  /**
   * Explains for each node how much of it a run with these inputs and options would compute, how much is cached, and
   * why, assuming that no node fails. No node runs, no resource is built, and the cache is only read: a cache file that
   * does not exist is not created. Anything that depends on a value that would be computed is reported as unknown. With
   * `over`, it explains a call of `map`.
   *
   * @param inputs as for `run` or `map`, with the options of these as a second argument.
   * @returns one explanation for each node; the nodes of a nested pipeline follow the pipeline.
   * @throws {InputError} if the inputs are invalid.
   *
   * @example
   * ```ts
   * console.table(await new Retrieval().explain({ passages, queries }));
   * ```
   */
  explain<const K extends NodesOf<this> = never, const G extends NodesOf<this> = never>(
    ...[inputs, options]: RunArguments<this, K, G>
  ): Promise<NodeExplanation[]>;
  /**
   * Explains for each node what `map` would compute, like `explain` without `over`.
   *
   * @param inputs as for `map`.
   * @param options as for `map`.
   * @returns one explanation for each node; the nodes of a nested pipeline follow the pipeline.
   * @throws {InputError} if the inputs are invalid.
   */
  explain<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
  >(inputs: MapInputs<this, O, K | G>, options: MapRunOptions<this, O, K, G>): Promise<NodeExplanation[]>;
  async explain(inputs?: object, options?: RunOptions<this, any, any>, ...more: unknown[]): Promise<NodeExplanation[]> {
    checkNoMore(`${classNameOf(this.constructor)}.explain(inputs, options)`, more);
    const isMap = isRecord(options) && "over" in options;
    const { spec } = this.#prepareRun(inputs, options, isMap ? MAP_RUN_RULES : RUN_RULES);
    const { explainPipeline } = engine.loaded ?? (await engine.load());
    return explainPipeline(spec, isMap ? over(options) : undefined);
  }

  /**
   * Returns a copy with some inputs bound. A value passed to `run` overrides a bound one. `null` counts as a value;
   * `undefined` does not.
   *
   * @param inputs values by the names of inputs.
   * @returns a copy of the pipeline whose bound inputs are optional.
   * @throws {InputError} `UNKNOWN_INPUTS`, if an input does not exist.
   * @throws {InputError} `INVALID_INPUTS`, if the inputs are not an object.
   */
  bind<const B extends Partial<InputsOf<this>>>(inputs: B): Bound<Unbound<this>, BoundNames<this> | keyof B>;
  bind(inputs: Readonly<Record<string, unknown>>, ...more: unknown[]): any {
    checkNoMore(`${classNameOf(this.constructor)}.bind(inputs)`, more);
    return this.#derive({ bound: { ...this[PIPELINE].bound, ...this.#byOwnNames("bind()", inputs) } });
  }

  /**
   * Returns a copy without the given bound inputs.
   *
   * @param names the inputs to unbind; none unbinds all.
   * @returns a copy of the pipeline.
   * @throws {HypernodesError} `BAD_OPTION`, if a name is not a string.
   */
  unbind<const N extends BoundNames<this> = BoundNames<this>>(
    ...names: N[]
  ): Bound<Unbound<this>, Exclude<BoundNames<this>, N>> {
    checkOptions(`${classNameOf(this.constructor)}.unbind(...names)`, { names }, UNBIND_RULES);
    const removed: readonly unknown[] = names.length > 0 ? names : Object.keys(this[PIPELINE].bound);
    const remaining = Object.entries(this[PIPELINE].bound).filter(([name]) => !removed.includes(name));
    return this.#derive({ bound: Object.fromEntries(remaining) });
  }

  /** The values of the bound inputs, as a copy. */
  get boundInputs(): Partial<InputsOf<this>> {
    return { ...this[PIPELINE].bound } as Partial<InputsOf<this>>;
  }

  /**
   * Names of the inputs that a run requires: not bound, without a default, not optional.
   *
   * @throws {DefinitionError} if the class has defects.
   */
  get missingInputs(): string[] {
    const graph = this.graph();
    return requiredInputs(graph, graph.outputs, this).filter((name) => this[PIPELINE].bound[name] === undefined);
  }

  /**
   * Returns a copy with different options. They override those set by the class decorators.
   *
   * @param options see {@link PipelineOptions}.
   * @returns a copy of the pipeline.
   * @throws {HypernodesError} `UNKNOWN_OPTION` or `BAD_OPTION`, if an option is invalid.
   */
  with(options: PipelineOptions): this;
  with(options: PipelineOptions, ...more: unknown[]): this {
    checkNoMore(`${classNameOf(this.constructor)}.with(options)`, more);
    checkOptions(`${classNameOf(this.constructor)}.with()`, options, PIPELINE_RULES, { hint: placeOfOption });
    return this.#derive({ choices: mergeOptions(this[PIPELINE].choices, options) });
  }

  /**
   * Returns a copy whose runs share resources until it is disposed.
   *
   * @returns a copy of the pipeline that is an `AsyncDisposable`.
   * @throws {HypernodesError} `BAD_OPTION`, if an argument is passed.
   *
   * @example
   * ```ts
   * await using retrieval = new Retrieval().open();   // the encoder is built once, for all runs
   * ```
   */
  open(): this & AsyncDisposable;
  open(...more: unknown[]): this & AsyncDisposable {
    checkNoMore(`${classNameOf(this.constructor)}.open()`, more, "For options: with(options).open().");
    const resources = new ResourceScope();
    const copy: this = this.#derive({});
    opened.set(copy, resources);
    return Object.defineProperty(copy, Symbol.asyncDispose, { value: () => resources.dispose() }) as this &
      AsyncDisposable;
  }

  /**
   * Returns the pipeline as an immutable graph with rendering methods, such as `graph().toMermaid()`.
   *
   * @returns the graph of the class.
   * @throws {DefinitionError} if the class has defects.
   * @throws {HypernodesError} `BAD_OPTION`, if an argument is passed.
   */
  graph(): RenderableGraph;
  graph(...more: unknown[]): RenderableGraph {
    checkNoMore(
      `${classNameOf(this.constructor)}.graph()`,
      more,
      "Options belong to its methods: graph().toMermaid({ ... }).",
    );
    const type = this.constructor as PipelineClass;
    return withRendering(graphOf(type), type);
  }

  /** Returns inputs under their own names. Callers may use the names of `@Expose({ name })`. */
  #byOwnNames(call: string, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const where = `${classNameOf(this.constructor)}.${call}`;
    ignoreRejection(inputs);
    assertRecord(where, inputs);
    const known = inputNames(this.graph());
    const exposed = new Map(known.map((name) => [plainName(this.constructor, name), name]));
    const values = new Map<string, unknown>();
    const problems = new Map<string, string>();
    const given = readInputs(where, inputs, new Set([...known, ...exposed.keys()]));
    for (const [name, value] of Object.entries(given)) {
      const owner = known.includes(name) ? name : exposed.get(name);
      if (owner === undefined) problems.set(name, `no input is named "${name}". ${didYouMean(name, known)}`);
      else if (owner !== name && given[owner] !== undefined) {
        problems.set(name, `"${name}" is the input "${owner}", which is also given.`);
      } else values.set(owner, value);
    }
    if (problems.size === 0) return Object.fromEntries(values);
    throw new InputError({
      code: "UNKNOWN_INPUTS",
      where,
      problem: [...problems.values()].join(" "),
      violations: [...problems].map(([path, problem]) => ({ path, constraint: "unknown", problem })),
    });
  }

  #derive<P>(changed: Partial<PipelineState>): P {
    const copy = new (this.constructor as PipelineClass)() as Pipeline;
    Object.defineProperties(copy, Object.getOwnPropertyDescriptors(this));
    states.set(copy, { ...this[PIPELINE], ...changed });
    const resources = opened.get(this);
    if (resources !== undefined) opened.set(copy, resources);
    return copy as P;
  }

  #prepareRun(
    inputs: object | undefined,
    options: RunOptions<this, any, any> = NO_OPTIONS,
    rules: OptionRules = RUN_RULES,
  ): PreparedRun {
    const graph = graphOf(this.constructor as PipelineClass);
    if (options !== NO_OPTIONS) checkOptions(graph.pipeline, options, rules, { hint: placeOfOption });
    ignoreRejection(inputs);
    const choices = resolveOptions(this, options);
    const { onEvent } = options;
    const observers = onEvent && new ObserverGroup(onEvent, choices.runOn?.kind ?? "local", graph.pipeline);
    const spec: RunSpec = {
      pipeline: this,
      graph,
      inputs: (inputs ?? {}) as Record<string, unknown>,
      outputs: options.outputs,
      given: (options.given ?? {}) as Record<string, unknown>,
      choices,
      resources: opened.get(this),
      signal: options.signal,
      listener: observers?.emit,
      context: observers?.traceContext,
      explain: options.explain === true,
      resumes: (options as { readonly [RESUME_RUN_ID]?: string })[RESUME_RUN_ID],
      isOrdered: (options as { readonly [ORDERED_RESULTS]?: boolean })[ORDERED_RESULTS] === true,
    };
    return { spec, observers };
  }
}

/** A check at compile time: `PipelineName` is exactly the set of the members declared here. */
type Differences = Exclude<keyof Pipeline | PipelineName, (keyof Pipeline & PipelineName) | typeof PIPELINE>;
true satisfies [Differences] extends [never] ? true : Differences;

/** A validated call of `run`, `map` or `stream`, and its observers. */
interface PreparedRun {
  readonly spec: RunSpec;
  readonly observers: ObserverGroup | undefined;
}

async function withObservers<R>(observers: ObserverGroup | undefined, running: () => Promise<R>): Promise<R> {
  if (observers === undefined) return running();
  await blockRunDuringImport(observers.pipeline);
  await observers.prepare();
  try {
    return await running();
  } finally {
    await observers.settled();
  }
}

async function* streamWithObservers(observers: ObserverGroup, results: AsyncGenerator<unknown, void, undefined>) {
  await blockRunDuringImport(observers.pipeline);
  await observers.prepare();
  try {
    yield* results;
  } finally {
    await observers.settled();
  }
}

/** By class, and by what `with` has set on an object: many objects run with the same options, which are checked once. */
const resolved = new WeakMap<PipelineClass, WeakMap<PipelineOptions, PipelineOptions>>();

/** Returns the options of a run: its own override those of `with`, which override those of the class decorators. */
function resolveOptions(pipeline: Pipeline, { runOn, execution, cache }: PipelineOptions): PipelineOptions {
  const ofClass = pipeline.constructor as PipelineClass;
  const { choices } = pipeline[PIPELINE];
  const byChoices = getOrCreate(resolved, ofClass, () => new WeakMap());
  const before = getOrCreate(byChoices, choices, () => mergeOptions(optionsOf(ofClass), choices));
  if (runOn === undefined && execution === undefined && cache === undefined) return before;
  return mergeOptions(before, { runOn, execution, cache } as PipelineOptions);
}

function over({ over: names, mode, onError }: { over?: unknown; mode?: unknown; onError?: unknown } = {}) {
  return { over: typeof names === "string" ? [names] : names, mode, onError } as Partial<MapOptions>;
}

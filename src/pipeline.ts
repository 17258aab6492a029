import {
  type AnyPipeline,
  type Bound,
  type BoundNames,
  classNameOf,
  type InputsOf,
  type NodesOf,
  PIPELINE,
  type PipelineClass,
  type PipelineName,
  type Unbound,
} from "./dsl/members.js";
import { mergeOptions, optionsOf } from "./dsl/metadata.js";
import type { OnError } from "./dsl/node-options.js";
import { PIPELINE_RULES } from "./dsl/pipeline-option-rules.js";
import type { PipelineOptions, PipelineState } from "./dsl/pipeline-options.js";
import { ResourceScope } from "./engine/lifecycle/resources.js";
import type { NodeExplanation } from "./engine/run-cache/explanation.js";
import type { NodeError } from "./errors.js";
import type { Graph } from "./graph/graph.js";
import { nodesByName } from "./graph/order.js";
import type { PlanMapOptions as MapOptions } from "./graph/plan.js";
import { graphOf } from "./graph/reflect.js";
import { requiredInputs } from "./graph/validate-graph.js";
import { ObserverGroup } from "./observe/run-observer.js";
import { streamWithObservers, withObservers } from "./observe/with-observers.js";
import type { RunSpec } from "./placement/run-spec.js";
import { MAP_RUN_RULES, placeOfOption, RUN_RULES } from "./run-option-rules.js";
import {
  type AnyMapOptions,
  type MapInputs,
  type MapRunOptions,
  ORDERED_RESULTS,
  RESUME_RUN_ID,
  type ResultOf,
  type RunArguments,
  type RunOptions,
  type StreamInputs,
} from "./run-options.js";
import { getOrCreate } from "./util/get-or-create.js";
import {
  checkNoMore,
  checkOptions,
  isListOf,
  isRecord,
  type OptionRules,
  readAllOptions,
  that,
} from "./util/options.js";
import "./util/primordials.js";
import { OnDemand } from "./util/on-demand.js";
import { ignoreRejection } from "./util/thenable.js";
import { openEmitters } from "./values/inputs.js";
import { byOwnNames } from "./values/own-names.js";
import { plainName } from "./values/plain-name.js";
import { type RenderableGraph, withRendering } from "./view/renderable-graph.js";

declare global {
  // Declared as in TypeScript's libraries: a project may have neither these nor Node's types.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
  interface AbortSignal {
    readonly aborted: boolean;
  }
}

const UNBIND_RULES = {
  names: that('names of inputs: unbind("a", "b")', (value) => isListOf(value, (name) => typeof name === "string")),
};

const NO_OPTIONS = Object.freeze({});

/** The engine. The first run loads it, so that importing or drawing a pipeline does not load it. */
const engine = new OnDemand(() => import("./placement/run-pipeline.js"));

async function* streamOnceLoaded(spec: RunSpec, options: Partial<MapOptions>) {
  yield* (await engine.load()).streamPipeline(spec, options);
}

const states = new WeakMap<Pipeline, PipelineState>();
const opened = new WeakMap<Pipeline, ResourceScope>();
const EMPTY_STATE: PipelineState = Object.freeze({ bound: Object.freeze({}), choices: Object.freeze({}) });

/**
 * Base class of all pipelines: decorated members declare the inputs, the nodes with their dependencies, and the
 * outputs.
 *
 * @throws {DefinitionError} from the constructor, with all defects of the class.
 *
 * @example
 * ```ts
 * class WordCount extends Pipeline {
 *   @input() texts!: string[];
 *   @mapOver("texts") counts(text: string): Each<number> { return text.split(" ").length; }
 *   @output("counts") total(counts: number[]): Output<number> { return counts.reduce((a, b) => a + b, 0); }
 * }
 * const { total } = await new WordCount().run({ texts: ["a typed graph", "of methods"] }); // 5
 * ```
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
    const { spec, observers, options: read } = this.#prepareRun(inputs, options, MAP_RUN_RULES);
    const { mapPipeline } = engine.loaded ?? (await engine.load());
    return withObservers(observers, () => mapPipeline(spec, over(read)));
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
    const map = over(prepared.options);
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
    const read = readAllOptions(classNameOf(this.constructor), options);
    const isMap = isRecord(read) && "over" in read;
    const { spec } = this.#prepareRun(inputs, read, isMap ? MAP_RUN_RULES : RUN_RULES);
    const { explainPipeline } = engine.loaded ?? (await engine.load());
    return explainPipeline(spec, isMap ? over(read) : undefined);
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
    const named = byOwnNames(this.constructor as PipelineClass, `${classNameOf(this.constructor)}.bind()`, inputs);
    return this.#derive({ bound: { ...this[PIPELINE].bound, ...named } });
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
    const where = `${classNameOf(this.constructor)}.with()`;
    const read = readChoices(where, options);
    checkOptions(where, read, PIPELINE_RULES, { hint: placeOfOption });
    return this.#derive({ choices: mergeOptions(this[PIPELINE].choices, read) });
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
    const resources = new ResourceScope("content");
    const copy: this = this.#derive({});
    opened.set(copy, resources);
    // Configurable, because copies of this one can be opened as well.
    const value = () => resources.dispose();
    return Object.defineProperty(copy, Symbol.asyncDispose, { value, configurable: true }) as this & AsyncDisposable;
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
    given: RunOptions<this, any, any> = NO_OPTIONS,
    rules: OptionRules = RUN_RULES,
  ): PreparedRun {
    const graph = graphOf(this.constructor as PipelineClass);
    const options = given === NO_OPTIONS ? given : readChoices(graph.pipeline, given);
    if (options !== NO_OPTIONS) checkOptions(graph.pipeline, options, rules, RUN_OPTION_WORDS);
    ignoreRejection(inputs);
    const choices = resolveOptions(this, options);
    const { onEvent } = options;
    const observers = onEvent && new ObserverGroup(onEvent, choices.runOn?.kind ?? "local", graph.pipeline);
    const spec: RunSpec = {
      pipeline: this,
      graph,
      inputs: (inputs ?? {}) as Record<string, unknown>,
      outputs: options.outputs,
      given: givenValues(graph, options.given),
      choices,
      resources: opened.get(this),
      signal: options.signal,
      listener: observers?.emit,
      context: observers?.traceContext,
      explain: options.explain === true,
      resumes: (options as { readonly [RESUME_RUN_ID]?: string })[RESUME_RUN_ID],
      isOrdered: (options as { readonly [ORDERED_RESULTS]?: boolean })[ORDERED_RESULTS] === true,
    };
    return { spec, observers, options };
  }
}

/** A check at compile time: `PipelineName` is exactly the set of the members declared here. */
type Differences = Exclude<keyof Pipeline | PipelineName, (keyof Pipeline & PipelineName) | typeof PIPELINE>;
true satisfies [Differences] extends [never] ? true : Differences;

const RUN_OPTION_WORDS = { hint: placeOfOption, symbols: [RESUME_RUN_ID, ORDERED_RESULTS] };

/** A validated call of `run`, `map` or `stream`, and its observers. */
interface PreparedRun {
  readonly spec: RunSpec;
  readonly observers: ObserverGroup | undefined;
  /** The options as they were read, each once. */
  readonly options: object;
}

/** Reads the options of a call, and its execution options. */
function readChoices<T extends PipelineOptions>(where: string, options: T): T {
  const read = readAllOptions(where, options);
  if (!isRecord(read) || read.execution === undefined) return read;
  const execution = readAllOptions(where, read.execution, "execution.");
  return execution === read.execution ? read : { ...read, execution };
}

/** Reads the values given for nodes. */
function givenValues(graph: Graph, given: object | undefined): Record<string, unknown> {
  if (given === undefined) return NO_OPTIONS;
  return readAllOptions(graph.pipeline, given as Record<string, unknown>, "given.", nodesByName(graph).keys());
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

import type { ValueOf } from "./dsl/brands.js";
import type { Mistake } from "./dsl/decorator-target.js";
import {
  type AnyPipeline,
  type Bound,
  type BoundNames,
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
import type { NodeExplanation } from "./engine/caching/explanation.js";
import { ResourceScope } from "./engine/lifecycle/resources.js";
import { blockRunDuringImport } from "./engine/threads/worker-context.js";
import { InputError, type NodeError } from "./errors.js";
import { inputNames } from "./graph/graph.js";
import type { PlanMapOptions as MapOptions } from "./graph/plan-map.js";
import { graphOf } from "./graph/reflect.js";
import { requiredInputs } from "./graph/validate-graph.js";
import { ObserverGroup, ON_EVENT_RULE, type OnEvent } from "./observe/run-observer.js";
import type { RunSpec } from "./placement/run-spec.js";
import { getOrCreate } from "./util/get-or-create.js";
import {
  checkOptions,
  hasMethods,
  isFlag,
  isRecord,
  isTexts,
  type OptionRules,
  oneOf,
  optionError,
  type RulesOf,
  that,
} from "./util/options.js";
import { didYouMean } from "./util/suggest.js";
import "./util/primordials.js";
import { OnDemand } from "./util/on-demand.js";
import { showValue } from "./util/show-value.js";
import { plainName } from "./values/plain-name.js";
import { type RenderableGraph, withRendering } from "./view/renderable-graph.js";

declare global {
  // As TypeScript's esnext.disposable has them: a project without it, and without Node's types, has neither.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/** What one run is told beyond its inputs; its choices are over those of the class. */
export interface RunOptions<T, K extends NodesOf<T> = never, G extends NodesOf<T> = never> extends PipelineOptions {
  /** The nodes whose values are returned. Only they and what they need run; only those inputs are asked for. */
  readonly outputs?: readonly K[];
  /** Values in the place of nodes: they, and what only they need, do not run. */
  readonly given?: { readonly [P in G]: ValueOf<T[P & keyof T]> };
  /** Stops the run: nodes see it through `currentRun().signal`, and the run is rejected with an `AbortError`. */
  readonly signal?: AbortSignal;
  /**
   * Hears of everything that happens: a function, a reader (`progress()`, `report()`, `tracing()`, a class with methods as
   * `onNodeEnd`), or a list of them. One that throws does not disturb the run.
   */
  readonly onEvent?: OnEvent;
  /**
   * Says for each node that is remembered, at the end and on stderr, why it was computed or was not: what changed since
   * the run before. Listeners hear it, too.
   */
  readonly explain?: boolean;
}

/** What `map` and `stream` are told beyond their inputs. */
export interface MapRunOptions<T, O, K extends NodesOf<T> = never, G extends NodesOf<T> = never>
  extends RunOptions<T, K, G> {
  /** The inputs that are given lists: the pipeline runs for each element. */
  readonly over: O extends ValidMapOptions<T, O> ? O : ValidMapOptions<T, O>;
  /** How several lists go together: `"zip"` (default) by index, `"product"` in all pairs, the first list slowest. */
  readonly mode?: "zip" | "product";
  /** `"throw"` (default) stops at the first failure; `"collect"` gives a `NodeError` in a failed element's place. */
  readonly onError?: OnError;
}

/** What `run` returns: the outputs, or the nodes that were asked for. */
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

/** An option of who goes on with a run: its id. */
export const RESUME_RUN_ID = Symbol("resumes");
/** An option of `stream` for the command line: results come in the order of the elements. */
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

function isNames(value: unknown): boolean {
  return isTexts(value) && new Set(value).size === value.length;
}

const NO_OPTIONS = Object.freeze({});

/** The engine: the first run loads it, so that whoever only imports or draws a pipeline does not wait for it. */
const engine = new OnDemand(() => import("./placement/run-pipeline.js"));

async function* streamOnceLoaded(use: RunSpec, options: Partial<MapOptions>) {
  yield* (await engine.load()).streamPipeline(use, options);
}

/** Where a name belongs that is no option of a run. */
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
 * The base of all pipelines: a class whose decorated members say what goes in, what is computed from what, and what
 * comes out.
 *
 * @throws {DefinitionError} when it is made, with all that is wrong with the class.
 */
export abstract class Pipeline implements AnyPipeline {
  constructor() {
    graphOf(new.target as unknown as PipelineClass);
  }

  get [PIPELINE](): PipelineState {
    return states.get(this) ?? EMPTY_STATE;
  }

  /**
   * Runs the pipeline once.
   *
   * @returns the record of its outputs, or of the nodes that `outputs` asks for.
   * @throws {InputError} before any node runs, if the inputs do not fit.
   * @throws {NodeError} if a node fails.
   * @throws {AbortError} if the signal is aborted.
   *
   * @example
   * ```ts
   * const { predictions } = await new Retrieval().run({ passages, queries });
   * ```
   */
  async run<const K extends NodesOf<this> = never, const G extends NodesOf<this> = never>(
    ...[inputs, options]: RunArguments<this, K, G>
  ): Promise<ResultOf<this, K>> {
    const { spec: use, observers: readers } = this.#prepareRun(inputs, options);
    const { runPipeline } = engine.loaded ?? (await engine.load());
    return (await withObservers(readers, () => runPipeline(use))) as ResultOf<this, K>;
  }

  /**
   * Runs the pipeline for each element of some inputs.
   *
   * @returns the records of outputs, in input order; with `onError: "collect"`, a `NodeError` where one failed.
   * @throws as `run` does; the elements are checked before any node runs.
   */
  async map<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
    const E extends OnError = "throw",
  >(
    inputs: MapInputs<this, O, K | G>,
    options: MapRunOptions<this, O, K, G> & { readonly onError?: E },
  ): Promise<(ResultOf<this, K> | (E extends "collect" ? NodeError : never))[]> {
    const { spec: use, observers: readers } = this.#prepareRun(inputs, options, MAP_RUN_RULES);
    const { mapPipeline } = engine.loaded ?? (await engine.load());
    return (await withObservers(readers, () => mapPipeline(use, over(options)))) as ResultOf<this, K>[];
  }

  /**
   * Runs the pipeline for each element of some inputs, which may come over time, and gives each result as it ends. It
   * holds at most `maxWorkers` elements; to stop reading stops the run.
   *
   * @throws as `run` does; an element is checked when it comes.
   */
  stream<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
    const E extends OnError = "throw",
  >(
    inputs: StreamInputs<this, O, K | G>,
    options: MapRunOptions<this, O, K, G> & { readonly onError?: E },
  ): AsyncGenerator<ResultOf<this, K> | (E extends "collect" ? NodeError : never), void, undefined> {
    const { spec: use, observers: readers } = this.#prepareRun(inputs, options, MAP_RUN_RULES);
    const results = (engine.loaded?.streamPipeline ?? streamOnceLoaded)(use, over(options));
    return (readers === undefined ? results : streamWithObservers(readers, results)) as AsyncGenerator<
      ResultOf<this, K>,
      void,
      undefined
    >;
  }

  /**
   * Says for each node how much of it a run with these inputs and options would compute, how much is in the cache, and why,
   * if no node failed. No node runs, no resource is built, and the cache is only looked into: a file that is not there is
   * not made. What only a run can know, because it depends on a value that would be computed, is said to be unknown. With
   * `over`, it is what `map` would do.
   *
   * @returns one explanation for each node, those of nested pipelines after those around them.
   * @throws {InputError} as `run` and `map` do.
   *
   * @example
   * ```ts
   * console.table(await new Retrieval().explain({ passages, queries }));
   * ```
   */
  explain<const K extends NodesOf<this> = never, const G extends NodesOf<this> = never>(
    ...[inputs, options]: RunArguments<this, K, G>
  ): Promise<NodeExplanation[]>;
  explain<
    const O extends AnyMapOptions<this>,
    const K extends NodesOf<this> = never,
    const G extends NodesOf<this> = never,
  >(inputs: MapInputs<this, O, K | G>, options: MapRunOptions<this, O, K, G>): Promise<NodeExplanation[]>;
  async explain(inputs?: object, options?: RunOptions<this, any, any>): Promise<NodeExplanation[]> {
    const isMap = isRecord(options) && "over" in options;
    const { spec: use } = this.#prepareRun(inputs, options, isMap ? MAP_RUN_RULES : RUN_RULES);
    const { explainPipeline } = engine.loaded ?? (await engine.load());
    return explainPipeline(use, isMap ? over(options) : undefined);
  }

  /** The same pipeline with values for some inputs. A value given to `run` is over a bound one; `null` binds, `undefined` does not. */
  bind<const B extends Partial<InputsOf<this>>>(inputs: B): Bound<Unbound<this>, BoundNames<this> | keyof B> {
    return this.#derive({ bound: { ...this[PIPELINE].bound, ...this.#byOwnNames("bind()", inputs) } });
  }

  /** The same pipeline without the values of these inputs, or without any that are bound. */
  unbind<const N extends BoundNames<this> = BoundNames<this>>(
    ...names: N[]
  ): Bound<Unbound<this>, Exclude<BoundNames<this>, N>> {
    const gone: readonly unknown[] = names.length > 0 ? names : Object.keys(this[PIPELINE].bound);
    const kept = Object.entries(this[PIPELINE].bound).filter(([name]) => !gone.includes(name));
    return this.#derive({ bound: Object.fromEntries(kept) });
  }

  /** The values that are bound: a copy. */
  get boundInputs(): Partial<InputsOf<this>> {
    return { ...this[PIPELINE].bound } as Partial<InputsOf<this>>;
  }

  /** The inputs that a run must be given: not bound, without a default, not optional. */
  get missingInputs(): string[] {
    const graph = this.graph();
    return requiredInputs(graph, graph.outputs, this).filter((name) => this[PIPELINE].bound[name] === undefined);
  }

  /** The same pipeline under other choices than its class's decorators made. */
  with(choices: PipelineOptions): this {
    checkOptions(`${this.constructor.name}.with()`, choices, PIPELINE_RULES, { hint: placeOfOption });
    return this.#derive({ choices: mergeOptions(this[PIPELINE].choices, choices) });
  }

  /**
   * The same pipeline, whose runs share their resources until it is disposed of.
   *
   * @example
   * ```ts
   * await using retrieval = new Retrieval().open();   // the encoder is built once, for all runs
   * ```
   */
  open(): this & AsyncDisposable {
    const resources = new ResourceScope();
    const copy: this = this.#derive({});
    opened.set(copy, resources);
    return Object.defineProperty(copy, Symbol.asyncDispose, { value: () => resources.dispose() }) as this &
      AsyncDisposable;
  }

  /** The pipeline as an immutable graph, which draws itself: `graph().toMermaid()`. */
  graph(): RenderableGraph {
    const type = this.constructor as PipelineClass;
    return withRendering(graphOf(type), type);
  }

  /** Some inputs by their own names; they may be given by those of `@Expose({ name })`. */
  #byOwnNames(call: string, inputs: unknown): Readonly<Record<string, unknown>> {
    const where = `${this.constructor.name}.${call}`;
    if (!isRecord(inputs)) {
      throw optionError(where, [
        { code: "BAD_OPTION", problem: `the inputs are ${showValue(inputs)}`, advice: "Give them as { name: value }." },
      ]);
    }
    const known = inputNames(this.graph());
    const exposed = new Map(known.map((name) => [plainName(this.constructor, name), name]));
    const own = new Map<string, unknown>();
    const wrong = new Map<string, string>();
    for (const [name, value] of Object.entries(inputs)) {
      const owner = known.includes(name) ? name : exposed.get(name);
      if (owner === undefined) wrong.set(name, `no input is named "${name}". ${didYouMean(name, known)}`);
      else if (owner !== name && inputs[owner] !== undefined) {
        wrong.set(name, `"${name}" is the input "${owner}", which is given, too.`);
      } else own.set(owner, value);
    }
    if (wrong.size === 0) return Object.fromEntries(own);
    throw new InputError({
      code: "UNKNOWN_INPUTS",
      where,
      problem: [...wrong.values()].join(" "),
      violations: [...wrong].map(([path, problem]) => ({ path, constraint: "unknown", problem })),
    });
  }

  #derive<P>(changed: Partial<PipelineState>): P {
    const copy = new (this.constructor as PipelineClass)() as Pipeline;
    Object.assign(copy, this);
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
    const choices = resolveOptions(this, options);
    const { onEvent } = options;
    const readers = onEvent && new ObserverGroup(onEvent, choices.runOn?.kind ?? "local", graph.pipeline);
    const use: RunSpec = {
      pipeline: this,
      graph,
      inputs: (inputs ?? {}) as Record<string, unknown>,
      outputs: options.outputs,
      given: (options.given ?? {}) as Record<string, unknown>,
      choices,
      resources: opened.get(this),
      signal: options.signal,
      listener: readers?.emit,
      context: readers?.traceContext,
      explain: options.explain === true,
      resumes: (options as { readonly [RESUME_RUN_ID]?: string })[RESUME_RUN_ID],
      isOrdered: (options as { readonly [ORDERED_RESULTS]?: boolean })[ORDERED_RESULTS] === true,
    };
    return { spec: use, observers: readers };
  }
}

/** The compiler's own check: the names that can't name members are those that are declared here, all of them. */
type Differences = Exclude<keyof Pipeline | PipelineName, (keyof Pipeline & PipelineName) | typeof PIPELINE>;
true satisfies [Differences] extends [never] ? true : Differences;

/** A use of a pipeline, and who reads of it. */
interface PreparedRun {
  readonly spec: RunSpec;
  readonly observers: ObserverGroup | undefined;
}

async function withObservers<R>(readers: ObserverGroup | undefined, running: () => Promise<R>): Promise<R> {
  if (readers === undefined) return running();
  await blockRunDuringImport(readers.pipeline);
  await readers.prepare();
  try {
    return await running();
  } finally {
    await readers.settled();
  }
}

async function* streamWithObservers(readers: ObserverGroup, results: AsyncGenerator<unknown, void, undefined>) {
  await blockRunDuringImport(readers.pipeline);
  await readers.prepare();
  try {
    yield* results;
  } finally {
    await readers.settled();
  }
}

const resolved = new WeakMap<Pipeline, PipelineOptions>();

/** What the class's decorators chose, over them `with`, over them this run. */
function resolveOptions(pipeline: Pipeline, { runOn, execution, cache }: PipelineOptions): PipelineOptions {
  const before = getOrCreate(resolved, pipeline, () =>
    mergeOptions(optionsOf(pipeline.constructor as PipelineClass), pipeline[PIPELINE].choices),
  );
  if (runOn === undefined && execution === undefined && cache === undefined) return before;
  return mergeOptions(before, { runOn, execution, cache } as PipelineOptions);
}

function over({ over: names, mode, onError }: { over?: unknown; mode?: unknown; onError?: unknown } = {}) {
  return { over: typeof names === "string" ? [names] : names, mode, onError } as Partial<MapOptions>;
}

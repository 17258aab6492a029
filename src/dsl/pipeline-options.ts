/**
 * Execution mode of nodes, or of the elements of mapped nodes. `"sequential"`: one after the other. `"async"`: concurrently
 * on the event loop. `"threaded"`: concurrently in each worker thread. `"parallel"`: one at a time in each worker thread.
 *
 * @example
 * ```ts
 * const maps: ExecutionMode = process.env.CI ? "sequential" : "parallel";
 * await pipeline.run(inputs, { execution: { maps } });
 * ```
 */
export type ExecutionMode = "sequential" | "async" | "threaded" | "parallel";

/** A queue whose workers run the elements of mapped nodes, for example `bullmq({ queue })`. */
export interface MapQueue {
  readonly kind: string;
  /** Execution mode of the elements in a worker. */
  readonly mode: ExecutionMode;
}

/**
 * Options of `@execution`: how a pipeline runs.
 *
 * @example
 * ```ts
 * const options: ExecutionOptions = { maps: "parallel", maxWorkers: 4 };
 * await pipeline.run(inputs, { execution: options });
 * ```
 */
export interface ExecutionOptions {
  /**
   * Scheduling of independent nodes. `"async"` runs them concurrently on the event loop.
   *
   * @default "async"
   */
  readonly nodes?: ExecutionMode;
  /**
   * Scheduling of the elements of a mapped node. `"async"` runs up to `maxWorkers` concurrently on the event loop;
   * `bullmq(...)` runs them on the workers of a queue.
   *
   * @default "async"
   */
  readonly maps?: ExecutionMode | MapQueue;
  /**
   * Maximum number of elements of a map that are in flight at once.
   *
   * @default 16
   */
  readonly maxWorkers?: number;
  /**
   * Time that running work has to stop after an abort, timeout or failure, in milliseconds. `Infinity` waits until
   * it ends.
   *
   * @default 100
   */
  readonly graceMs?: number;
  /**
   * Checks after each call that the node has not modified its arguments, which is an error, `CHANGED_INPUT`; also warns
   * about objects shared by two results. Costs two traversals of each argument.
   *
   * @default false
   */
  readonly check?: boolean;
  /**
   * Resource limits of one worker thread, in MiB. A thread that exceeds them is terminated, and the elements it was
   * running fail.
   *
   * @default Node's limits
   */
  readonly resourceLimits?: ThreadLimits;
}

/**
 * Resource limits of one worker thread, in MiB. They have Node's names.
 *
 * @example
 * ```ts
 * const resourceLimits: ThreadLimits = { maxOldGenerationSizeMb: 512 };
 * @execution({ maps: "parallel", resourceLimits }) class Parsing extends Pipeline {}
 * ```
 */
export interface ThreadLimits {
  /** Maximum size of the main heap, in MiB. */
  readonly maxOldGenerationSizeMb?: number;
  /** Maximum size of the heap for recently created objects, in MiB. */
  readonly maxYoungGenerationSizeMb?: number;
  /** Size of the memory range for generated code, in MiB. */
  readonly codeRangeSizeMb?: number;
  /**
   * Maximum size of the stack, in MiB.
   *
   * @default 4
   */
  readonly stackSizeMb?: number;
}

/**
 * The host that runs a pipeline: `local()` or `modal(...)`.
 *
 * @example
 * ```ts
 * const placement: Placement = process.env.GPU ? modal({ gpu: "A10" }) : local();
 * await pipeline.run(inputs, { runOn: placement });
 * ```
 */
export interface Placement {
  /** Kind of the placement: `"local"` or `"modal"`. */
  readonly kind: string;
  /**
   * Number of containers that share the elements of mapped nodes. If undefined, the whole pipeline runs on one host.
   */
  readonly containers?: number;
}

/**
 * A store for cached values: `sqlite(path)`, `memory()` or `keyv(store)`.
 *
 * @example
 * ```ts
 * const store: CacheStore = process.env.CI ? memory() : sqlite(".cache/run.sqlite");
 * await pipeline.run(inputs, { cache: store });
 * ```
 */
export interface CacheStore {
  /** Kind of the store: `"sqlite"`, `"memory"` or `"keyv"`. */
  readonly kind: string;
}

/**
 * Options of a pipeline, as set by class decorators, by `with`, or by the options of one run.
 *
 * @example
 * ```ts
 * const options: PipelineOptions = { cache: memory(), execution: { maps: "parallel" } };
 * await pipeline.with(options).run(inputs);
 * ```
 */
export interface PipelineOptions {
  /** The host that runs the pipeline. */
  readonly runOn?: Placement;
  /** Execution of nodes and of the elements of maps. */
  readonly execution?: ExecutionOptions;
  /** The store for cached values; `false` turns off caching for a class with `@cached`. */
  readonly cache?: CacheStore | false;
}

/** State that a pipeline object keeps under `[PIPELINE]`. */
export interface PipelineState {
  readonly bound: Readonly<Record<string, unknown>>;
  readonly choices: PipelineOptions;
}

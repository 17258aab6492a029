/** How nodes, or the elements of maps, are executed. */
export type ExecutionMode = "sequential" | "async" | "threaded" | "parallel";

/** Workers on any machines that the elements of maps go to: `bullmq({ queue })`. */
export interface MapQueue {
  readonly kind: string;
  /** How a worker goes through its elements. */
  readonly mode: ExecutionMode;
}

/** How a pipeline runs: `@execution(options)`. */
export interface ExecutionOptions {
  /** How independent nodes go together. Default `"async"`: they overlap on the event loop. */
  readonly nodes?: ExecutionMode;
  /**
   * How the elements of a mapped node go together. Default `"async"`: up to `maxWorkers` overlap. `bullmq(...)`: on workers
   * elsewhere.
   */
  readonly maps?: ExecutionMode | MapQueue;
  /** How many elements of a map are under way at once. Default 16. */
  readonly maxWorkers?: number;
  /**
   * Milliseconds that work under way is given to stop after an abort, a timeout or a failure. Default 100; `Infinity`: as
   * long as it takes.
   */
  readonly graceMs?: number;
  /**
   * Looks after each call whether the node has changed what it took: that is an error, `CHANGED_INPUT`. Of objects that two
   * results have in common it warns. Each value that is taken is walked through twice. Default: false.
   */
  readonly check?: boolean;
  /** What one thread may take up, in mebibytes: a thread that takes more ends, with the elements it held. Default: Node's. */
  readonly resourceLimits?: ThreadLimits;
}

/** The limits of one thread, in mebibytes. */
export interface ThreadLimits {
  /** Of the heap. */
  readonly maxOldGenerationSizeMb?: number;
  /** Of the part of the heap for what is new. */
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  /** Default 4. */
  readonly stackSizeMb?: number;
}

/** Where a pipeline runs: `local()`, `modal(...)`. */
export interface Placement {
  readonly kind: string;
  /** How many containers share the elements of its maps. Undefined: all of it is in one place. */
  readonly containers?: number;
}

/** What remembers a pipeline's values: `sqlite(path)`, `memory()`, `keyv(store)`. */
export interface CacheStore {
  readonly kind: string;
}

/** What a pipeline's class decorators, `with`, or the options of one run chose. */
export interface PipelineOptions {
  readonly runOn?: Placement;
  readonly execution?: ExecutionOptions;
  /** `false`: remember nothing, though the class says `@cached`. */
  readonly cache?: CacheStore | false;
}

/** What a pipeline object keeps under `[PIPELINE]`. */
export interface PipelineState {
  readonly bound: Readonly<Record<string, unknown>>;
  readonly choices: PipelineOptions;
}

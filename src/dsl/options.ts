/** How often, and after what waits, a failed call is tried again. */
export interface Retries {
  /** How many times after the first. */
  readonly times: number;
  /** Milliseconds before the first retry. Default 100. */
  readonly delayMs?: number;
  /** By how much each wait is longer than the one before. Default 2. */
  readonly factor?: number;
  /** Milliseconds, the longest wait. Default 10,000. */
  readonly maxDelayMs?: number;
}

/** What to do when a call fails: stop the run, or finish it and leave the error in the value's place. */
export type OnError = "throw" | "collect";

/** The last argument of `@node`, `@output`, `@nested` and `@mapOver`. */
export interface NodeOptions {
  /** `false`: never remembered, always computed. */
  readonly cache?: false;
  /** Stands for the code in the cache's keys: change it when what the node computes changes. */
  readonly version?: string | number;
  /** How often a failed call is tried again, with growing waits. Default 0. */
  readonly retries?: number | Retries;
  /** Milliseconds that one call may take; for a mapped node, one element. Default: no limit. */
  readonly timeoutMs?: number;
  /** `"throw"` (default) stops the run; `"collect"` finishes it, with a `NodeError` in the value's place. */
  readonly onError?: OnError;
}

/** The last argument of `@mapOver`. */
export interface MapOptions extends NodeOptions {
  /** How several lists go together: `"zip"` (default) by index, `"product"` in all pairs, the first list slowest. */
  readonly mode?: "zip" | "product";
  /** The method takes up to this many elements at once and returns as many values, `Batch<T>`. */
  readonly batch?: number;
}

export const NODE_OPTIONS = [
  "cache",
  "version",
  "retries",
  "timeoutMs",
  "onError",
] as const satisfies readonly (keyof NodeOptions)[];
export const MAP_OPTIONS = [...NODE_OPTIONS, "mode", "batch"] as const satisfies readonly (keyof MapOptions)[];

import { numberAbove, numberFrom, oneOf, type RulesOf, that, wholeFrom } from "../util/options.js";

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

const TIMES = wholeFrom(0);

const RETRY_RULES: RulesOf<Retries> = {
  times: { ...TIMES, isRequired: true },
  delayMs: numberFrom(0, "milliseconds from 0"),
  factor: that("a number from 1", (value) => typeof value === "number" && value >= 1 && Number.isFinite(value)),
  maxDelayMs: numberFrom(0, "milliseconds from 0"),
};

/** What the options of `@node`, `@output` and `@nested` may be. */
export const NODE_RULES: RulesOf<NodeOptions> = {
  cache: that("false, or nothing", (value) => value === false),
  version: that(
    "a text or a number",
    (value) => (typeof value === "string" && value !== "") || (typeof value === "number" && Number.isFinite(value)),
  ),
  retries: {
    ...that(
      (value) =>
        `${TIMES.takes as string}${typeof value === "number" ? "" : ", or { times, delayMs, factor, maxDelayMs }"}`,
      TIMES.is,
    ),
    inner: RETRY_RULES,
  },
  timeoutMs: numberAbove(0, "milliseconds above 0"),
  onError: oneOf("throw", "collect"),
};

/** What the options of `@mapOver` may be. */
export const MAP_RULES: RulesOf<MapOptions> = {
  ...NODE_RULES,
  mode: oneOf("zip", "product"),
  batch: wholeFrom(1),
};

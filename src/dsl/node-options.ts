import { numberAbove, numberFrom, oneOf, type RulesOf, that, wholeFrom } from "../util/options.js";

/**
 * Retry policy for a failed call: number of retries and exponential backoff.
 *
 * @example
 * ```ts
 * const retries: Retries = { times: 5, delayMs: 100, factor: 2, maxDelayMs: 5_000 }; // 100, 200, 400, 800, 1600 ms
 * ```
 */
export interface Retries {
  /** Number of retries after the first attempt. */
  readonly times: number;
  /**
   * Delay before the first retry, in milliseconds.
   *
   * @default 100
   */
  readonly delayMs?: number;
  /**
   * Backoff factor: each delay is this many times the previous one.
   *
   * @default 2
   */
  readonly factor?: number;
  /**
   * Upper limit of a delay, in milliseconds.
   *
   * @default 10_000
   */
  readonly maxDelayMs?: number;
}

/**
 * Behavior when a call fails: `"throw"` rejects the run; `"collect"` continues and stores the error as the value.
 *
 * @example
 * ```ts
 * const onError: OnError = "collect"; // a failed element becomes a NodeError in the list
 * ```
 */
export type OnError = "throw" | "collect";

/**
 * Options of a node: the last argument of `@node`, `@output`, `@nested` and `@mapOver`.
 *
 * @example
 * ```ts
 * const options: NodeOptions = { retries: { times: 3, delayMs: 200 }, timeoutMs: 30_000 };
 * class Fetching extends Pipeline {
 *   @input() url!: string;
 *   @node("url", options) async page(url: string): Promise<string> { return (await fetch(url)).text(); }
 * }
 * ```
 */
export interface NodeOptions {
  /** Set to `false` to exclude the node from caching. */
  readonly cache?: false;
  /** Replaces the code hash in cache keys. Change it when the node's behavior changes. */
  readonly version?: string | number;
  /**
   * Number of retries of a failed call with exponential backoff, or a whole policy.
   *
   * @default 0
   */
  readonly retries?: number | Retries;
  /**
   * Time limit of one call, in milliseconds; for a mapped node, of one element.
   *
   * @default no limit
   */
  readonly timeoutMs?: number;
  /**
   * `"throw"` rejects the run when a call fails; `"collect"` continues with a `NodeError` as the value.
   *
   * @default "throw"
   */
  readonly onError?: OnError;
}

/**
 * Options of a mapped node: the last argument of `@mapOver`.
 *
 * @example
 * ```ts
 * const options: MapOptions = { retries: 2, onError: "collect" };
 * class Lengths extends Pipeline {
 *   @input() texts!: string[];
 *   @mapOver("texts", options) lengths(text: string): Each<number> { return text.length; }
 * }
 * ```
 */
export interface MapOptions extends NodeOptions {
  /**
   * Combination of several lists: `"zip"` pairs elements by index; `"product"` runs every combination, varying the
   * last list fastest.
   *
   * @default "zip"
   */
  readonly mode?: "zip" | "product";
  /**
   * Maximum number of elements that one call receives; the method returns as many values, a `Batch<T>`.
   *
   * @default one element per call, not in an array
   */
  readonly batch?: number;
}

const TIMES = wholeFrom(0);

const RETRY_RULES: RulesOf<Retries> = {
  times: { ...TIMES, isRequired: true },
  delayMs: numberFrom(0, "milliseconds from 0"),
  factor: that("a number from 1", (value) => typeof value === "number" && value >= 1 && Number.isFinite(value)),
  maxDelayMs: numberFrom(0, "milliseconds from 0"),
};

/** Rules for the options of `@node`, `@output` and `@nested`. */
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

/** Rules for the options of `@mapOver`. */
export const MAP_RULES: RulesOf<MapOptions> = {
  ...NODE_RULES,
  mode: oneOf("zip", "product"),
  batch: wholeFrom(1),
};

import { type AnyPipeline, isPipelineClass, PIPELINE, type PipelineClass } from "../dsl/members.js";
import type { CacheStore } from "../dsl/pipeline-options.js";
import { badOption } from "../errors.js";
import {
  checkNoMore,
  checkOptions,
  numberFrom,
  optionError,
  type RulesOf,
  that,
  withoutUndefined,
} from "../util/options.js";
import type { KeyvLike } from "./keyv-store.js";
import type { StoreSpec } from "./open-store.js";
import type { CacheStats, EvictionResult, MaybePromise, OwnerFilter, PruneOptions, Store } from "./store.js";

/**
 * A store for `@cached`, with its maintenance.
 *
 * @example
 * ```ts
 * const store: Cache = sqlite(".cache/run.sqlite");
 * await pipeline.run(inputs, { cache: store });
 * await store.prune({ maxBytes: 10e9 });
 * ```
 */
export interface Cache extends CacheStore {
  /**
   * Counts the entries.
   *
   * @returns the number of values and of bytes, in total and for each node.
   * @throws {HypernodesError} `STORE_UNAVAILABLE` or `BAD_STORE`, if the store can't be read; `CANT_LIST`, if it can't list its entries.
   */
  stats(): Promise<CacheStats>;
  /**
   * Removes the entries that were not used for the longest time.
   *
   * @param options the limits, at least one of them.
   * @returns the number of values and of bytes that were removed.
   * @throws {HypernodesError} `BAD_OPTION` or `UNKNOWN_OPTION`, if an option is invalid; `STORE_UNAVAILABLE`, `BAD_STORE` or `CANT_LIST`, as
   * `stats` throws them.
   */
  prune(options: PruneOptions): Promise<EvictionResult>;
  /**
   * Removes the results of a pipeline and of those nested in it.
   *
   * @param pipeline the pipeline. Default: all entries are removed.
   * @returns the number of values and of bytes that were removed.
   * @throws {HypernodesError} `BAD_OPTION` for an argument that is no pipeline, `undefined` included; `STORE_UNAVAILABLE`, `BAD_STORE` or
   * `CANT_LIST`, as `stats` throws them.
   */
  clear(pipeline?: PipelineClass | AnyPipeline): Promise<EvictionResult>;
}

/**
 * Values in an SQLite file, which processes may share. Its folder is created if it does not exist.
 *
 * @param path the path of the file, relative to the working directory.
 * @returns the cache, for `@cached`.
 * @throws {HypernodesError} `BAD_OPTION` for anything but the path of a file.
 *
 * @example
 * ```ts
 * @cached(sqlite(".cache/retrieval.sqlite")) class Retrieval extends Pipeline { ... }
 * ```
 */
export function sqlite(path: string): Cache & { readonly path: string };
export function sqlite(path: string, ...more: unknown[]): Cache & { readonly path: string } {
  checkNoMore("sqlite(path)", more, "To limit its size: sqlite(path).prune({ maxBytes, maxAge }).");
  checkOptions("sqlite(path)", { path }, { path: { ...that(takesPath, isPath), isRequired: true } });
  return withMaintenance({ kind: "sqlite", path });
}

/**
 * Values in this process's memory, encoded.
 *
 * @param options `max`: the maximum number of entries; the last used ones stay. Default: no limit.
 * @returns the cache, for `@cached`.
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
 *
 * @example
 * ```ts
 * @cached(memory({ max: 10_000 })) class Retrieval extends Pipeline { ... }
 * ```
 */
export function memory(options?: { readonly max?: number }): Cache & { readonly max: number };
export function memory(options: { readonly max?: number } = {}, ...more: unknown[]): Cache & { readonly max: number } {
  checkNoMore("memory({ max })", more);
  checkOptions("memory({ max })", options, { max: numberFrom(1, "a number of entries from 1") });
  const { max = Number.POSITIVE_INFINITY } = options;
  return withMaintenance({ kind: "memory", max });
}

/**
 * Values in any Keyv store: Redis, Postgres, Mongo and others.
 *
 * @param store a Keyv.
 * @returns the cache, for `@cached`.
 * @throws {HypernodesError} `BAD_OPTION` for anything but a Keyv.
 *
 * @example
 * ```ts
 * @cached(keyv(new Keyv(new KeyvRedis("redis://localhost")))) class Retrieval extends Pipeline { ... }
 * ```
 */
export function keyv(store: KeyvLike): Cache & { readonly store: object };
export function keyv(store: KeyvLike, ...more: unknown[]): Cache & { readonly store: object } {
  checkNoMore("keyv(store)", more, "Options belong to the store: new Keyv({ store, ttl }).");
  checkOptions("keyv(store)", { store }, { store: { ...that("a Keyv: new Keyv(...)", isKeyv), isRequired: true } });
  return withMaintenance({ kind: "keyv", store });
}

function withMaintenance<S extends StoreSpec>(spec: S): S & Cache {
  // What opens stores is loaded when one is opened.
  const maintain = async <R>(work: (opened: Store) => MaybePromise<R>): Promise<R> =>
    (await import("./open-store.js")).maintain(store, `${spec.kind}(...)`, work);
  const keeping: Omit<Cache, "kind"> = {
    async stats(...more: unknown[]) {
      checkNoMore("stats()", more);
      return maintain((opened) => opened.stats());
    },
    async prune(options, ...more: unknown[]) {
      checkNoMore(PRUNE, more);
      return maintain((opened) => opened.prune(resolvePruneOptions(options)));
    },
    async clear(...given: [pipeline?: PipelineClass | AnyPipeline, ...more: unknown[]]) {
      const [pipeline, ...more] = given;
      checkNoMore(CLEAR, more);
      // An import of another name is undefined: that is no wish to lose everything.
      if (given.length > 0 && !isPipeline(pipeline)) {
        const takes = "a pipeline class or object; without an argument, all entries are removed";
        throw optionError(CLEAR, [badOption("argument", pipeline, takes)]);
      }
      const owners = pipeline && (await ownersOf(classOf(pipeline)));
      return maintain((opened) => opened.clear(owners));
    },
  };
  const store = { ...spec, ...keeping } as S & Cache;
  return store;
}

async function ownersOf(pipeline: PipelineClass): Promise<OwnerFilter> {
  const owners = await import("./owners.js");
  return owners.ownersOf(pipeline);
}

const CLEAR = "clear(pipeline)";

function isPipeline(value: unknown): value is PipelineClass | AnyPipeline {
  return isPipelineClass(value) || (typeof value === "object" && value !== null && PIPELINE in value);
}

function classOf(pipeline: PipelineClass | AnyPipeline): PipelineClass {
  return typeof pipeline === "function" ? pipeline : (pipeline.constructor as PipelineClass);
}

const PRUNE = "prune({ maxBytes, maxAge })";
const PRUNE_RULES: RulesOf<PruneOptions> = {
  maxBytes: numberFrom(0, "bytes from 0"),
  maxAge: numberFrom(0, "milliseconds from 0"),
};

function resolvePruneOptions(options: PruneOptions): PruneOptions {
  checkOptions(PRUNE, options, PRUNE_RULES);
  if (options?.maxBytes !== undefined || options?.maxAge !== undefined) return withoutUndefined(options);
  throw optionError(PRUNE, [badOption("option maxBytes or maxAge", undefined, "at least one of them")]);
}

function isKeyv(store: unknown): boolean {
  const methods = ["get", "set", "delete"] as const;
  return methods.every(
    (method) => typeof (store as Record<string, unknown> | null | undefined)?.[method] === "function",
  );
}

/** True if a text names a file. SQLite gives some texts another meaning, and takes others for file names. */
function isPath(path: unknown): boolean {
  if (typeof path !== "string" || path.trim() === "" || path.includes("\0") || /[\\/]$/.test(path)) return false;
  return !/^~([\\/]|$)/.test(path) && path !== ":memory:" && !/^(file:|[a-z][a-z\d+.-]+:\/\/)/i.test(path);
}

function takesPath(path: unknown): string {
  if (path === ":memory:") return "the path of a file. For values in memory, take memory().";
  if (typeof path === "string" && path.startsWith("~")) {
    return 'the path of a file, without "~", which only a shell replaces: path.join(os.homedir(), "cache.sqlite")';
  }
  const isUrl = path instanceof URL || (typeof path === "string" && /^[a-z][a-z\d+.-]+:/i.test(path));
  return isUrl ? "the path of a file, not a URL: fileURLToPath(url)" : "the path of a file";
}

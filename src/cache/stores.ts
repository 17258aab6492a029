import type { CacheStore } from "../dsl/choices.js";
import type { AnyPipeline, PipelineClass } from "../dsl/members.js";
import { badOption, HypernodesError } from "../errors.js";
import { ownersOf } from "./codes.js";
import type { KeyvLike } from "./keyv-store.js";
import { openStore, type StoreSpec } from "./open.js";
import type { CacheStats, PruneOptions, Removed } from "./store.js";

/** A store for `@cached`, and the keeping of it. */
export interface Cache extends CacheStore {
  /** How many values it has, and how many bytes, in all and for each node. */
  stats(): Promise<CacheStats>;
  /**
   * Lets go of what was not used for the longest.
   *
   * @returns what has gone.
   */
  prune(options: PruneOptions): Promise<Removed>;
  /**
   * Lets go of all that a pipeline and those nested in it have computed; without one, of everything.
   *
   * @returns what has gone.
   */
  clear(pipeline?: PipelineClass | AnyPipeline): Promise<Removed>;
}

/**
 * Values in an SQLite file, which processes may share. Its folder is made if it is not there.
 *
 * @example
 * ```ts
 * @cached(sqlite(".cache/retrieval.sqlite")) class Retrieval extends Pipeline { ... }
 * ```
 */
export function sqlite(path: string): Cache & { readonly path: string } {
  if (typeof path !== "string" || path === "") throw bad("sqlite(path)", "path", path, "the path of a file");
  return withKeeping({ kind: "sqlite", path });
}

/** Values in this process's memory, encoded: at most `max` entries (default: any number), the last used ones. */
export function memory({
  max = Number.POSITIVE_INFINITY,
}: {
  readonly max?: number;
} = {}): Cache & { readonly max: number } {
  if (!(max >= 1)) throw bad("memory({ max })", "max", max, "a number of entries from 1");
  return withKeeping({ kind: "memory", max });
}

/**
 * Values in any Keyv store: Redis, Postgres, Mongo and others.
 *
 * @example
 * ```ts
 * @cached(keyv(new Keyv(new KeyvRedis("redis://localhost")))) class Retrieval extends Pipeline { ... }
 * ```
 */
export function keyv(store: KeyvLike): Cache & { readonly store: object } {
  const isOne =
    typeof store?.get === "function" && typeof store.set === "function" && typeof store.delete === "function";
  if (!isOne) throw bad("keyv(store)", "store", store, "a Keyv: new Keyv(...)");
  return withKeeping({ kind: "keyv", store });
}

function withKeeping<S extends StoreSpec>(spec: S): S & Cache {
  const open = async () => openStore(store, `${spec.kind}(...)`);
  const keeping: Omit<Cache, "kind"> = {
    stats: async () => (await open()).stats(),
    prune: async (options) => (await open()).prune(checked(options)),
    clear: async (pipeline) => (await open()).clear(pipeline && ownersOf(classOf(pipeline))),
  };
  const store = { ...spec, ...keeping } as S & Cache;
  return store;
}

function classOf(pipeline: PipelineClass | AnyPipeline): PipelineClass {
  return typeof pipeline === "function" ? pipeline : (pipeline.constructor as PipelineClass);
}

function checked(options: PruneOptions): PruneOptions {
  for (const option of ["maxBytes", "maxAge"] as const) {
    const value = options?.[option];
    if (value === undefined || value >= 0) continue;
    throw bad(
      "prune({ maxBytes, maxAge })",
      option,
      value,
      option === "maxAge" ? "milliseconds from 0" : "bytes from 0",
    );
  }
  if (options?.maxBytes === undefined && options?.maxAge === undefined) {
    throw bad("prune({ maxBytes, maxAge })", "maxBytes or maxAge", undefined, "at least one of them");
  }
  return options;
}

function bad(where: string, option: string, value: unknown, takes: string): HypernodesError {
  return new HypernodesError({ where, ...badOption(`option ${option}`, value, takes) });
}

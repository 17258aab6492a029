import type { MapQueue } from "../../dsl/pipeline-options.js";
import {
  checkNoMore,
  checkOptions,
  isFlag,
  isRecord,
  isTexts,
  numberAbove,
  oneOf,
  type RulesOf,
  readAllOptions,
  that,
  wholeFrom,
} from "../../util/options.js";

/**
 * Options of the connection to Redis or Valkey, as ioredis has them.
 *
 * @example
 * ```ts
 * const connection: RedisConnection = { host: "10.0.0.5", port: 6379, password: process.env.REDIS_PASSWORD! };
 * bullmq({ connection });
 * ```
 */
export interface RedisConnection {
  /** Default: `"127.0.0.1"`. */
  readonly host?: string;
  /** Default: 6379. */
  readonly port?: number;
  /** Default: Redis' default user. */
  readonly username?: string;
  /** Default: none. */
  readonly password?: string;
  /** The number of the database. Default: 0. */
  readonly db?: number;
  /** Options of Node's `tls.connect`; `{}` for TLS with the system's certificates. Default: no TLS. */
  readonly tls?: object;
  readonly [option: string]: unknown;
}

/**
 * The methods of a Keyv that are used to store values for workers.
 *
 * @example
 * ```ts
 * const values: KeyvValues = new Keyv({ store });
 * bullmq({ queue: "embedding", values });
 * ```
 */
export interface KeyvValues {
  /**
   * Reads a value.
   *
   * @param key its key.
   * @returns the value; undefined: there is none.
   */
  get(key: string): Promise<unknown>;
  /**
   * Stores a value, a text.
   *
   * @param key its key.
   * @param value the text.
   * @param ttl milliseconds after which it is removed. Default: never.
   * @returns a promise that resolves when it is stored; its value is not used.
   */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /**
   * Removes a value.
   *
   * @param key its key.
   * @returns a promise that resolves when it is removed; its value is not used.
   */
  delete(key: string): Promise<unknown>;
}

/**
 * Options of `bullmq()`.
 *
 * @example
 * ```ts
 * const options: BullmqOptions = { queue: "embedding", patienceMs: 300_000 };
 * @execution({ maps: bullmq(options) }) class Embedding extends Pipeline {}
 * ```
 */
export interface BullmqOptions {
  /**
   * The address of Redis or Valkey: `redis://user:password@host:6379/0`, `rediss://` for TLS, or ioredis' options. Default: the
   * environment variable REDIS_URL, else `redis://127.0.0.1:6379`.
   */
  readonly connection?: string | RedisConnection | undefined;
  /** The queue's name: workers of the same name take its work. Default: `"hypernodes"`. */
  readonly queue?: string;
  /** The prefix of all keys in Redis; in a cluster, in braces. Default: `"hypernodes"`. */
  readonly prefix?: string;
  /**
   * The execution of a chunk's elements at a worker: `"parallel"`, one at a time in each thread, for computations;
   * `"threaded"`, up to `maxWorkers` at once, for calls that wait. Default: `"parallel"`.
   */
  readonly mode?: "parallel" | "threaded";
  /** Packages that are installed where the workers run, and are not sent along. Default: none. */
  readonly installed?: readonly string[];
  /**
   * A Keyv in which values are left that are large, or that all elements of a map share: `new Keyv(...)`. Workers are started
   * with the same one, `--values`. Default: they are in Redis.
   */
  readonly values?: KeyvValues | undefined;
  /**
   * A secret of at least 16 characters that the client and all workers share: what they write to Redis is signed with it (HMAC
   * with SHA-256), and what is not is refused. Without it, everybody who can write to Redis runs code on every worker. Default: what
   * the environment variable HYPERNODES_QUEUE_KEY says, else none. Keep it out of source files: they go to Redis with the code.
   */
  readonly key?: string | undefined;
  /** Prints the output of nodes at a worker in this process, too, marked with the worker's name. Default: false. */
  readonly logs?: boolean;
  /** Milliseconds without any live worker, or without Redis, after which a run fails. Default: 60,000. */
  readonly patienceMs?: number;
  /** Milliseconds after which Redis drops the keys of a run that was killed. Default: 3,600,000. */
  readonly expireMs?: number;
  /**
   * The folder in which a run keeps what `hypernodes resume` needs until it ends: the pipeline's fields, inputs and results, on disk
   * for this user alone; `false`: nothing. Default: `".hypernodes"`.
   */
  readonly journal?: string | false;
}

/** The same, with defaults. */
export interface ResolvedBullmqOptions {
  readonly connection: string | RedisConnection;
  readonly queue: string;
  readonly prefix: string;
  readonly mode: "parallel" | "threaded";
  readonly installed: readonly string[];
  readonly values: KeyvValues | undefined;
  readonly key: string | undefined;
  readonly logs: boolean;
  readonly patienceMs: number;
  readonly expireMs: number;
  readonly journal: string | false;
}

/**
 * Workers that take their work from a queue in Redis.
 *
 * @example
 * ```ts
 * const maps: BullmqQueue = bullmq({ queue: "embedding" });
 * await pipeline.run(inputs, { execution: { maps } });
 * ```
 */
export type BullmqQueue = MapQueue & { readonly kind: "bullmq"; readonly options: BullmqOptions };

/** BullMQ's own rule: a colon separates the parts of a key. */
const NAME = /^[^:\s]+$/;
const MIN_KEY = 16;
const MIN_EXPIRE_MS = 1_000;
/** Redis counts milliseconds, and refuses what leads beyond its calendar. */
const MAX_EXPIRE_MS = 100 * 365 * 24 * 3_600_000;

/**
 * Workers on any machines, which take chunks of maps from a queue in Redis or Valkey: `hypernodes worker`.
 *
 * @param options the queue, its connection, and the execution at a worker.
 * @returns the queue, for the option `maps` of `@execution`.
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`: at once, before anything is sent.
 *
 * @example
 * ```ts
 * @execution({ maps: bullmq({ connection: process.env.REDIS_URL, queue: "embedding" }) }) class Corpus extends Pipeline { ... }
 * ```
 */
export function bullmq(options?: BullmqOptions): BullmqQueue;
export function bullmq(options: BullmqOptions = {}, ...more: unknown[]): BullmqQueue {
  checkNoMore("bullmq({ ... })", more);
  const read = readAllOptions("bullmq(...)", options);
  const { mode } = resolveBullmqOptions(read);
  return { kind: "bullmq", mode, options: read };
}

/** @throws {HypernodesError} */
export function resolveBullmqOptions(options: BullmqOptions): ResolvedBullmqOptions {
  const connection = options?.connection ?? process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  const key = options?.key ?? process.env.HYPERNODES_QUEUE_KEY;
  const fromEnvironment = {
    ...(options?.connection !== null && { connection }),
    ...(options?.key !== null && { key }),
  };
  checkOptions("bullmq(...)", isRecord(options) ? { ...options, ...fromEnvironment } : options, RULES);
  const { queue = "hypernodes", prefix = "hypernodes", mode = "parallel", installed = [], values } = options;
  const { logs = false, patienceMs = 60_000, expireMs = 3_600_000, journal = ".hypernodes" } = options;
  return { connection, queue, prefix, mode, installed, values, key, logs, patienceMs, expireMs, journal };
}

const NAME_RULE = that("a name without colons and spaces", (value) => typeof value === "string" && NAME.test(value));

const RULES: RulesOf<BullmqOptions> = {
  connection: {
    ...that("redis://user:password@host:6379/0, rediss://... for TLS, or { host, port, ... }", (value) =>
      typeof value === "string" ? isUrl(value) : isRecord(value) && !(value instanceof URL),
    ),
    problem: () => "the option connection, or REDIS_URL, is not the URL of a Redis server",
  },
  queue: NAME_RULE,
  prefix: NAME_RULE,
  mode: oneOf("parallel", "threaded"),
  installed: that("a list of packages' names", isTexts),
  values: that("a Keyv: new Keyv(...)", isKeyv),
  key: {
    ...that(`a text of at least ${MIN_KEY} characters: openssl rand -hex 32`, (value) => {
      return typeof value === "string" && value.length >= MIN_KEY;
    }),
    problem: () => "the option key, or HYPERNODES_QUEUE_KEY, is not a valid key",
  },
  logs: isFlag,
  patienceMs: numberAbove(0, "milliseconds above 0"),
  expireMs: wholeFrom(
    MIN_EXPIRE_MS,
    `milliseconds from ${MIN_EXPIRE_MS}, at most ${MAX_EXPIRE_MS}: a hundred years`,
    MAX_EXPIRE_MS,
  ),
  journal: that("a folder, or false", (value) => value === false || (typeof value === "string" && value !== "")),
};

function isUrl(connection: string): boolean {
  if (!URL.canParse(connection)) return false;
  const { protocol, username, password } = new URL(connection);
  try {
    decodeURIComponent(`${username}${password}`);
  } catch {
    return false;
  }
  return /^(?:redis|valkey)s?:$/.test(protocol);
}

/** True if a value has the methods of a Keyv. */
export function isKeyv(value: unknown): value is KeyvValues {
  const methods = ["get", "set", "delete"] as const;
  return methods.every((method) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function");
}

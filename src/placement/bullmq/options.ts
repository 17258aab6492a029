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
  /**
   * Host name or address of the server.
   *
   * @default "127.0.0.1"
   */
  readonly host?: string;
  /**
   * Port of the server.
   *
   * @default 6379
   */
  readonly port?: number;
  /**
   * User of the server.
   *
   * @default Redis' default user
   */
  readonly username?: string;
  /**
   * Password of the user.
   *
   * @default none
   */
  readonly password?: string;
  /**
   * Number of the database.
   *
   * @default 0
   */
  readonly db?: number;
  /**
   * Options of Node's `tls.connect`; `{}` for TLS with the system's certificates.
   *
   * @default no TLS
   */
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
   * Address of Redis or Valkey: `redis://user:password@host:6379/0`, `rediss://` for TLS, or ioredis' options.
   *
   * @default the environment variable REDIS_URL, else `redis://127.0.0.1:6379`
   */
  readonly connection?: string | RedisConnection | undefined;
  /**
   * Name of the queue. Workers of the same queue take its work.
   *
   * @default "hypernodes"
   */
  readonly queue?: string;
  /**
   * Prefix of all keys in Redis; in a cluster, in braces: `"{hypernodes}"`.
   *
   * @default "hypernodes"
   */
  readonly prefix?: string;
  /**
   * Execution of a chunk's elements at a worker. `"parallel"`: one at a time per thread, for elements that compute.
   * `"threaded"`: up to `maxWorkers` concurrent calls, for elements that wait.
   *
   * @default "parallel"
   */
  readonly mode?: "parallel" | "threaded";
  /**
   * Packages that are installed on the workers and left out of the bundle.
   *
   * @default none
   */
  readonly installed?: readonly string[];
  /**
   * A Keyv for values that are large or shared by all elements of a map: `new Keyv(...)`. Start the workers with the same
   * one: `--values FILE`.
   *
   * @default Redis
   */
  readonly values?: KeyvValues | undefined;
  /**
   * A secret of at least 16 characters, shared by the client and all workers. They sign their data in Redis with it (HMAC with
   * SHA-256) and refuse unsigned data. Without a key, everyone who can write to Redis can run code on every worker. Keep the
   * key out of source files, which are sent to Redis with the code.
   *
   * @default the environment variable HYPERNODES_QUEUE_KEY, else none
   */
  readonly key?: string | undefined;
  /**
   * Prints the output of nodes in the client as well, marked with the worker's name.
   *
   * @default false
   */
  readonly logs?: boolean;
  /**
   * The time that a run waits without a live worker or without Redis before it fails, in milliseconds.
   *
   * @default 60_000
   */
  readonly patienceMs?: number;
  /**
   * The time that Redis keeps the keys of a killed run, in milliseconds.
   *
   * @default 3_600_000
   */
  readonly expireMs?: number;
  /**
   * Folder of the run journal, from which `hypernodes resume` continues a run: the pipeline's fields, inputs and results,
   * readable by this user only, until the run ends. `false` turns it off.
   *
   * @default ".hypernodes"
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

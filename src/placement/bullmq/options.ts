import type { MapQueue } from "../../dsl/choices.js";
import { badOption, HypernodesError } from "../../errors.js";
import { suggestion } from "../../graph/nearest.js";

/** How Redis or Valkey is reached, beyond a URL: ioredis' own options. */
export interface RedisConnection {
  /** Default: `"127.0.0.1"`. */
  readonly host?: string;
  /** Default: 6379. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** The number of the database. Default: 0. */
  readonly db?: number;
  /** Options of Node's `tls.connect`; `{}` for TLS with the system's certificates. Default: no TLS. */
  readonly tls?: object;
  readonly [option: string]: unknown;
}

/** What is used of a Keyv in which values are left for workers. */
export interface KeyvValues {
  /** @returns the value; undefined: there is none. */
  get(key: string): Promise<unknown>;
  /**
   * Keeps a value, a text.
   *
   * @param ttl milliseconds after which it is gone.
   */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Lets go of a value. */
  delete(key: string): Promise<unknown>;
}

/** Which workers the elements of maps go to, and how. */
export interface BullmqOptions {
  /**
   * Where Redis or Valkey is: `redis://user:password@host:6379/0`, `rediss://` for TLS, or ioredis' options. Default: what
   * the environment variable REDIS_URL says, else `redis://127.0.0.1:6379`.
   */
  readonly connection?: string | RedisConnection | undefined;
  /** The queue's name: workers of the same name take its work. Default: `"hypernodes"`. */
  readonly queue?: string;
  /** What the names of all keys in Redis begin with. In a cluster, in braces. Default: `"hypernodes"`. */
  readonly prefix?: string;
  /**
   * How a worker goes through the elements of a chunk: `"parallel"`, one at a time in each thread, for what computes;
   * `"threaded"`, up to `maxWorkers` overlapping, for what waits. Default: `"parallel"`.
   */
  readonly mode?: "parallel" | "threaded";
  /** Packages that are installed where the workers run, and are not sent along. Default: none. */
  readonly installed?: readonly string[];
  /**
   * A Keyv in which values are left that are large, or that all elements of a map share: `new Keyv(...)`. Workers are started
   * with the same one, `--values`. Default: they are in Redis.
   */
  readonly values?: KeyvValues | undefined;
  /** Milliseconds without any worker, or without Redis, after which a run fails. Default: a minute. */
  readonly patienceMs?: number;
  /** Milliseconds after which Redis forgets what a run has left there that was killed. Default: an hour. */
  readonly expireMs?: number;
  /** The folder in which a run that was killed leaves what `hypernodes resume` needs; `false`: nothing. Default: `".hypernodes"`. */
  readonly journal?: string | false;
}

/** The same, with defaults. */
export interface CheckedBullmq {
  readonly connection: string | RedisConnection;
  readonly queue: string;
  readonly prefix: string;
  readonly mode: "parallel" | "threaded";
  readonly installed: readonly string[];
  readonly values: KeyvValues | undefined;
  readonly patienceMs: number;
  readonly expireMs: number;
  readonly journal: string | false;
}

/** Workers that take their work from a queue in Redis. */
export type BullmqQueue = MapQueue & { readonly kind: "bullmq"; readonly options: BullmqOptions };

const OPTIONS = "connection queue prefix mode installed values patienceMs expireMs journal".split(" ");
/** BullMQ's own rule: a colon separates the parts of a key. */
const NAME = /^[^:\s]+$/;
const LEAST_EXPIRE_MS = 1_000;

/**
 * Workers on any machines, which take chunks of maps from a queue in Redis or Valkey: `hypernodes worker`.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`: at once, before anything is sent.
 *
 * @example
 * ```ts
 * @execution({ maps: bullmq({ connection: process.env.REDIS_URL, queue: "embedding" }) }) class Corpus extends Pipeline { ... }
 * ```
 */
export function bullmq(options: BullmqOptions = {}): BullmqQueue {
  const { mode } = checkedBullmq(options);
  return { kind: "bullmq", mode, options };
}

/** @throws {HypernodesError} */
export function checkedBullmq(options: BullmqOptions): CheckedBullmq {
  for (const option of Object.keys(options)) if (!OPTIONS.includes(option)) throw unknown(option);
  const { queue = "hypernodes", prefix = "hypernodes", mode = "parallel", installed = [], values } = options;
  const { patienceMs = 60_000, expireMs = 3_600_000, journal = ".hypernodes" } = options;
  const connection = options.connection ?? process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  const isPlace = typeof connection === "string" ? isUrl(connection) : typeof connection === "object";
  if (!isPlace) throw noPlace();
  check("queue", queue, NAME.test(String(queue)), "a name without colons and spaces");
  check("prefix", prefix, NAME.test(String(prefix)), "a name without colons and spaces");
  check("mode", mode, mode === "parallel" || mode === "threaded", '"parallel" or "threaded"');
  check("installed", installed, Array.isArray(installed), "a list of packages' names");
  check("values", values, values === undefined || isKeyv(values), "a Keyv: new Keyv(...)");
  check("patienceMs", patienceMs, patienceMs > 0, "milliseconds above 0");
  check("expireMs", expireMs, expireMs >= LEAST_EXPIRE_MS, "milliseconds from 1000");
  check("journal", journal, journal === false || typeof journal === "string", "a folder, or false");
  return { connection, queue, prefix, mode, installed, values, patienceMs, expireMs, journal };
}

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

/** Whether something is used as a Keyv is. */
export function isKeyv(value: unknown): value is KeyvValues {
  const methods = ["get", "set", "delete"] as const;
  return methods.every((method) => typeof (value as Record<string, unknown> | undefined)?.[method] === "function");
}

function check(option: string, value: unknown, isRight: boolean, takes: string): void {
  if (!isRight) throw bad(option, value, takes);
}

function bad(option: string, value: unknown, takes: string): HypernodesError {
  return new HypernodesError({ where: "bullmq(...)", ...badOption(`option ${option}`, value, takes) });
}

/** What was given may have a password in it, and is not printed. */
function noPlace(): HypernodesError {
  return new HypernodesError({
    code: "BAD_OPTION",
    where: "bullmq(...)",
    problem: "the option connection, or REDIS_URL, is no URL of a Redis",
    advice: "It takes redis://user:password@host:6379/0, rediss://... for TLS, or { host, port, ... }.",
  });
}

function unknown(option: string): HypernodesError {
  return new HypernodesError({
    code: "UNKNOWN_OPTION",
    where: "bullmq(...)",
    problem: `there is no option "${option}"`,
    advice: suggestion(option, OPTIONS),
  });
}

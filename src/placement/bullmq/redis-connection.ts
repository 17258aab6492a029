import { createRequire } from "node:module";
import type { Redis, RedisOptions } from "ioredis";
import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError } from "../../errors.js";
import { missingPackage } from "../../util/missing-package.js";
import type { RedisConnection, ResolvedBullmqOptions } from "./options.js";

type BullMq = typeof import("bullmq");

const require = createRequire(import.meta.url);

/** An open connection, and what it takes to open more. */
export interface RedisConnectionHandle {
  readonly bullmq: BullMq;
  readonly redis: Redis;
  readonly options: RedisOptions;
  /** From now on none of them comes back that is lost. */
  stopReconnecting(): void;
}

const PORT = 6379;
/** Milliseconds for the first connection. */
const OPEN_MS = 10_000;
/** Milliseconds between tries to get a lost connection back, at most. */
const MOST_BETWEEN_MS = 1_000;

/**
 * Connects to Redis. A connection that is lost later comes back by itself.
 *
 * @param where the pipeline's place, or the worker.
 * @throws {HypernodesError} `MISSING_PACKAGE`, `NO_REDIS`, `REDIS_REFUSES`.
 */
export async function openRedis(
  { connection }: Pick<ResolvedBullmqOptions, "connection">,
  where: string,
): Promise<RedisConnectionHandle> {
  const bullmq = required("bullmq") as BullMq;
  const { Redis } = required("ioredis") as typeof import("ioredis");
  let isOpen = false;
  const options: RedisOptions = {
    ...toIoredisOptions(connection),
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (isOpen ? Math.min(50 * times, MOST_BETWEEN_MS) : null),
  };
  const redis = new Redis({ ...options, lazyConnect: true, connectTimeout: OPEN_MS });
  let last: Error | undefined;
  // Without a listener it writes what is wrong to standard error.
  redis.on("error", (error) => {
    last = error;
  });
  try {
    await redis.connect();
    isOpen = true;
    const letGo = () => {
      isOpen = false;
    };
    return { bullmq, redis, options, stopReconnecting: letGo };
  } catch (error) {
    redis.disconnect();
    throw notOpened(connection, where, last ?? (error as Error));
  }
}

/** Loads a package. Its CommonJS files take half the time that `import()` takes: BullMQ is 200 modules. */
function required(name: "bullmq" | "ioredis"): unknown {
  try {
    return require(name);
  } catch (cause) {
    throw missingPackage(name, "bullmq(...)", "to send elements to workers", cause);
  }
}

/** ioredis' options. */
function toIoredisOptions(connection: string | RedisConnection): RedisOptions {
  if (typeof connection !== "string") return connection as RedisOptions;
  const { protocol, hostname, port, username, password, pathname } = new URL(connection);
  return {
    host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: port === "" ? PORT : Number(port),
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { db: Number(pathname.slice(1)) }),
    ...(/(?:rediss|valkeys):$/.test(protocol) && { tls: { servername: hostname } }),
  };
}

/** The address of a server without user and password. */
export function redisUrlForDisplay(connection: string | RedisConnection): string {
  const { host = "127.0.0.1", port = PORT, db, tls, path } = toIoredisOptions(connection);
  return path ?? `${tls === undefined ? "redis" : "rediss"}://${host}:${port}${db ? `/${db}` : ""}`;
}

function notOpened(connection: string | RedisConnection, where: string, error: Error): HypernodesError {
  return (
    replyError(connection, where, error) ??
    new HypernodesError({
      code: "NO_REDIS",
      where,
      problem: `there is no Redis at ${redisUrlForDisplay(connection)}: ${error.message || "it does not answer"}`,
      advice:
        "Start one (redis-server, valkey-server), or set its address: bullmq({ connection }), --connection, or REDIS_URL.",
      cause: error,
    })
  );
}

/** The advice for resuming a run. */
export const RESUME = "With a cache, or hypernodes resume, a second run continues where this one was.";

const TRANSIENT = /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNKILLABLE)\b/;

const REPLY_ERRORS: readonly { readonly reply: RegExp; readonly code: ErrorCode; readonly advice: string }[] = [
  {
    reply: /^OOM\b/,
    code: "REDIS_FULL",
    advice: `It has reached its maxmemory: give it more (CONFIG SET maxmemory), store large values in a Keyv, bullmq({ values }), or start fewer workers. ${RESUME}`,
  },
  {
    reply: /^MISCONF\b/,
    code: "REDIS_FULL",
    advice: `Redis can't write to its disk: read its log, and make room. ${RESUME}`,
  },
  {
    reply: /^READONLY\b/,
    code: "REDIS_REFUSES",
    advice: `It is a replica: connect to the primary. ${RESUME}`,
  },
  {
    reply: /^NOPERM\b/,
    code: "REDIS_REFUSES",
    advice:
      "Give the user the commands and keys that BullMQ needs: ACL SETUSER NAME on >PASSWORD ~PREFIX:* &* +@all -@admin -@dangerous +info",
  },
  {
    reply: /^(?:NOAUTH|WRONGPASS|ERR AUTH|ERR DB index)\b/,
    code: "REDIS_REFUSES",
    advice: "Check the user, the password and the database of the connection: redis://user:password@host:6379/0.",
  },
  {
    reply: /^[A-Z]{3,}\b/,
    code: "REDIS_REFUSES",
    advice: `Check the version (6.2 or newer) and the configuration of Redis. ${RESUME}`,
  },
];

/** Tells if an error is Redis' own reply to a command, and not one of the connection. */
function isReplyError(error: unknown): error is Error {
  return (error as Error | undefined)?.name === "ReplyError";
}

/** Tells if an error is a reply that Redis gives for a time only: while it loads, waits for a script, or changes its primary. */
export function isTransient(error: unknown): boolean {
  return isReplyError(error) && TRANSIENT.test(error.message);
}

/** The error of a command that Redis has refused; undefined for any other error. */
export function replyError(
  connection: string | RedisConnection,
  where: string,
  error: unknown,
): HypernodesError | undefined {
  if (!isReplyError(error)) return undefined;
  const { code, advice } = REPLY_ERRORS.find(({ reply }) => reply.test(error.message)) ?? REPLY_ERRORS.at(-1)!;
  const problem = `${redisUrlForDisplay(connection)} refuses: ${error.message}`;
  return new HypernodesError({ code, where, problem, advice, cause: error });
}

import type { Redis, RedisOptions } from "ioredis";
import { HypernodesError } from "../../errors.js";
import { missingPackage } from "../bundle/peers.js";
import type { CheckedBullmq, RedisConnection } from "./options.js";

type BullMq = typeof import("bullmq");

/** An open connection, and what it takes to open more. */
export interface Opened {
  readonly bullmq: BullMq;
  readonly redis: Redis;
  readonly options: RedisOptions;
  /** From now on none of them comes back that is lost. */
  letGo(): void;
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
export async function openRedis({ connection }: Pick<CheckedBullmq, "connection">, where: string): Promise<Opened> {
  const missing = (name: "bullmq" | "ioredis") => (cause: unknown) => {
    throw missingPackage(name, "bullmq(...)", "to send elements to workers", cause);
  };
  const bullmq = await import("bullmq").catch(missing("bullmq"));
  const { Redis } = await import("ioredis").catch(missing("ioredis"));
  let isOpen = false;
  const options: RedisOptions = {
    ...plain(connection),
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
    return { bullmq, redis, options, letGo };
  } catch (error) {
    redis.disconnect();
    throw notOpened(connection, where, last ?? (error as Error));
  }
}

/** ioredis' options. */
function plain(connection: string | RedisConnection): RedisOptions {
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

/** Where it is, without who may go there. */
export function placeOfRedis(connection: string | RedisConnection): string {
  const { host = "127.0.0.1", port = PORT, db, tls, path } = plain(connection);
  return path ?? `${tls === undefined ? "redis" : "rediss"}://${host}:${port}${db ? `/${db}` : ""}`;
}

function notOpened(connection: string | RedisConnection, where: string, error: Error): HypernodesError {
  const place = placeOfRedis(connection);
  const isRefused = /NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR DB index/.test(error.message);
  return new HypernodesError({
    code: isRefused ? "REDIS_REFUSES" : "NO_REDIS",
    where,
    problem: isRefused
      ? `${place} refuses: ${error.message}`
      : `there is no Redis at ${place}: ${error.message || "it does not answer"}`,
    advice: isRefused
      ? "See which user, password and database the connection has: redis://user:password@host:6379/0."
      : "Start one (redis-server, valkey-server), or say where it is: bullmq({ connection }), --connection, or REDIS_URL.",
    cause: error,
  });
}

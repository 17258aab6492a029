import type { Redis } from "ioredis";

/** The time of Redis itself, in milliseconds: clocks of machines differ, and are set. */
const NOW = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;
const ENTER = `${NOW}
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
redis.call("ZADD", KEYS[1], now + ARGV[1], ARGV[2])`;
const LIST = `${NOW}
return redis.call("ZRANGEBYSCORE", KEYS[1], now, "+inf")`;

/** A worker, and how many chunks it computes at once. Anybody may have written something else there. */
const ENTRY = /^worker-[0-9a-f]{8} ([1-9]\d*)$/;
/** Chunks of one worker that are counted: a client has twice as many on their way. */
const MAX_SLOTS = 10_000;

/**
 * Enters a worker into the list of those that are there.
 *
 * @param key the list's key.
 * @param entry the worker's id, a space, and how many chunks it computes at once.
 * @param forMs milliseconds for which it counts as there.
 */
export async function enterWorker(redis: Redis, key: string, entry: string, forMs: number): Promise<void> {
  await redis.eval(ENTER, 1, key, forMs, entry);
}

/** The number of chunks that each worker which is there computes at once. */
export async function listWorkers(redis: Redis, key: string): Promise<readonly number[]> {
  const entries = (await redis.eval(LIST, 1, key)) as readonly string[];
  return entries.flatMap((entry) => {
    const slots = ENTRY.exec(entry)?.[1];
    return slots === undefined ? [] : [Math.min(Number(slots), MAX_SLOTS)];
  });
}

import type { Redis } from "ioredis";
import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError } from "../../errors.js";
import { queueKeys } from "./job-protocol.js";
import type { ResolvedBullmqOptions } from "./options.js";
import { isTransient, RESUME, redisUrlForDisplay, replyError } from "./redis-connection.js";
import { listWorkers } from "./worker-list.js";

/** Milliseconds in which a Redis that is there answers. */
const ANSWERS_MS = 2_000;

/** One client's view of Redis and of the workers of its queue: whether they are alive, and since when they are not. */
export class WorkerRegistry {
  /** The number of chunks that the workers compute at once, as far as it is known. */
  slots = 1;
  private readonly workers: string;
  private readonly mark: string;
  private hasWorkers = true;
  private withoutWorkersSince: number | undefined;
  private redisDownSince: number | undefined;
  /** Since when Redis owes an answer: a machine that has frozen keeps its connections, and one that loads has none. */
  private askedAt: number | undefined;
  private isAsking = false;

  /**
   * @param run its id.
   * @param where the pipeline's place.
   * @param warn something that the user should know, once.
   */
  constructor(
    private readonly redis: Redis,
    private readonly options: ResolvedBullmqOptions,
    run: string,
    private readonly where: string,
    private readonly warn: (message: string) => void,
  ) {
    const keys = queueKeys(options);
    this.workers = keys.workers;
    this.mark = keys.run(run);
  }

  get hasRedis(): boolean {
    const { askedAt } = this;
    return this.redis.status === "ready" && (askedAt === undefined || performance.now() - askedAt < ANSWERS_MS);
  }

  /**
   * Marks the run as wanted, and looks again.
   *
   * @param waits whether anything waits for workers.
   * @returns whether Redis still had the mark; undefined: it has not answered.
   * @throws {HypernodesError} `REDIS_LOST`, `NO_WORKERS`: after the time that the options give; `REDIS_FULL`, `REDIS_REFUSES`.
   */
  async refresh(waits: boolean): Promise<boolean | undefined> {
    this.checkRedis();
    if (this.redis.status !== "ready" || this.isAsking) return undefined;
    this.isAsking = true;
    this.askedAt ??= performance.now();
    try {
      const [mark, slots] = await Promise.all([
        this.redis.set(this.mark, "1", "PX", this.options.expireMs, "GET"),
        listWorkers(this.redis, this.workers),
      ]);
      this.askedAt = undefined;
      this.count(slots);
      this.checkWorkers(waits);
      return mark !== null;
    } catch (error) {
      // It still owes an answer.
      if (isTransient(error)) return undefined;
      this.askedAt = undefined;
      throw replyError(this.options.connection, this.where, error) ?? error;
    } finally {
      this.isAsking = false;
    }
  }

  private count(slots: readonly number[]): void {
    this.slots = Math.max(
      1,
      slots.reduce((sum, each) => sum + each, 0),
    );
    this.hasWorkers = slots.length > 0;
  }

  private checkRedis(): void {
    if (this.hasRedis) {
      this.redisDownSince = undefined;
      return;
    }
    this.redisDownSince ??= this.askedAt ?? performance.now();
    const { patienceMs, connection } = this.options;
    if (performance.now() - this.redisDownSince < patienceMs) return;
    const problem = `${redisUrlForDisplay(connection)} has not answered for ${patienceMs / 1000} seconds`;
    throw this.error("REDIS_LOST", problem, `Check that Redis is running. ${RESUME}`);
  }

  private checkWorkers(waits: boolean): void {
    if (this.hasWorkers || !waits) {
      this.withoutWorkersSince = undefined;
      return;
    }
    const { queue, connection, patienceMs } = this.options;
    this.withoutWorkersSince ??= performance.now();
    const start = `hypernodes worker --queue ${queue} --connection ${redisUrlForDisplay(connection)}`;
    this.warn(`no worker takes work from the queue ${queue}: ${this.where} waits. Start one: ${start}`);
    if (performance.now() - this.withoutWorkersSince < patienceMs) return;
    const problem = `no worker has taken work from the queue ${queue} for ${patienceMs / 1000} seconds`;
    const advice = `Start one, on any machine: ${start}. If one is running, Redis refuses it: read its output.`;
    throw this.error("NO_WORKERS", problem, advice);
  }

  private error(code: ErrorCode, problem: string, advice: string): HypernodesError {
    return new HypernodesError({ code, where: this.where, problem, advice });
  }
}

import type { Redis } from "ioredis";
import { HypernodesError } from "../../errors.js";
import { keysOf } from "./jobs.js";
import type { CheckedBullmq } from "./options.js";
import { placeOfRedis } from "./redis.js";

/** Milliseconds in which a Redis that is there answers. */
const ANSWERS_MS = 2_000;

/** Who is there, as one client sees it: Redis, and workers of its queue; and for how long neither has been. */
export class Presence {
  /** How many chunks the workers compute at once, as far as it is known. */
  slots = 1;
  private readonly workers: string;
  private hasWorkers = true;
  private aloneSince: number | undefined;
  private lostSince: number | undefined;
  /** Since when Redis owes an answer: a machine that has frozen keeps its connections. */
  private askedAt: number | undefined;

  /**
   * @param where the pipeline's place.
   * @param warn something that the user should know, once.
   */
  constructor(
    private readonly redis: Redis,
    private readonly options: CheckedBullmq,
    private readonly where: string,
    private readonly warn: (message: string) => void,
  ) {
    this.workers = keysOf(options).workers;
  }

  get hasRedis(): boolean {
    const { askedAt } = this;
    return this.redis.status === "ready" && (askedAt === undefined || Date.now() - askedAt < ANSWERS_MS);
  }

  /**
   * Looks again.
   *
   * @param waits whether anything waits for workers.
   * @throws {HypernodesError} `REDIS_LOST`, `NO_WORKERS`: after the time that the options give.
   */
  async look(waits: boolean): Promise<void> {
    this.checkRedis();
    if (!this.hasRedis || this.askedAt !== undefined) return;
    this.askedAt = Date.now();
    const alive = await this.redis.zrangebyscore(this.workers, Date.now(), "+inf").finally(() => {
      this.askedAt = undefined;
    });
    const slots = alive.reduce((sum, name) => sum + Number(name.split(" ")[1]), 0);
    this.slots = Math.max(1, slots);
    this.hasWorkers = alive.length > 0;
    this.checkWorkers(waits);
  }

  private checkRedis(): void {
    if (this.hasRedis) {
      this.lostSince = undefined;
      return;
    }
    this.lostSince ??= this.askedAt ?? Date.now();
    const { patienceMs, connection } = this.options;
    if (Date.now() - this.lostSince < patienceMs) return;
    const problem = `${placeOfRedis(connection)} has not answered for ${patienceMs / 1000} seconds`;
    throw this.error("REDIS_LOST", problem, RESUME);
  }

  private checkWorkers(waits: boolean): void {
    if (this.hasWorkers || !waits) {
      this.aloneSince = undefined;
      return;
    }
    const { queue, connection, patienceMs } = this.options;
    this.aloneSince ??= Date.now();
    const start = `hypernodes worker --queue ${queue} --connection ${placeOfRedis(connection)}`;
    this.warn(`no worker takes work from the queue ${queue}: ${this.where} waits. Start one: ${start}`);
    if (Date.now() - this.aloneSince < patienceMs) return;
    const problem = `no worker has taken work from the queue ${queue} for ${patienceMs / 1000} seconds`;
    throw this.error("NO_WORKERS", problem, `Start one, on any machine: ${start}`);
  }

  private error(code: string, problem: string, advice: string): HypernodesError {
    return new HypernodesError({ code, where: this.where, problem, advice });
  }
}

const RESUME =
  "See whether it still runs. With a cache, or hypernodes resume, a second run goes on where this one was.";

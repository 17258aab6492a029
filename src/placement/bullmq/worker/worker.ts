import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Worker as BullWorker, Job } from "bullmq";
import type { Redis } from "ioredis";
import type { RunEvent } from "../../../engine/events.js";
import { HypernodesError } from "../../../errors.js";
import { remembered } from "../../../graph/remembered.js";
import { KeyvBlobs, RedisBlobs } from "../blobs.js";
import {
  type ChunkJob,
  type JobReturn,
  keysOf,
  type LiveEvents,
  otherQueueProtocol,
  QUEUE_PROTOCOL,
  refusalOf,
} from "../jobs.js";
import { version } from "../link.js";
import type { CheckedBullmq } from "../options.js";
import { openRedis } from "../redis.js";
import { Crew } from "./crew.js";
import { Fetched } from "./fetched.js";
import { ProcessEnded } from "./pipeline-process.js";

/** Milliseconds between looks whether runs are still wanted. */
const LOOK_MS = 500;
/** How long a worker counts as there that says nothing, in looks. */
const SILENT_LOOKS = 10;
/** How many workers in turn may be lost with a chunk. */
const MOST_STALLED = 2;

/** Keeps a result, if the run is still wanted. */
const KEEP = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("HSET", KEYS[2], ARGV[1], ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return 1`;

/** Takes chunks from a queue and computes them, until it is closed. */
export class Worker {
  readonly id = `worker-${randomUUID().slice(0, 8)}`;
  private readonly keys: ReturnType<typeof keysOf>;
  private readonly scratch = mkdtempSync(path.join(os.tmpdir(), "hypernodes-worker-"));
  private readonly crew = new Crew(this.scratch);
  private readonly fetched: Fetched;
  private readonly looking: NodeJS.Timeout;
  /** By run, what stops its chunks that are here. */
  private readonly runs = new Map<string, Set<AbortController>>();
  private readonly taking: BullWorker<ChunkJob, JobReturn>;
  private isLost = false;

  private constructor(
    checked: CheckedBullmq,
    private readonly concurrency: number,
    private readonly redis: Redis,
    private readonly letGo: () => void,
    private readonly tell: (text: string) => void,
    taking: (process: (job: Job<ChunkJob>) => Promise<JobReturn>) => BullWorker<ChunkJob, JobReturn>,
  ) {
    this.keys = keysOf(checked);
    const inKeyv = checked.values && new KeyvBlobs(checked.values);
    this.fetched = new Fetched(new RedisBlobs(redis, this.keys), inKeyv, this.scratch);
    this.looking = setInterval(() => void this.look(), LOOK_MS);
    this.taking = taking((job) => this.answer(job));
    this.taking.on("error", () => {});
  }

  /**
   * Begins to take work.
   *
   * @param concurrency how many chunks it computes at once.
   * @param stallMs milliseconds after which others take over the chunks of a worker that is silent.
   * @param tell hears what whoever runs it should know.
   * @throws {HypernodesError} `MISSING_PACKAGE`, `NO_REDIS`, `REDIS_REFUSES`.
   */
  static async start(
    checked: CheckedBullmq,
    concurrency: number,
    stallMs: number,
    tell: (text: string) => void,
  ): Promise<Worker> {
    const { bullmq, redis, options: redisOptions, letGo } = await openRedis(checked, "the worker");
    const worker = new Worker(checked, concurrency, redis, letGo, tell, (process) => {
      const half = Math.ceil(stallMs / 2);
      return new bullmq.Worker<ChunkJob, JobReturn>(checked.queue, process, {
        connection: redisOptions as object,
        prefix: checked.prefix,
        concurrency,
        // A lock that was not renewed is seen at the next look.
        lockDuration: half,
        stalledInterval: half,
        maxStalledCount: MOST_STALLED,
      });
    });
    await worker.taking.waitUntilReady();
    await worker.look();
    return worker;
  }

  private async answer(taken: Job<ChunkJob>): Promise<JobReturn> {
    const { id, data: job } = taken;
    const attempt = randomUUID();
    if (job.protocol !== QUEUE_PROTOCOL)
      return { kind: "refused", error: refusalOf(otherQueueProtocol(job, version())) };
    if (!(await this.redis.exists(this.keys.run(job.run)))) return { kind: "gone" };
    const controller = new AbortController();
    const running = remembered(this.runs, job.run, () => new Set<AbortController>());
    running.add(controller);
    try {
      const bytes = await this.compute(job, controller.signal, this.live(taken, attempt));
      if (controller.signal.aborted) return { kind: "gone" };
      const [run, results] = [this.keys.run(job.run), this.keys.results(job.run)];
      if ((await this.redis.eval(KEEP, 2, run, results, id!, Buffer.from(bytes), job.expireMs)) === 0)
        return { kind: "gone" };
      return { kind: "home", worker: this.id, attempt };
    } catch (error) {
      if (controller.signal.aborted) return { kind: "gone" };
      if (error instanceof ProcessEnded) return { kind: "lost", worker: this.id, how: error.message };
      if (error instanceof HypernodesError) return { kind: "refused", error: refusalOf(error) };
      throw error;
    } finally {
      running.delete(controller);
      if (running.size === 0) this.runs.delete(job.run);
    }
  }

  private async compute(job: ChunkJob, signal: AbortSignal, live: (event: RunEvent) => void): Promise<Uint8Array> {
    const [folder, file, chunk] = await Promise.all([
      this.fetched.bundle(job),
      this.fetched.fragment(job),
      this.fetched.chunk(job),
    ]);
    const fragment = { digest: job.fragment, file };
    return this.crew.with(folder, job.alone, (process) => process.compute(fragment, chunk, signal, job.graceMs, live));
  }

  /** Tells the client of events while a chunk lasts: those that come together go together. */
  private live(job: Job<ChunkJob>, attempt: string): (event: RunEvent) => void {
    let events: RunEvent[] = [];
    const tell = () => {
      const told: LiveEvents = { attempt, worker: this.id, events };
      events = [];
      job.updateProgress(told).catch(() => {});
    };
    return (event) => {
      if (events.push(event) === 1) setImmediate(tell);
    };
  }

  /** Says that it is there, and stops what is not wanted any more. */
  private async look(): Promise<void> {
    const isLost = this.redis.status !== "ready";
    if (isLost !== this.isLost)
      this.tell(`${this.id} ${isLost ? "has lost Redis, and waits for it" : "has Redis again"}`);
    this.isLost = isLost;
    if (isLost) return;
    this.fetched.sweep();
    const now = Date.now();
    const name = `${this.id} ${this.concurrency}`;
    try {
      const multi = this.redis.multi().zremrangebyscore(this.keys.workers, "-inf", now);
      await multi.zadd(this.keys.workers, now + SILENT_LOOKS * LOOK_MS, name).exec();
      for (const [run, controllers] of this.runs) {
        if (await this.redis.exists(this.keys.run(run))) continue;
        for (const controller of controllers) controller.abort(new Error("the run is over"));
      }
    } catch {
      // Redis has gone: it is looked for again.
    }
  }

  /** Takes no more, computes what it has begun, and ends. */
  async close(): Promise<void> {
    clearInterval(this.looking);
    this.letGo();
    await this.taking.close();
    await this.crew.close();
    await this.redis.zrem(this.keys.workers, `${this.id} ${this.concurrency}`).catch(() => {});
    this.redis.disconnect();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { Worker as BullWorker, Job } from "bullmq";
import type { Redis } from "ioredis";
import type { RunEvent } from "../../../engine/lifecycle/events.js";
import { HypernodesError } from "../../../errors.js";
import { settlesWithin } from "../../../util/deadline.js";
import { getOrCreate } from "../../../util/get-or-create.js";
import { ownVersion } from "../../../util/own-files.js";
import type { Printed } from "../../protocol/frames.js";
import { KeyvBlobStore, RedisBlobStore } from "../blob-store.js";
import {
  type ChunkJob,
  checkJob,
  checkJobIsObject,
  type JobResult,
  jobPlace,
  type LiveEvents,
  otherQueueProtocol,
  QUEUE_PROTOCOL,
  queueKeys,
  toJobError,
  type WorkerOutput,
} from "../job-protocol.js";
import type { ResolvedBullmqOptions } from "../options.js";
import { openRedis, redisUrlForDisplay, replyError } from "../redis-connection.js";
import { type Signed, Signer, signatureError } from "../signer.js";
import { enterWorker } from "../worker-list.js";
import { ArtifactCache } from "./artifact-cache.js";
import { ProcessEnded } from "./pipeline-process.js";
import { createPrivateFolder } from "./private-folder.js";
import { ProcessPool } from "./process-pool.js";

/** Milliseconds between looks whether runs are still wanted. */
const HEARTBEAT_MS = 500;
/** The number of heartbeats after which a silent worker counts as gone. */
const HEARTBEAT_TTL_TICKS = 10;
/** The number of workers in a row that may be lost with a chunk. */
const MAX_STALLED = 2;

/** Pieces of output that Redis holds for a client: the last ones. */
const MAX_OUTPUT = 10_000;
/** Milliseconds in which a worker that is closed has to take leave of Redis. */
const CLOSE_MS = 5_000;
/** The longest time in milliseconds after which a worker asks again for work that Redis has refused it. */
const ASK_AGAIN_MS = 15_000;
/** A worker that was refused nothing for so many milliseconds was given what it asked for. */
const REFUSAL_ENDS_MS = 4 * ASK_AGAIN_MS;

/** Keeps a result, if the run is still wanted. */
const STORE_RESULT_SCRIPT = `
if redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
redis.call("HSET", KEYS[2], ARGV[1], ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return 1`;

/** Takes chunks from a queue and computes them, until it is closed. */
export class QueueWorker {
  readonly id = `worker-${randomUUID().slice(0, 8)}`;
  private readonly keys: ReturnType<typeof queueKeys>;
  /** This worker in the list of those that are there. */
  private readonly entry: string;
  private readonly folder = createPrivateFolder();
  private readonly processes = new ProcessPool(
    this.folder,
    (job, output) => void this.sendOutput(job, output).catch(() => {}),
  );
  private readonly signer: Signer;
  private readonly artifacts: ArtifactCache;
  private readonly looking: NodeJS.Timeout;
  /** By run, what stops its chunks that are here. */
  private readonly runs = new Map<string, Set<AbortController>>();
  private readonly taking: BullWorker<Signed<ChunkJob>, Signed<JobResult>>;
  private isLost = false;
  /** The times of the first and the last refusal to give it work, since it took some. */
  private refusal: { since: number; last: number } | undefined;
  /** The time at which Redis last took this worker's heartbeat. */
  private seenAt = performance.now();
  /** The error with which Redis has refused the last heartbeat. */
  private refusedHeartbeat: HypernodesError | undefined;
  /** The codes of rejected jobs that were logged. */
  private readonly reported = new Set<string>();
  private fail!: (error: HypernodesError) => void;
  /** Rejects when Redis was lost, or has refused it work, for too long: `REDIS_LOST`, `REDIS_FULL`, `REDIS_REFUSES`. */
  readonly failed = new Promise<never>((_, reject) => {
    this.fail = reject;
  });

  private constructor(
    private readonly checked: ResolvedBullmqOptions,
    concurrency: number,
    private readonly redis: Redis,
    private readonly letGo: () => void,
    private readonly log: (text: string) => void,
    taking: (process: (job: Job<Signed<ChunkJob>>) => Promise<Signed<JobResult>>) => QueueWorker["taking"],
  ) {
    this.failed.catch(() => {});
    this.entry = `${this.id} ${concurrency}`;
    this.signer = new Signer(checked);
    this.keys = queueKeys(checked);
    const inKeyv = checked.values && new KeyvBlobStore(checked.values);
    this.artifacts = new ArtifactCache(new RedisBlobStore(redis, this.keys), inKeyv, this.folder);
    this.looking = setInterval(() => void this.heartbeat(), HEARTBEAT_MS);
    this.taking = taking((job) => this.answerSigned(job));
    this.taking.on("error", (error) => {
      const refused = this.reportRefusal(error);
      if (refused !== undefined) this.noteRefusal(refused);
    });
  }

  /**
   * Begins to take work.
   *
   * @param concurrency the number of chunks that it computes at once.
   * @param stallMs milliseconds after which others take over the chunks of a worker that is silent.
   * @param log receives lines for the operator of the worker.
   * @throws {HypernodesError} `MISSING_PACKAGE`, `NO_REDIS`, `REDIS_REFUSES`.
   */
  static async start(
    checked: ResolvedBullmqOptions,
    concurrency: number,
    stallMs: number,
    log: (text: string) => void,
  ): Promise<QueueWorker> {
    const { bullmq, redis, options: redisOptions, stopReconnecting: letGo } = await openRedis(checked, "the worker");
    const worker = new QueueWorker(checked, concurrency, redis, letGo, log, (process) => {
      const half = Math.ceil(stallMs / 2);
      return new bullmq.Worker<Signed<ChunkJob>, Signed<JobResult>>(checked.queue, process, {
        connection: redisOptions as object,
        prefix: checked.prefix,
        concurrency,
        // A lock that was not renewed is seen at the next look.
        lockDuration: half,
        stalledInterval: half,
        runRetryDelay: Math.min(ASK_AGAIN_MS, checked.patienceMs / 4),
        maxStalledCount: MAX_STALLED,
      });
    });
    await worker.taking.waitUntilReady();
    await worker.heartbeat();
    return worker;
  }

  private async answerSigned(taken: Job<Signed<ChunkJob>>): Promise<Signed<JobResult>> {
    return this.signer.sign("return", taken.id!, await this.processJob(taken));
  }

  private async processJob(taken: Job<Signed<ChunkJob>>): Promise<JobResult> {
    this.refusal = undefined;
    const { id, data } = taken;
    const attempt = randomUUID();
    let job: ChunkJob;
    try {
      job = this.check(id!, data);
    } catch (error) {
      this.warnOnce(error as HypernodesError);
      return { kind: "rejected", error: toJobError(error as HypernodesError) };
    }
    if (!(await this.redis.exists(this.keys.run(job.run)))) return { kind: "cancelled" };
    const controller = new AbortController();
    const running = getOrCreate(this.runs, job.run, () => new Set<AbortController>());
    running.add(controller);
    try {
      const bytes = await this.compute(job, controller.signal, this.progressReporter(taken, attempt));
      if (controller.signal.aborted) return { kind: "cancelled" };
      // The output until now is read from its pipe, and goes first.
      if (job.logs) await new Promise(setImmediate);
      const [run, results] = [this.keys.run(job.run), this.keys.results(job.run)];
      if (
        (await this.redis.eval(
          STORE_RESULT_SCRIPT,
          2,
          run,
          results,
          id!,
          this.signer.signBytes(id!, bytes),
          job.expireMs,
        )) === 0
      )
        return { kind: "cancelled" };
      return { kind: "completed", worker: this.id, attempt };
    } catch (error) {
      if (controller.signal.aborted) return { kind: "cancelled" };
      if (error instanceof ProcessEnded) return { kind: "crashed", worker: this.id, how: error.message };
      if (error instanceof HypernodesError) return { kind: "rejected", error: toJobError(error) };
      throw error;
    } finally {
      running.delete(controller);
      if (running.size === 0) this.runs.delete(job.run);
    }
  }

  /** Anybody may have written it. @throws {HypernodesError} `OTHER_PROTOCOL`, `NOT_SIGNED`, `BAD_JOB`. */
  private check(id: string, signed: Signed<ChunkJob>): ChunkJob {
    checkJobIsObject(signed);
    if (signed.protocol !== QUEUE_PROTOCOL) throw otherQueueProtocol(signed, ownVersion());
    if (!this.signer.verify("job", id, signed)) throw signatureError(jobPlace(signed), "the job");
    const { mac: _, ...job } = signed;
    checkJob(job);
    return job;
  }

  private async sendOutput({ run, expireMs }: ChunkJob, output: Printed): Promise<void> {
    const message: WorkerOutput = { worker: this.id, ...output };
    const key = this.keys.output(run);
    const text = JSON.stringify(this.signer.sign("output", run, message));
    await this.redis.multi().rpush(key, text).ltrim(key, -MAX_OUTPUT, -1).pexpire(key, expireMs).exec();
  }

  private async compute(job: ChunkJob, signal: AbortSignal, live: (event: RunEvent) => void): Promise<Uint8Array> {
    const [folder, file, chunk] = await Promise.all([
      this.artifacts.bundle(job),
      this.artifacts.stageFile(job),
      this.artifacts.chunk(job),
    ]);
    const stage = { digest: job.stage, file };
    return this.processes.use(folder, job, (process) => process.compute(stage, chunk, signal, job.graceMs, live));
  }

  /** Sends events to the client while a chunk lasts: those that come together are sent together. */
  private progressReporter(job: Job<ChunkJob>, attempt: string): (event: RunEvent) => void {
    let events: RunEvent[] = [];
    const send = () => {
      const live: LiveEvents = { attempt, worker: this.id, events };
      events = [];
      job.updateProgress(this.signer.sign("events", job.id!, live)).catch(() => {});
    };
    return (event) => {
      if (events.push(event) === 1) setImmediate(send);
    };
  }

  /** Says that it is there, and stops what is not wanted any more. */
  private async heartbeat(): Promise<void> {
    const isLost = this.redis.status !== "ready";
    if (isLost !== this.isLost)
      this.log(`${this.id} ${isLost ? "has lost Redis, and waits for it" : "has Redis again"}`);
    this.isLost = isLost;
    if (performance.now() - this.seenAt > this.checked.patienceMs) this.fail(this.refusedHeartbeat ?? this.redisLost());
    if (isLost) return;
    try {
      this.artifacts.sweep();
      // A worker that can take nothing is none: clients would wait for it for ever.
      if (this.refusal !== undefined && this.runs.size === 0) await this.redis.exists(this.keys.workers);
      else await enterWorker(this.redis, this.keys.workers, this.entry, HEARTBEAT_TTL_TICKS * HEARTBEAT_MS);
      this.seenAt = performance.now();
      this.refusedHeartbeat = undefined;
      for (const [run, controllers] of this.runs) {
        if (await this.redis.exists(this.keys.run(run))) continue;
        for (const controller of controllers) controller.abort(new Error("the run is over"));
      }
    } catch (error) {
      // Redis has gone, or takes nothing: it is looked for again.
      this.refusedHeartbeat = this.reportRefusal(error);
    }
  }

  private redisLost(): HypernodesError {
    const { connection, patienceMs } = this.checked;
    return new HypernodesError({
      code: "REDIS_LOST",
      where: this.id,
      problem: `${redisUrlForDisplay(connection)} did not answer for ${patienceMs / 1000} seconds`,
      advice: "Start the worker again when Redis is running; --patience sets how long a worker waits.",
    });
  }

  /** @returns the error of what Redis has refused; undefined for any other error. */
  private reportRefusal(error: unknown): HypernodesError | undefined {
    const refused = replyError(this.checked.connection, this.id, error);
    if (refused !== undefined) this.warnOnce(refused);
    return refused;
  }

  /** Ends the worker when Redis has given it no work, but refusals, for as long as it waits for a lost Redis. */
  private noteRefusal(error: HypernodesError): void {
    const now = performance.now();
    const isNew = this.refusal === undefined || now - this.refusal.last > REFUSAL_ENDS_MS;
    this.refusal = { since: isNew ? now : this.refusal!.since, last: now };
    if (now - this.refusal.since > this.checked.patienceMs && this.runs.size === 0) this.fail(error);
  }

  private warnOnce({ code, message }: HypernodesError): void {
    if (this.reported.has(code)) return;
    this.reported.add(code);
    this.log(message);
  }

  /** Takes no more, computes the jobs in progress, and ends. */
  async close(): Promise<void> {
    clearInterval(this.looking);
    this.letGo();
    // What waits for a Redis that has gone would wait for ever.
    const soon = (work: Promise<unknown>) => settlesWithin(work, CLOSE_MS);
    const isThere = () => this.redis.status === "ready";
    const lost = new Promise((resolve) => this.redis.once("close", resolve));
    const closing = this.taking.close(!isThere()).catch((error: unknown) => {
      if (isThere()) throw error;
    });
    if (isThere()) await Promise.race([closing, lost]);
    if (!isThere()) await soon(closing);
    await this.processes.close();
    if (isThere()) await soon(this.redis.zrem(this.keys.workers, this.entry));
    this.redis.disconnect();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { RunEvent } from "../../engine/lifecycle/events.js";
import { HypernodesError } from "../../errors.js";
import { settlesWithin } from "../../util/deadline.js";
import { isRecord } from "../../util/options.js";
import { ownVersion } from "../../util/own-files.js";
import type { Bundle } from "../bundle/bundle.js";
import { KeyvBlobStore, RedisBlobStore, view } from "./blob-store.js";
import {
  type ChunkJob,
  isJobResult,
  isLiveEvents,
  isWorkerOutput,
  JOB,
  type JobResult,
  type LiveEvents,
  NOT_IN_REDIS,
  QUEUE_PROTOCOL,
  queueKeys,
  type WorkerOutput,
} from "./job-protocol.js";
import type { ResolvedBullmqOptions } from "./options.js";
import { isTransient, openRedis, RESUME, redisUrlForDisplay, replyError } from "./redis-connection.js";
import { RunBlobs, type Shared } from "./run-blobs.js";
import { type Signed, Signer, signatureError } from "./signer.js";
import { WorkerRegistry } from "./worker-registry.js";

/** Bytes of a chunk that go in its job; larger ones are left beside it. */
const INLINE = 16 * 1024;
/** Milliseconds between looks at who is there and what is missing. */
const POLL_MS = 1_000;
/** Milliseconds without news of a job after which Redis is asked for it. */
const REQUEST_MS = 5_000;
/** The number of events that BullMQ keeps: clients read them as they come. */
const EVENTS = 1_000;
/** Jobs that wait for each chunk that a worker computes: it goes on without a word from here. */
const WINDOW = 2;
const MIN_WINDOW = 4;

/** Times that a chunk is sent again of which Redis, or a worker, has nothing any more. */
const MAX_RESENDS = 5;
/** Pieces of output that are read at once. */
const MAX_OUTPUT = 1_000;

/** Milliseconds for removing the run's keys, and for closing the connections. */
const CLOSE_MS = 5_000;

/** The outcome of a chunk's job. */
export type JobOutcome =
  | {
      readonly kind: "completed";
      readonly worker: string | undefined;
      readonly bytes: Uint8Array;
      readonly emitted: number;
    }
  | { readonly kind: "crashed"; readonly worker: string | undefined; readonly how: string };

/** A job that was submitted. */
export interface JobHandle {
  readonly outcome: Promise<JobOutcome>;
  /** Cancels the job. */
  cancel(): void;
}

interface PendingJob {
  readonly job: ChunkJob;
  readonly live: (events: readonly RunEvent[], worker: string) => void;
  /** The attempt whose events were emitted while it lasts, and their number below. */
  attempt: string | undefined;
  emitted: number;
  readonly resolve: (outcome: JobOutcome) => void;
  readonly reject: (error: unknown) => void;
  askedAt: number;
  resends: number;
}

/** Callbacks and identity of the run that owns the connection. */
export interface RunIdentity {
  readonly run: string;
  readonly where: string;
  /** Something that the user should know, once. */
  warn(message: string): void;
  /** A node has printed something at a worker. */
  onOutput(output: WorkerOutput): void;
}

/** A run's connection to a queue: its code and its chunks go there, and their results come back. */
export class QueueClient {
  /** True if this run had a client before. */
  private isResumed = false;
  private readonly registry: WorkerRegistry;
  private onBroken!: (error: HypernodesError) => void;
  /** Rejects when there is no use in waiting any more: a command waits for a lost Redis for ever. */
  private readonly failure = new Promise<never>((_, reject) => {
    this.onBroken = reject;
  });
  private readonly pending = new Map<string, PendingJob>();
  private readonly blobs: RunBlobs;
  private readonly signer: Signer;
  private isClosed = false;
  private readonly keys: ReturnType<typeof queueKeys>;
  private readonly ticker: NodeJS.Timeout;
  private refreshedAt = performance.now();

  private constructor(
    private readonly options: ResolvedBullmqOptions,
    private readonly ends: RunIdentity,
    private readonly redis: Redis,
    private readonly letGo: () => void,
    private readonly queue: Queue,
    private readonly events: QueueEvents,
  ) {
    this.keys = queueKeys(options);
    this.signer = new Signer(options);
    const codes = new RedisBlobStore(redis, this.keys);
    const values = options.values === undefined ? codes : new KeyvBlobStore(options.values);
    this.blobs = new RunBlobs(codes, values, options.expireMs, {
      unlessBroken: (command) => this.unlessBroken(command),
      changed: () => this.dataLost("and it can't be restored: the run's values have changed"),
    });
    this.failure.catch(() => {});
    this.registry = new WorkerRegistry(redis, options, ends.run, ends.where, ends.warn);
    events.on("completed", ({ jobId, returnvalue }) =>
      this.onCompleted(jobId, returnvalue as unknown as Signed<JobResult>),
    );
    events.on("progress", ({ jobId, data }) => this.onProgress(jobId, data as unknown as Signed<LiveEvents>));
    events.on("failed", ({ jobId, failedReason }) => this.failed(jobId, failedReason));
    this.ticker = setInterval(() => void this.tick(), POLL_MS);
  }

  /** @throws {HypernodesError} `MISSING_PACKAGE`, `NO_REDIS`, `REDIS_REFUSES`. */
  static async open(checked: ResolvedBullmqOptions, ends: RunIdentity): Promise<QueueClient> {
    const { bullmq, redis, options, stopReconnecting: letGo } = await openRedis(checked, ends.where);
    const shared = { connection: options as object, prefix: checked.prefix };
    const queue = new bullmq.Queue(checked.queue, { ...shared, streams: { events: { maxLen: EVENTS } } });
    const events = new bullmq.QueueEvents(checked.queue, shared);
    // Both come back by themselves; if they do not, it is seen by `look`.
    queue.on("error", () => {});
    events.on("error", () => {});
    const link = new QueueClient(checked, ends, redis, letGo, queue, events);
    try {
      await link.unlessBroken(events.waitUntilReady());
      const marking = redis.set(link.keys.run(ends.run), "1", "PX", checked.expireMs, "GET");
      link.isResumed = (await link.unlessBroken(marking)) !== null;
      await link.unlessBroken(link.tick());
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** The results that workers have left for an earlier client of the run, by chunk. Its waiting jobs are removed. */
  async restored(): Promise<[string, Uint8Array][]> {
    if (!this.isResumed) return [];
    return this.unlessBroken(this.takeRestoredResults());
  }

  private async takeRestoredResults(): Promise<[string, Uint8Array][]> {
    const { run } = this.ends;
    for (const job of await this.queue.getJobs(["wait"]))
      if (job?.id?.startsWith(run)) await job.remove().catch(() => {});
    const left = Object.entries(await this.redis.hgetallBuffer(this.keys.results(run)));
    return left.map(([id, signed]) => {
      const bytes = this.signer.openBytes(id, signed);
      if (bytes === undefined) throw this.signatureError("a result");
      return [id, bytes];
    });
  }

  /** The number of chunks that the workers compute at once, as far as it is known. */
  get workerCapacity(): number {
    return this.registry.slots;
  }

  /** The maximum number of chunks in flight. */
  get maxJobsInFlight(): number {
    return Math.max(MIN_WINDOW, WINDOW * this.workerCapacity);
  }

  /** Leaves the pipeline's code there, if it is not there yet. */
  sendBundle(bundle: Bundle): Promise<void> {
    return this.blobs.sendBundle(bundle);
  }

  /** Leaves bytes there until the run ends. @returns their digest. */
  share(shared: Shared): Promise<string> {
    return this.blobs.share(shared);
  }

  /** Puts back what Redis has lost: it was emptied, or restarted without its data, or has evicted it. */
  private async restore(): Promise<void> {
    const { connection } = this.options;
    this.ends.warn(`${redisUrlForDisplay(connection)} has lost data of ${this.ends.where}: it is sent again`);
    await this.blobs.restore();
  }

  private dataLost(how: string): HypernodesError {
    return new HypernodesError({
      code: "REDIS_DATA_LOST",
      where: this.ends.where,
      problem: `${redisUrlForDisplay(this.options.connection)} has lost data of this run, ${how}`,
      advice: `Redis must not be emptied, or evict keys, during a run: maxmemory-policy noeviction, appendonly yes. ${RESUME}`,
    });
  }

  /**
   * Sends a chunk.
   *
   * @param id the same for the same chunk: it is computed once, however often it is sent.
   * @param live receives its events before its result comes, if it takes long.
   */
  async send(
    id: string,
    about: Pick<ChunkJob, "bundle" | "stage" | "where" | "alone" | "graceMs">,
    shared: Shared,
    live: PendingJob["live"],
  ): Promise<JobHandle> {
    const isSmall = shared.bytes.length <= INLINE;
    const chunk = isSmall ? { inline: view(shared.bytes).toString("base64") } : { digest: await this.share(shared) };
    const { run } = this.ends;
    const { expireMs, values, logs } = this.options;
    const more = { chunk, expireMs, logs, inKeyv: values !== undefined };
    const job: ChunkJob = { protocol: QUEUE_PROTOCOL, version: ownVersion(), run, ...about, ...more };
    const outcome = new Promise<JobOutcome>((resolve, reject) => {
      const fresh = { attempt: undefined, emitted: 0, askedAt: performance.now(), resends: 0 };
      this.pending.set(id, { job, live, resolve, reject, ...fresh });
    });
    outcome.catch(() => {});
    await this.unlessBroken(this.add(id, job));
    return { outcome, cancel: () => this.cancel(id) };
  }

  /** @throws {HypernodesError} `REDIS_FULL`, `REDIS_REFUSES`, and the error that has ended the connection. */
  private unlessBroken<R>(command: Promise<R>): Promise<R> {
    const refused = command.catch((error) => {
      throw replyError(this.options.connection, this.ends.where, error) ?? error;
    });
    return Promise.race([refused, this.failure]);
  }

  private async add(id: string, job: ChunkJob): Promise<void> {
    // A job that fails by what is not the chunk's fault, as a lost connection of its worker, is tried again there.
    await this.queue.add(JOB, this.signer.sign("job", id, job), {
      jobId: id,
      attempts: 3,
      removeOnComplete: true,
      removeOnFail: true,
    });
  }

  private cancel(id: string): void {
    if (!this.take(id)) return;
    // A job in progress can't be removed: its worker sees that the run is gone, or its result is left to expire.
    void this.queue.remove(id).catch(() => {});
  }

  private take(id: string): PendingJob | undefined {
    const pendingJob = this.pending.get(id);
    this.pending.delete(id);
    if (pendingJob !== undefined && "digest" in pendingJob.job.chunk) this.blobs.drop(pendingJob.job.chunk.digest);
    return pendingJob;
  }

  /** A word that Redis could not say to its end is asked for later. */
  private onCompleted(id: string, returned: Signed<JobResult>): void {
    this.completed(id, returned).catch((error) => this.failIfRefused(error));
  }

  private async completed(id: string, returned: Signed<JobResult>): Promise<void> {
    const pendingJob = this.pending.get(id);
    if (pendingJob === undefined) return;
    if (isRecord(returned) && !this.signer.verify("return", id, returned))
      this.take(id)!.reject(this.signatureError("the result of a worker"));
    else if (!isJobResult(returned)) this.pollSoon(id);
    else if (returned.kind === "completed") await this.fetch(id, returned.worker, returned.attempt);
    else if (returned.kind === "crashed") this.take(id)!.resolve({ ...returned });
    else if (returned.kind === "rejected") await this.refused(id, pendingJob, new HypernodesError(returned.error));
    else this.pollSoon(id);
  }

  /** Puts back code and values that a worker did not find; any other refusal is the chunk's end. */
  private async refused(id: string, pendingJob: PendingJob, error: HypernodesError): Promise<void> {
    if (error.code !== NOT_IN_REDIS) this.take(id)?.reject(error);
    else {
      await this.restore();
      await this.resend(id, pendingJob, error);
    }
  }

  private signatureError(what: string): HypernodesError {
    return signatureError(this.ends.where, what);
  }

  /** Fetches a result. */
  private async fetch(id: string, worker: string | undefined, attempt: string | undefined): Promise<void> {
    const results = this.keys.results(this.ends.run);
    const [[refused, signed]] = (await this.redis.multi().hgetBuffer(results, id).hdel(results, id).exec()) as [
      [Error | null, Buffer | null],
      unknown,
    ];
    if (refused !== null) throw refused;
    // It has come already, or it is gone: who has not got it asks for it again.
    if (signed === null) {
      this.pollSoon(id);
      return;
    }
    const pendingJob = this.take(id);
    const bytes = this.signer.openBytes(id, signed);
    if (bytes === undefined) pendingJob?.reject(this.signatureError("a result"));
    else
      pendingJob?.resolve({
        kind: "completed",
        worker,
        bytes,
        emitted: pendingJob.attempt === attempt ? pendingJob.emitted : 0,
      });
  }

  private onProgress(id: string, live: Signed<LiveEvents>): void {
    const pendingJob = this.pending.get(id);
    if (pendingJob === undefined || !isLiveEvents(live) || !this.signer.verify("events", id, live)) return;
    const { attempt, worker, events } = live;
    if (pendingJob.attempt !== attempt) Object.assign(pendingJob, { attempt, emitted: 0 });
    pendingJob.emitted += events.length;
    pendingJob.live(events, worker);
  }

  private pollSoon(id: string): void {
    const pendingJob = this.pending.get(id);
    if (pendingJob !== undefined) pendingJob.askedAt = Number.NEGATIVE_INFINITY;
  }

  private failed(id: string, reason: string): void {
    if (!this.pending.has(id)) return;
    if (/\bstalled\b/.test(reason))
      this.take(id)!.resolve({ kind: "crashed", worker: undefined, how: "several workers in turn were lost with it" });
    else this.take(id)!.reject(workerFailed(this.ends.where, reason));
  }

  private async tick(): Promise<void> {
    if (!this.isClosed) await this.checkRun().catch((error) => this.failIfRefused(error));
  }

  /** Refreshes the live workers, and polls the jobs without news. */
  private async checkRun(): Promise<void> {
    const isComplete = await this.registry.refresh(this.pending.size > 0);
    if (isComplete === undefined || this.isClosed) return;
    if (!isComplete) {
      await this.restore();
      for (const id of this.pending.keys()) this.pollSoon(id);
    }
    if (this.options.logs) await this.readOutput();
    const now = performance.now();
    if (now - this.refreshedAt > this.options.expireMs / 4) this.refresh(now);
    for (const [id, each] of this.pending) if (now - each.askedAt > REQUEST_MS) await this.poll(id, each);
  }

  /**
   * Hands on the output that workers have sent since the last time. Output that is not signed may be anybody's, and is left
   * out.
   */
  private async readOutput(): Promise<void> {
    const { run } = this.ends;
    for (;;) {
      const texts = (await this.redis.lpop(this.keys.output(run), MAX_OUTPUT)) ?? [];
      for (const text of texts) {
        const output = parseJson(text);
        if (isWorkerOutput(output) && this.signer.verify("output", run, output)) this.ends.onOutput(output);
      }
      if (texts.length < MAX_OUTPUT) return;
    }
  }

  /** Renews the time to live of the run's keys in Redis. */
  private refresh(now: number): void {
    this.refreshedAt = now;
    const { expireMs } = this.options;
    this.redis.pexpire(this.keys.results(this.ends.run), expireMs).catch(() => {});
    this.blobs.touch();
  }

  /** Looks up a silent job: its event, or the job itself, may be lost with Redis. */
  private async poll(id: string, each: PendingJob): Promise<void> {
    each.askedAt = performance.now();
    if (await this.redis.hexists(this.keys.results(this.ends.run), id)) {
      await this.fetch(id, undefined, each.attempt);
      return;
    }
    const state = await this.queue.getJobState(id).catch(() => undefined);
    if (state === "unknown") await this.resend(id, each, this.dataLost(`${MAX_RESENDS} times`));
  }

  /** @param crash the error of a chunk that was sent too often. */
  private async resend(id: string, each: PendingJob, crash: HypernodesError): Promise<void> {
    if (this.pending.get(id) !== each) return;
    if (each.resends++ < MAX_RESENDS) await this.add(id, each.job).catch(() => {});
    else this.take(id)?.reject(crash);
  }

  /** Ends the run by an error that time does not mend. Any other is a command that did not reach Redis: it is sent again. */
  private failIfRefused(error: unknown): void {
    if (isTransient(error)) return;
    const { connection } = this.options;
    const failure = error instanceof HypernodesError ? error : replyError(connection, this.ends.where, error);
    if (failure !== undefined) this.fail(failure);
  }

  private fail(error: HypernodesError): void {
    this.onBroken(error);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  /** Removes the run's keys: a worker that computes for it stops. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.ticker);
    const ids = [...this.pending.keys()];
    this.pending.clear();
    const isThere = this.registry.hasRedis;
    // What waits for a Redis that has gone, even now, would wait for ever.
    const soon = (work: Promise<unknown>) => settlesWithin(work, isThere ? CLOSE_MS : 0);
    if (isThere) {
      if (this.options.logs) await soon(this.readOutput());
      const { run, results, output } = this.keys;
      const mine = [run, results, output].map((key) => key(this.ends.run));
      const jobs = ids.map((id) => this.queue.remove(id).catch(() => {}));
      await soon(Promise.all([this.redis.del(...mine), this.blobs.clear(), ...jobs]));
    }
    this.letGo();
    await soon(Promise.all([isThere ? this.queue.close() : this.queue.disconnect(), this.events.close()]));
    this.redis.disconnect();
  }
}

/** JSON that somebody else may have written: undefined, if it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function workerFailed(where: string, reason: string): HypernodesError {
  const problem = `a worker can't run the task that it received: ${reason}`;
  return new HypernodesError({ code: "WORKER_FAILED", where, problem, advice: "Read the output of the worker." });
}

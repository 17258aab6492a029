import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { RunEvent } from "../../engine/events.js";
import { HypernodesError } from "../../errors.js";
import { remembered } from "../../graph/remembered.js";
import { startTimeout } from "../../util/long-timeout.js";
import type { Bundle } from "../bundle/bundle.js";
import { type Blobs, KeyvBlobs, RedisBlobs, view } from "./blobs.js";
import { type ChunkJob, JOB, type JobReturn, keysOf, type LiveEvents, QUEUE_PROTOCOL } from "./jobs.js";
import type { CheckedBullmq } from "./options.js";
import { Presence } from "./presence.js";
import { openRedis } from "./redis.js";

/** Bytes of a chunk that go in its job; larger ones are left beside it. */
const INLINE = 16 * 1024;
/** Milliseconds between looks at who is there and what is missing. */
const LOOK_MS = 1_000;
/** Milliseconds after which it is asked for a job of which nothing was heard. */
const ASK_MS = 5_000;
/** How many events BullMQ keeps: clients read them as they come. */
const EVENTS = 1_000;
/** Jobs that wait for each chunk that a worker computes: it goes on without a word from here. */
const WINDOW = 2;
const LEAST_WINDOW = 4;

/** Milliseconds for taking away what is there, and for the connections' ends. */
const CLOSE_MS = 5_000;

/** How a chunk ended. */
export type Brought =
  | { readonly kind: "home"; readonly worker: string | undefined; readonly bytes: Uint8Array; readonly told: number }
  | { readonly kind: "lost"; readonly worker: string | undefined; readonly how: string };

/** A chunk on its way. */
export interface SentChunk {
  readonly brought: Promise<Brought>;
  /** It is not wanted any more. */
  cancel(): void;
}

interface Waiting {
  readonly job: ChunkJob;
  readonly live: (events: readonly RunEvent[], worker: string) => void;
  /** Of which attempt events were told while it lasts, and how many. */
  attempt: string | undefined;
  told: number;
  readonly resolve: (brought: Brought) => void;
  readonly reject: (error: unknown) => void;
  askedAt: number;
}

/** What is told to who sends chunks. */
export interface LinkEnds {
  readonly run: string;
  readonly where: string;
  /** Something that the user should know, once. */
  warn(message: string): void;
}

/** A run's connection to a queue: its code and its chunks go there, and their results come back. */
export class Link {
  /** Whether there was a client of this run before. */
  private isResumed = false;
  private readonly presence: Presence;
  private breaks!: (error: HypernodesError) => void;
  /** Rejects when there is no use in waiting any more: a command waits for a Redis that has gone as long as that stays away. */
  private readonly broken = new Promise<never>((_, reject) => {
    this.breaks = reject;
  });
  private readonly waiting = new Map<string, Waiting>();
  private readonly bundles = new Map<string, Promise<void>>();
  private readonly codes: Blobs;
  private readonly values: Blobs;
  /** The digests of values that this run has left, to be taken away at its end. */
  private readonly shared = new Set<string>();
  private readonly keys: ReturnType<typeof keysOf>;
  private readonly looking: NodeJS.Timeout;
  private refreshedAt = Date.now();

  private constructor(
    private readonly options: CheckedBullmq,
    private readonly ends: LinkEnds,
    private readonly redis: Redis,
    private readonly letGo: () => void,
    private readonly queue: Queue,
    private readonly events: QueueEvents,
  ) {
    this.keys = keysOf(options);
    this.codes = new RedisBlobs(redis, this.keys);
    this.values = options.values === undefined ? this.codes : new KeyvBlobs(options.values);
    this.broken.catch(() => {});
    this.presence = new Presence(redis, options, ends.where, ends.warn);
    events.on("completed", ({ jobId, returnvalue }) => this.came(jobId, returnvalue as unknown as JobReturn));
    events.on("progress", ({ jobId, data }) => this.progressed(jobId, data as unknown as LiveEvents));
    events.on("failed", ({ jobId, failedReason }) => this.failed(jobId, failedReason));
    // What fails for want of Redis is looked at again.
    this.looking = setInterval(() => this.look().catch(() => {}), LOOK_MS);
  }

  /** @throws {HypernodesError} `MISSING_PACKAGE`, `NO_REDIS`, `REDIS_REFUSES`. */
  static async open(checked: CheckedBullmq, ends: LinkEnds): Promise<Link> {
    const { bullmq, redis, options, letGo } = await openRedis(checked, ends.where);
    const shared = { connection: options as object, prefix: checked.prefix };
    const queue = new bullmq.Queue(checked.queue, { ...shared, streams: { events: { maxLen: EVENTS } } });
    const events = new bullmq.QueueEvents(checked.queue, shared);
    // Both come back by themselves; if they do not, it is seen by `look`.
    queue.on("error", () => {});
    events.on("error", () => {});
    const link = new Link(checked, ends, redis, letGo, queue, events);
    try {
      await link.unlessBroken(events.waitUntilReady());
      const marking = redis.set(link.keys.run(ends.run), "1", "PX", checked.expireMs, "GET");
      link.isResumed = (await link.unlessBroken(marking)) !== null;
      await link.unlessBroken(link.look());
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** The results that workers have left for an earlier client of the run, by chunk. Its jobs that wait are taken away. */
  async left(): Promise<[string, Uint8Array][]> {
    if (!this.isResumed) return [];
    return this.unlessBroken(this.takeLeft());
  }

  private async takeLeft(): Promise<[string, Uint8Array][]> {
    const { run } = this.ends;
    for (const job of await this.queue.getJobs(["wait"]))
      if (job?.id?.startsWith(run)) await job.remove().catch(() => {});
    return Object.entries(await this.redis.hgetallBuffer(this.keys.results(run)));
  }

  /** How many chunks the workers compute at once, as far as it is known. */
  get slots(): number {
    return this.presence.slots;
  }

  /** How many chunks may be on their way at once. */
  get window(): number {
    return Math.max(LEAST_WINDOW, WINDOW * this.slots);
  }

  /** Leaves the pipeline's code there, if it is not there yet. */
  sendBundle({ digest, packed }: Bundle): Promise<void> {
    return remembered(this.bundles, digest, async () => {
      const { expireMs } = this.options;
      if (await this.unlessBroken(this.codes.renew(digest, expireMs))) return;
      await this.unlessBroken(this.codes.put(digest, packed, expireMs));
    });
  }

  /** Leaves bytes there until the run ends. @returns their digest. */
  async share(bytes: Uint8Array): Promise<string> {
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (this.shared.has(digest)) return digest;
    this.shared.add(digest);
    await this.unlessBroken(this.values.put(digest, bytes, this.options.expireMs));
    return digest;
  }

  /**
   * Sends a chunk.
   *
   * @param id the same for the same chunk: it is computed once, however often it is sent.
   * @param live hears of its events before its result comes, if it takes long.
   */
  async send(
    id: string,
    about: Pick<ChunkJob, "bundle" | "fragment" | "where" | "alone" | "graceMs">,
    bytes: Uint8Array,
    live: Waiting["live"],
  ): Promise<SentChunk> {
    const isSmall = bytes.length <= INLINE;
    const chunk = isSmall ? { inline: view(bytes).toString("base64") } : { digest: await this.share(bytes) };
    const { run } = this.ends;
    const { expireMs, values } = this.options;
    const more = { chunk, expireMs, inKeyv: values !== undefined };
    const job: ChunkJob = { protocol: QUEUE_PROTOCOL, version: version(), run, ...about, ...more };
    const brought = new Promise<Brought>((resolve, reject) => {
      this.waiting.set(id, { job, live, attempt: undefined, told: 0, resolve, reject, askedAt: Date.now() });
    });
    brought.catch(() => {});
    await this.unlessBroken(this.add(id, job));
    return { brought, cancel: () => this.cancel(id) };
  }

  private unlessBroken<R>(command: Promise<R>): Promise<R> {
    return Promise.race([command, this.broken]);
  }

  private async add(id: string, job: ChunkJob): Promise<void> {
    // A job that fails by what is not the chunk's fault, as a lost connection of its worker, is tried again there.
    await this.queue.add(JOB, job, { jobId: id, attempts: 3, removeOnComplete: true, removeOnFail: true });
  }

  private cancel(id: string): void {
    if (!this.take(id)) return;
    // A job that is under way can't be removed: its worker sees that the run is gone, or its result is left to expire.
    void this.queue.remove(id).catch(() => {});
  }

  private take(id: string): Waiting | undefined {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    if (found !== undefined && "digest" in found.job.chunk) {
      const { digest } = found.job.chunk;
      this.shared.delete(digest);
      void this.values.drop([digest]).catch(() => {});
    }
    return found;
  }

  /** A word that Redis could not say to its end is asked for later. */
  private came(id: string, returned: JobReturn): void {
    this.completed(id, returned).catch(() => {});
  }

  private async completed(id: string, returned: JobReturn): Promise<void> {
    if (!this.waiting.has(id)) return;
    if (returned.kind === "home") await this.fetch(id, returned.worker, returned.attempt);
    else if (returned.kind === "lost") this.take(id)?.resolve({ ...returned });
    else if (returned.kind === "refused") this.take(id)?.reject(new HypernodesError(returned.error));
    else this.askSoon(id);
  }

  /** Takes a result home. */
  private async fetch(id: string, worker: string | undefined, attempt: string | undefined): Promise<void> {
    const results = this.keys.results(this.ends.run);
    const [[, bytes]] = (await this.redis.multi().hgetBuffer(results, id).hdel(results, id).exec()) as [
      [unknown, Buffer | null],
      unknown,
    ];
    // It has come already, or it is gone: who has not got it asks for it again.
    if (bytes === null) {
      this.askSoon(id);
      return;
    }
    const found = this.take(id);
    found?.resolve({ kind: "home", worker, bytes, told: found.attempt === attempt ? found.told : 0 });
  }

  private progressed(id: string, { attempt, worker, events }: LiveEvents): void {
    const found = this.waiting.get(id);
    if (found === undefined) return;
    if (found.attempt !== attempt) Object.assign(found, { attempt, told: 0 });
    found.told += events.length;
    found.live(events, worker);
  }

  private askSoon(id: string): void {
    const found = this.waiting.get(id);
    if (found !== undefined) found.askedAt = 0;
  }

  private failed(id: string, reason: string): void {
    if (!this.waiting.has(id)) return;
    if (/stalled/.test(reason))
      this.take(id)!.resolve({ kind: "lost", worker: undefined, how: "several workers in turn were lost with it" });
    else this.take(id)!.reject(workerFailed(this.ends.where, reason));
  }

  /** Looks who is there, and for what nothing was heard of. */
  private async look(): Promise<void> {
    try {
      await this.presence.look(this.waiting.size > 0);
    } catch (error) {
      // Anything else is a command that did not reach Redis: it is looked for again.
      if (error instanceof HypernodesError) this.fail(error);
      return;
    }
    if (!this.presence.hasRedis) return;
    const now = Date.now();
    if (now - this.refreshedAt > this.options.expireMs / 4) this.refresh(now);
    for (const [id, each] of this.waiting) if (now - each.askedAt > ASK_MS) await this.ask(id, each);
  }

  /** What the run has in Redis does not expire yet. */
  private refresh(now: number): void {
    this.refreshedAt = now;
    const { run, results } = this.keys;
    const { expireMs } = this.options;
    for (const key of [run(this.ends.run), results(this.ends.run)]) this.redis.pexpire(key, expireMs).catch(() => {});
    for (const digest of this.bundles.keys()) this.codes.renew(digest, expireMs).catch(() => {});
    for (const digest of this.shared) this.values.renew(digest, expireMs).catch(() => {});
  }

  /** What has become of a job that nothing was heard of: its word may be lost with Redis, or it itself. */
  private async ask(id: string, each: Waiting): Promise<void> {
    each.askedAt = Date.now();
    if (await this.redis.hexists(this.keys.results(this.ends.run), id)) {
      await this.fetch(id, undefined, each.attempt);
      return;
    }
    const state = await this.queue.getJobState(id).catch(() => undefined);
    if (state === "unknown" && this.waiting.has(id)) await this.add(id, each.job).catch(() => {});
  }

  private fail(error: HypernodesError): void {
    this.breaks(error);
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  /** Takes away what is there of the run: a worker that is at it stops. */
  async close(): Promise<void> {
    clearInterval(this.looking);
    const ids = [...this.waiting.keys()];
    this.waiting.clear();
    const isThere = this.presence.hasRedis;
    // What waits for a Redis that has gone, even now, would wait for ever.
    const late = () => new Promise((resolve) => startTimeout(() => resolve(undefined), isThere ? CLOSE_MS : 0).unref());
    const soon = (work: Promise<unknown>) => Promise.race([work.catch(() => {}), late()]);
    if (isThere) {
      const { run, results } = this.keys;
      const mine = [run(this.ends.run), results(this.ends.run)];
      const jobs = ids.map((id) => this.queue.remove(id).catch(() => {}));
      await soon(Promise.all([this.redis.del(...mine), this.values.drop(this.shared), ...jobs]));
    }
    this.letGo();
    await soon(Promise.all([isThere ? this.queue.close() : this.queue.disconnect(), this.events.close()]));
    this.redis.disconnect();
  }
}

function workerFailed(where: string, reason: string): HypernodesError {
  const problem = `a worker can't compute what it was sent: ${reason}`;
  return new HypernodesError({ code: "WORKER_FAILED", where, problem, advice: "See what it has printed." });
}

let own: string | undefined;

/** The package's version. */
export function version(): string {
  own ??= (createRequire(import.meta.url)("hypernodes/package.json") as { readonly version: string }).version;
  return own;
}

import { setMaxListeners } from "node:events";
import { HypernodesError } from "../../errors.js";
import { rejectOnAbort } from "../../util/deadline.js";
import type { HostSpec } from "../provider.js";
import type { ConnectionLease } from "./connection-cache.js";
import { isRetryable } from "./host-errors.js";

/** A host of a pool. */
interface PooledHost {
  readonly number: number;
  readonly opening: Promise<ConnectionLease>;
  /** Undefined while the host is being opened. */
  lease: ConnectionLease | undefined;
  /** Milliseconds of this process's own clock. */
  openedAt: number;
  /** True while a chunk is computed on it. */
  isBusy: boolean;
  /** The number of tasks that share it. */
  users: number;
}

interface WaitingTask {
  resolve(lease: ConnectionLease): void;
  reject(error: unknown): void;
}

/** Opens a host. The number distinguishes hosts that are open at once. */
export type Open = (number: number, signal: AbortSignal) => Promise<ConnectionLease>;

/** The number of hosts in a row that may fail to open before the pool stops opening new ones. */
const MAX_FAILURES = 3;

/** Hosts that do the same work: as many as there are tasks, up to a maximum. */
export class HostPool {
  private readonly members = new Set<PooledHost>();
  private readonly waiting: WaitingTask[] = [];
  private readonly ending = new AbortController();
  /** The error because of which there are fewer hosts than allowed, until the user was warned of it. */
  private shortage: unknown;
  /** The number of hosts in a row that could not be opened. */
  private failures = 0;
  private maxHosts: number;

  /**
   * @param spec the limits of the pool, and the word for its hosts.
   * @param warn shows a warning to the user.
   */
  constructor(
    private readonly open: Open,
    private readonly spec: Pick<HostSpec, "maxHosts" | "maxAgeMs" | "plural">,
    private readonly warn: (message: string) => void,
  ) {
    this.maxHosts = spec.maxHosts;
    // Each host that is being opened adds a listener.
    setMaxListeners(0, this.ending.signal);
  }

  /** True if no host is in use and no task waits for one. */
  get isIdle(): boolean {
    return this.waiting.length === 0 && [...this.members].every(({ isBusy, users }) => !isBusy && users === 0);
  }

  /** Gives a host that other tasks may use as well: the first that is open. If there is none, one is opened. */
  async acquireShared(signal: AbortSignal): Promise<ConnectionLease> {
    this.dropEnded();
    const all = [...this.members].filter((member) => !this.isOld(member));
    const member = all.find(({ lease }) => lease !== undefined) ?? all[0] ?? this.add();
    member.users++;
    try {
      const { connection } = member.lease ?? (await Promise.race([member.opening, rejectOnAbort(signal)]));
      const release = async () => {
        member.users--;
        this.dropEnded();
      };
      return { connection, release };
    } catch (error) {
      member.users--;
      throw error;
    }
  }

  /** Gives a host that computes no chunk, as soon as there is one. */
  acquire(signal: AbortSignal): Promise<ConnectionLease> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const stop = () => {
        const at = this.waiting.indexOf(waiting);
        if (at >= 0) this.waiting.splice(at, 1);
        waiting.reject(signal.reason);
      };
      // A run has one signal for all its chunks: a listener that stayed would keep each of them in memory.
      const settled = () => signal.removeEventListener("abort", stop);
      const waiting: WaitingTask = {
        resolve: (lease) => {
          settled();
          resolve(lease);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      signal.addEventListener("abort", stop, { once: true });
      this.waiting.push(waiting);
      this.assign();
    });
  }

  private assign(): void {
    this.dropEnded();
    for (const member of this.members) {
      if (this.waiting.length === 0) return;
      if (member.lease !== undefined && !member.isBusy) this.grant(member, member.lease, this.waiting.shift()!);
    }
    let opening = [...this.members].filter(({ lease }) => lease === undefined).length;
    for (; opening < this.waiting.length && this.members.size < this.maxHosts; opening++) this.add();
  }

  private grant(member: PooledHost, { connection }: ConnectionLease, to: WaitingTask): void {
    member.isBusy = true;
    const release = async () => {
      member.isBusy = false;
      this.assign();
    };
    to.resolve({ connection, release });
  }

  private add(): PooledHost {
    const numbers = new Set([...this.members].map(({ number }) => number));
    let number = 0;
    while (numbers.has(number)) number++;
    const opening = this.open(number, this.ending.signal);
    const member: PooledHost = { number, opening, lease: undefined, openedAt: 0, isBusy: false, users: 0 };
    this.members.add(member);
    opening.then(
      (lease) => {
        Object.assign(member, { lease, openedAt: performance.now() });
        this.failures = 0;
        this.assign();
        this.warnShortage();
      },
      (error: unknown) => {
        this.members.delete(member);
        this.onOpenFailed(error);
      },
    );
    return member;
  }

  /** The hosts that are open go on. */
  private onOpenFailed(error: unknown): void {
    if (this.ending.signal.aborted) return;
    const isEarly = ++this.failures < MAX_FAILURES;
    if (this.members.size === 0) {
      // A host that was lost while it was being opened says nothing about the next one.
      if (isEarly && isRetryable(error)) this.assign();
      else for (const { reject } of this.waiting.splice(0)) reject(error);
      return;
    }
    // Only a lack of machines, or what looks like one, limits the pool for the rest of the run.
    const isShortage = error instanceof HypernodesError && error.code === "NO_CAPACITY";
    if (!isShortage && isEarly) return;
    this.maxHosts = this.members.size;
    this.shortage = error;
    this.warnShortage();
  }

  /** Warns as soon as no host is being opened any more. */
  private warnShortage(): void {
    const { shortage, maxHosts, spec } = this;
    if (shortage === undefined || [...this.members].some(({ lease }) => lease === undefined)) return;
    this.shortage = undefined;
    const reason = shortage instanceof HypernodesError ? shortage.problem : String(shortage);
    this.warn(`there are fewer ${spec.plural} than were asked for, only ${maxHosts}: ${reason}`);
  }

  /** Drops the hosts that have ended, and unused ones that are too old: a chunk must not be lost with its host. */
  private dropEnded(): void {
    for (const member of this.members) {
      const { lease, isBusy, users } = member;
      if (lease === undefined) continue;
      const isUsed = isBusy || users > 0;
      if (lease.connection.isAlive && (isUsed || !this.isOld(member))) continue;
      this.members.delete(member);
      void lease.release();
    }
  }

  private isOld({ lease, openedAt }: PooledHost): boolean {
    return lease !== undefined && performance.now() - openedAt >= this.spec.maxAgeMs;
  }

  /** Closes all hosts, and those that are being opened. */
  async end(): Promise<void> {
    this.ending.abort(new Error(`the ${this.spec.plural} are no longer needed`));
    for (const { reject } of this.waiting.splice(0)) reject(this.ending.signal.reason);
    const all = [...this.members];
    this.members.clear();
    await Promise.all(all.map(async ({ opening }) => (await opening.catch(() => undefined))?.release()));
  }
}

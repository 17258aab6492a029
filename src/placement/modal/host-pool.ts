import { setMaxListeners } from "node:events";
import { HypernodesError } from "../../errors.js";
import type { ConnectionLease } from "./connection-cache.js";
import { rejectOnAbort } from "./modal-client.js";
import { isRetryable } from "./modal-errors.js";

/** A container of a pool. */
interface PooledHost {
  readonly number: number;
  readonly opening: Promise<ConnectionLease>;
  /** Once it is there. */
  held: ConnectionLease | undefined;
  /** Milliseconds of this process's own clock. */
  openedAt: number;
  /** Whether a chunk has it. */
  isBusy: boolean;
  /** How many others use it. */
  users: number;
}

interface WaitingTask {
  resolve(held: ConnectionLease): void;
  reject(error: unknown): void;
}

/** Opens a container. The number tells apart those that are open at once. */
export type Open = (number: number, signal: AbortSignal) => Promise<ConnectionLease>;

/** How many containers in a row may fail to open before no more are tried. */
const MAX_FAILURES = 3;

/** Containers that do the same work: as many as there is work for, up to so many. */
export class HostPool {
  private readonly members = new Set<PooledHost>();
  private readonly waiting: WaitingTask[] = [];
  private readonly ending = new AbortController();
  /** Why there are fewer than there might be, if that has not been told. */
  private shortage: unknown;
  /** How many in a row could not be opened. */
  private failures = 0;

  /**
   * @param most how many there may be.
   * @param oldestMs milliseconds after which one gets no more work.
   * @param warn something that the user should know.
   */
  constructor(
    private readonly open: Open,
    private most: number,
    private readonly oldestMs: number,
    private readonly warn: (message: string) => void,
  ) {
    // Each that is on its way listens.
    setMaxListeners(0, this.ending.signal);
  }

  /** Whether nobody uses any of them. */
  get isIdle(): boolean {
    return (
      this.waiting.length === 0 && [...this.members].every(({ isBusy: isTaken, users }) => !isTaken && users === 0)
    );
  }

  /** One that others may use as well: the first that is there. If there is none, it is opened. */
  async acquireShared(signal: AbortSignal): Promise<ConnectionLease> {
    this.dropEnded();
    const all = [...this.members].filter((member) => !this.isOld(member));
    const member = all.find(({ held }) => held !== undefined) ?? all[0] ?? this.add();
    member.users++;
    try {
      const { connection } = member.held ?? (await Promise.race([member.opening, rejectOnAbort(signal)]));
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

  /** One that has no chunk: it is there soon, or another one has done what it does. */
  acquire(signal: AbortSignal): Promise<ConnectionLease> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const waiting = { resolve, reject };
      this.waiting.push(waiting);
      signal.addEventListener("abort", () => {
        const at = this.waiting.indexOf(waiting);
        if (at >= 0) this.waiting.splice(at, 1);
        reject(signal.reason);
      });
      this.assign();
    });
  }

  private assign(): void {
    this.dropEnded();
    for (const member of this.members) {
      if (this.waiting.length === 0) return;
      if (member.held !== undefined && !member.isBusy) this.lease(member, member.held, this.waiting.shift()!);
    }
    let coming = [...this.members].filter(({ held }) => held === undefined).length;
    for (; coming < this.waiting.length && this.members.size < this.most; coming++) this.add();
  }

  private lease(member: PooledHost, { connection }: ConnectionLease, to: WaitingTask): void {
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
    const member: PooledHost = { number, opening, held: undefined, openedAt: 0, isBusy: false, users: 0 };
    this.members.add(member);
    opening.then(
      (held) => {
        Object.assign(member, { held, openedAt: performance.now() });
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

  /** Those that are there go on. */
  private onOpenFailed(error: unknown): void {
    if (this.ending.signal.aborted) return;
    const isEarly = ++this.failures < MAX_FAILURES;
    if (this.members.size === 0) {
      // One that was taken away before it was there says nothing of the next.
      if (isEarly && isRetryable(error)) this.assign();
      else for (const { reject } of this.waiting.splice(0)) reject(error);
      return;
    }
    // Only a lack of machines, or what looks like one, is for the rest of the run: others are opened when a chunk needs one.
    const isLack = error instanceof HypernodesError && error.code === "NO_CAPACITY";
    if (!isLack && isEarly) return;
    this.most = this.members.size;
    this.shortage = error;
    this.warnShortage();
  }

  /** Once it is known how many there are. */
  private warnShortage(): void {
    const { shortage: lack, most } = this;
    if (lack === undefined || [...this.members].some(({ held }) => held === undefined)) return;
    this.shortage = undefined;
    const why = lack instanceof HypernodesError ? lack.problem : String(lack);
    this.warn(`there are fewer containers than were asked for, only ${most}: ${why}`);
  }

  /** Drops those that have ended, and those whose time is nearly over: a chunk is not to end with its container. */
  private dropEnded(): void {
    for (const member of this.members) {
      const { held, isBusy: isTaken, users } = member;
      if (held === undefined) continue;
      const isUsed = isTaken || users > 0;
      if (held.connection.isAlive && (isUsed || !this.isOld(member))) continue;
      this.members.delete(member);
      void held.release();
    }
  }

  private isOld({ held, openedAt }: PooledHost): boolean {
    return held !== undefined && performance.now() - openedAt >= this.oldestMs;
  }

  /** Lets go of all of them. Those that are on their way do not come. */
  async end(): Promise<void> {
    this.ending.abort(new Error("the containers are not needed any more"));
    for (const { reject } of this.waiting.splice(0)) reject(this.ending.signal.reason);
    const all = [...this.members];
    this.members.clear();
    await Promise.all(all.map(async ({ opening }) => (await opening.catch(() => undefined))?.release()));
  }
}

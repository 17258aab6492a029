import type { Bundle } from "../bundle/bundle.js";
import { ModalConnection } from "./modal-connection.js";
import { maxAgeMs, type ResolvedModalOptions } from "./options.js";

/** A connection that somebody uses. */
export interface ConnectionLease {
  readonly connection: ModalConnection;
  /** Ends the container, or keeps it for the next one. */
  release(): Promise<void>;
}

/** What containers have in common that can do each other's work. */
export function poolKey(options: ResolvedModalOptions, bundle: Bundle): string {
  return JSON.stringify([options, bundle.digest]);
}

/** Milliseconds that a container has to dispose of its resources. */
const DISPOSE_MS = 5_000;

/** A container that is kept for the next run. */
interface WarmConnection {
  readonly connecting: Promise<ModalConnection>;
  /** Milliseconds of this process's own clock. */
  readonly openedAt: number;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

const kept = new Map<string, WarmConnection>();

/**
 * A container for a run: a new one; or, if it is to be kept warm, one that did the same work before.
 *
 * @param isReused whether it may get more work when it has done some: there may be resources in it that no run disposes of.
 * @param number tells apart several that somebody has at once.
 */
export async function acquireConnection(
  options: ResolvedModalOptions,
  bundle: Bundle,
  where: string,
  signal: AbortSignal,
  isReused = false,
  number = 0,
): Promise<ConnectionLease> {
  if (options.keepWarm) return acquireWarm(options, bundle, where, signal, number);
  const connection = await ModalConnection.open(options, bundle, where, signal, isReused);
  return { connection, release: () => connection.close(isReused ? DISPOSE_MS : 0) };
}

async function acquireWarm(
  options: ResolvedModalOptions,
  bundle: Bundle,
  where: string,
  signal: AbortSignal,
  number: number,
): Promise<ConnectionLease> {
  const key = `${poolKey(options, bundle)} ${number}`;
  let warm = kept.get(key);
  if (warm !== undefined && !((await isAlive(warm)) && performance.now() - warm.openedAt < maxAgeMs(options))) {
    // What it has to do is done first.
    kept.delete(key);
    if (warm.users === 0) void end(key, warm);
    warm = undefined;
  }
  if (warm === undefined) {
    const connecting = ModalConnection.open(options, bundle, where, signal, true);
    warm = { connecting, openedAt: performance.now(), users: 0, idle: undefined };
    kept.set(key, warm);
  }
  const mine = warm;
  clearInterval(mine.idle);
  mine.users++;
  try {
    const connection = await mine.connecting;
    return {
      connection,
      release: async () => {
        mine.users--;
        const isLeft = kept.get(key) !== mine && mine.users === 0;
        if (!connection.isAlive || isLeft) await end(key, mine);
        else if (mine.users === 0) scheduleIdleClose(key, mine, options.idleTimeoutMs);
      },
    };
  } catch (error) {
    mine.users--;
    if (kept.get(key) === mine) kept.delete(key);
    throw error;
  }
}

async function isAlive({ connecting }: WarmConnection): Promise<boolean> {
  try {
    return (await connecting).isAlive;
  } catch {
    return false;
  }
}

function scheduleIdleClose(key: string, warm: WarmConnection, idleMs: number): void {
  const since = performance.now();
  warm.idle = setInterval(() => {
    if (performance.now() - since >= idleMs || isOnlyKeepAlive()) void end(key, warm);
  }, 100).unref();
}

/** What keeps a process alive that has nothing to do but hold connections. */
const OURS = new Set(["TCPSocketWrap", "TTYWrap", "PipeWrap", "Immediate"]);

/** Whether nothing but kept containers holds up the end of the process. */
export function isOnlyKeepAlive(): boolean {
  return process.getActiveResourcesInfo().every((resource) => OURS.has(resource));
}

async function end(key: string, warm: WarmConnection): Promise<void> {
  clearInterval(warm.idle);
  if (kept.get(key) === warm) kept.delete(key);
  const connection = await warm.connecting.catch(() => undefined);
  await connection?.close(DISPOSE_MS);
}

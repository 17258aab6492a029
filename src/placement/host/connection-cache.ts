import type { HostCode, HostConnection, HostSpec } from "../provider.js";

/** A connection that is in use. */
export interface ConnectionLease {
  readonly connection: HostConnection;
  /** Closes the host, or keeps it for the next user. */
  release(): Promise<void>;
}

/** The key of hosts that can do each other's work. */
export function poolKey({ key }: HostSpec, { digest }: HostCode): string {
  return JSON.stringify([key, digest]);
}

/** Milliseconds that a host has to dispose of its resources. */
const DISPOSE_MS = 5_000;
/** Milliseconds between checks of whether a warm host is still needed. */
const CHECK_MS = 100;

/** A host that is kept for the next run. */
interface WarmConnection {
  readonly connecting: Promise<HostConnection>;
  /** Milliseconds of this process's own clock. */
  readonly openedAt: number;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

const warmConnections = new Map<string, WarmConnection>();

/**
 * Gives a run a host: a new one, or, if the placement keeps hosts warm, one that did the same work before.
 *
 * @param where the path of the work in messages.
 * @param signal gives up on a host that is being opened.
 * @param isReused true if the host may get more tasks after its first: it may hold resources that no run disposes of.
 * @param number the number of the host among several that are in use at once.
 */
export async function acquireConnection(
  spec: HostSpec,
  code: HostCode,
  where: string,
  signal: AbortSignal,
  isReused = false,
  number = 0,
): Promise<ConnectionLease> {
  if (spec.keepWarm) return acquireWarm(spec, code, where, signal, number);
  const connection = await spec.connect(code, where, signal, isReused);
  return { connection, release: () => connection.close(isReused ? DISPOSE_MS : 0) };
}

async function acquireWarm(
  spec: HostSpec,
  code: HostCode,
  where: string,
  signal: AbortSignal,
  number: number,
): Promise<ConnectionLease> {
  const key = `${poolKey(spec, code)} ${number}`;
  let found = warmConnections.get(key);
  if (found !== undefined && !((await isAlive(found)) && performance.now() - found.openedAt < spec.maxAgeMs)) {
    // Its current tasks are finished first.
    warmConnections.delete(key);
    if (found.users === 0) void close(key, found);
    found = undefined;
  }
  if (found === undefined) {
    const connecting = spec.connect(code, where, signal, true);
    found = { connecting, openedAt: performance.now(), users: 0, idle: undefined };
    warmConnections.set(key, found);
  }
  const warm = found;
  clearInterval(warm.idle);
  warm.users++;
  try {
    const connection = await warm.connecting;
    return {
      connection,
      release: async () => {
        warm.users--;
        const isReplaced = warmConnections.get(key) !== warm && warm.users === 0;
        if (!connection.isAlive || isReplaced) await close(key, warm);
        else if (warm.users === 0) scheduleIdleClose(key, warm, spec.idleTimeoutMs);
      },
    };
  } catch (error) {
    warm.users--;
    if (warmConnections.get(key) === warm) warmConnections.delete(key);
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

function scheduleIdleClose(key: string, warm: WarmConnection, idleTimeoutMs: number): void {
  const since = performance.now();
  warm.idle = setInterval(() => {
    if (performance.now() - since >= idleTimeoutMs || isOnlyKeepAlive()) void close(key, warm);
  }, CHECK_MS).unref();
}

/** The active resources of a process that does nothing but hold connections. */
const CONNECTION_RESOURCES = new Set(["TCPSocketWrap", "TTYWrap", "PipeWrap", "Immediate"]);

/** True if nothing but warm hosts keeps this process alive. */
export function isOnlyKeepAlive(): boolean {
  return process.getActiveResourcesInfo().every((resource) => CONNECTION_RESOURCES.has(resource));
}

async function close(key: string, warm: WarmConnection): Promise<void> {
  clearInterval(warm.idle);
  if (warmConnections.get(key) === warm) warmConnections.delete(key);
  const connection = await warm.connecting.catch(() => undefined);
  await connection?.close(DISPOSE_MS);
}

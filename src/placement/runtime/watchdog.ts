import { Worker } from "node:worker_threads";

/** Milliseconds between checks, and those that the process has to end by itself after its parent. */
const CHECK_MS = 200;
const ORPHAN_GRACE_MS = 2_000;

/** Begins the line on stderr that says why a process was killed. */
export const MEMORY_NOTE = "hypernodes: it took";

/** The watch is a thread, because a node may block the main thread for as long as it likes. */
const SOURCE = `
const { workerData: { parent, maxBytes } } = require("node:worker_threads");
const end = () => {
  // It leads a group: the processes that nodes have started in it end as well.
  if (process.platform !== "win32") kill(-process.pid);
  kill(process.pid);
};
const kill = (id) => {
  try {
    process.kill(id, "SIGKILL");
  } catch {}
};
setInterval(() => {
  const bytes = process.memoryUsage.rss();
  if (bytes > maxBytes) {
    const mib = (n) => Math.round(n / 2 ** 20);
    require("node:fs").writeSync(2, "\\n${MEMORY_NOTE} " + mib(bytes) + " MiB, of " + mib(maxBytes) + "\\n");
    end();
  }
  if (process.ppid !== parent || !isThere(parent)) setTimeout(end, ${ORPHAN_GRACE_MS});
}, ${CHECK_MS});
// On Windows a process keeps the number of a parent that has ended.
const isThere = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
};
`;

/**
 * Kills this process when it takes too much memory, or when its parent has ended and it does not end itself.
 *
 * @param maxBytes the memory that it may take in all; undefined: any.
 */
export function startWatchdog(maxBytes: number | undefined): void {
  const workerData = { parent: process.ppid, maxBytes: maxBytes ?? Number.POSITIVE_INFINITY };
  new Worker(SOURCE, { eval: true, execArgv: [], env: {}, workerData }).unref();
}

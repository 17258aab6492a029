import { settlesWithin } from "../../util/deadline.js";
import { endBySignal } from "../../util/end-by-signal.js";

/** Signals at which a process ends. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Milliseconds that the ends of containers may hold up the end of the process. */
const MAX_EXIT_MS = 5_000;

/** @param isOurs whether nobody else listens for the signal. */
type End = (isOurs: boolean) => Promise<void>;

const ends = new Set<End>();
let isLeaving = false;

const listeners = SIGNALS.map((signal) => ({ signal, listener: () => void runExitHooks(signal) }));

/**
 * Does something before Ctrl-C or another signal ends this process.
 *
 * @returns what takes that back.
 */
export function onExitSignal(end: End): () => void {
  if (ends.size === 0) for (const { signal, listener } of listeners) process.on(signal, listener);
  ends.add(end);
  return () => {
    ends.delete(end);
    if (ends.size === 0 && !isLeaving) for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

async function runExitHooks(signal: NodeJS.Signals): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  const isOurs = process.listenerCount(signal) === 1;
  await settlesWithin(Promise.allSettled([...ends].map((end) => end(isOurs))), MAX_EXIT_MS);
  isLeaving = false;
  for (const { signal, listener } of listeners) process.off(signal, listener);
  // Somebody else who listens decides what becomes of the process.
  if (isOurs) endBySignal(signal);
}

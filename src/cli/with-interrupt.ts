import { onInterrupt } from "./parent-process.js";

/** Runs a function that Ctrl-C aborts. */
export async function withInterrupt<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const stop = new AbortController();
  const done = onInterrupt(() => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    done();
  }
}

import { onInterrupt } from "./parent-process.js";

/** Does something that Ctrl-C stops. */
export async function withInterrupt<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const stop = new AbortController();
  const done = onInterrupt(() => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    done();
  }
}

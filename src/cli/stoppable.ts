/** Does something that Ctrl-C stops. */
export async function stoppable<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.once("SIGINT", abort);
  try {
    return await work(stop.signal);
  } finally {
    process.off("SIGINT", abort);
  }
}

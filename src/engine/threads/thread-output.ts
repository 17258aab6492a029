import type { Worker } from "node:worker_threads";
import { sleep } from "../../util/long-timeout.js";

/** Milliseconds for which nothing moves, after which what was printed is left to itself: nobody reads it. */
const STALLED_MS = 10_000;

/**
 * In a thread: resolves when the process has all that was printed here. A thread gives a next piece when the process asks for
 * it, and one that ends takes what is left with it.
 */
export async function flushOutput(): Promise<void> {
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  let isFlushed = false;
  const flushed = new Promise<void>((resolve) => {
    stream.write("", () => {
      isFlushed = true;
      resolve();
    });
  });
  await whileMoving(
    () => isFlushed,
    () => stream.writableLength,
    flushed,
  );
}

/** In the process: resolves when all that has come of a thread's output is written. Undefined: it is. */
export function outputWritten({ stdout, stderr }: Pick<Worker, "stdout" | "stderr">): Promise<void> | undefined {
  const left = () => stdout.readableLength + stderr.readableLength;
  if (left() === 0) return undefined;
  return whileMoving(() => left() === 0, left);
}

async function whileMoving(isDone: () => boolean, left: () => number, done?: Promise<void>): Promise<void> {
  let before = left();
  let movedAt = performance.now();
  while (!isDone() && performance.now() - movedAt < STALLED_MS) {
    const stopping = new AbortController();
    const pause = sleep(done === undefined ? 1 : 50, stopping.signal);
    await (done === undefined ? pause : Promise.race([done, pause]));
    stopping.abort();
    if (left() === before) continue;
    before = left();
    movedAt = performance.now();
  }
}

import { type Readable, Writable } from "node:stream";
import type { Worker } from "node:worker_threads";

/** The numbers of bytes that a thread has printed: on its standard output, and on its standard error output. */
export type Printed = readonly [stdout: number, stderr: number];

const STREAMS = ["stdout", "stderr"] as const;

/**
 * In a thread, before anything is printed: what is printed goes to the process at once. A thread keeps it else until the process
 * asks for a next piece, and loses what it keeps when it ends.
 *
 * @returns a function that returns the numbers of bytes printed since.
 */
export function printAtOnce(): () => Printed {
  const counters = STREAMS.map((name) => countAndHandOver(process[name]));
  return () => [counters[0]!(), counters[1]!()];
}

function countAndHandOver(stream: Writable): () => number {
  let bytes = 0;
  // Deno's threads print by themselves.
  if (stream._writev == null) return () => bytes;
  const writev = stream._writev.bind(stream);
  stream._writev = (chunks, callback) => {
    for (const { chunk, encoding } of chunks) bytes += Buffer.byteLength(chunk, encoding);
    writev(chunks, () => {});
    callback();
  };
  return () => bytes;
}

/** In the process: what comes of a thread's output. Messages of two kinds come from a thread in no order: output is counted. */
export class ThreadOutput {
  private readonly arrived: [number, number] = [0, 0];
  private readonly waiting = new Set<{ readonly printed: Printed; readonly resolve: () => void }>();
  private hasEnded = false;

  constructor(worker: Worker) {
    for (const [i, name] of STREAMS.entries()) {
      continueWithoutReader(name).add(worker[name]);
      worker[name].on("data", (chunk: Buffer) => this.more(i, chunk.length));
    }
    worker.once("exit", () => {
      this.hasEnded = true;
      this.settle();
    });
  }

  /** Resolves when all of it has come and been written; undefined: it has. */
  written(printed: Printed): Promise<unknown> | undefined {
    if (this.isThere(printed)) return written();
    return new Promise<void>((resolve) => this.waiting.add({ printed, resolve })).then(written);
  }

  private more(i: number, bytes: number): void {
    this.arrived[i]! += bytes;
    if (this.waiting.size > 0) this.settle();
  }

  private settle(): void {
    for (const one of this.waiting) {
      if (!this.isThere(one.printed)) continue;
      this.waiting.delete(one);
      one.resolve();
    }
  }

  private isThere([stdout, stderr]: Printed): boolean {
    return this.hasEnded || (this.arrived[0] >= stdout && this.arrived[1] >= stderr);
  }
}

/** A process that exits loses what a full pipe has not taken yet. */
function written(): Promise<unknown> | undefined {
  const behind = STREAMS.map((name) => process[name]).filter((stream) => stream.writableLength > 0);
  if (behind.length === 0) return undefined;
  // Whatever a program has put in the place of write().
  const empty = (stream: Writable) =>
    new Promise((resolve) => Writable.prototype.write.call(stream, "", "utf8", resolve));
  return Promise.all(behind.map(empty));
}

const outputs = new Map<(typeof STREAMS)[number], WeakSet<Readable>>();

/** The outputs of threads on a stream. They are drained when the process's own stream fails and the program lives on. */
function continueWithoutReader(name: (typeof STREAMS)[number]): WeakSet<Readable> {
  const known = outputs.get(name);
  if (known !== undefined) return known;
  const ours = new WeakSet<Readable>();
  process[name].on("unpipe", (source: Readable) => {
    if (ours.has(source)) source.resume();
  });
  outputs.set(name, ours);
  return ours;
}

import { write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { sanitiseEvent, serialisableError } from "../../engine/chunks/encode-result.js";
import { EVENT_DELAY_MS, type RunEvent } from "../../engine/lifecycle/events.js";
import { FlushTimer } from "../../util/flush-timer.js";
import { type EncodedChunks, encode, encodeChunks } from "../../values/codec.js";
import { FrameKind, frame, headerOf, jsonFrame, splitBytes } from "../protocol/frames.js";

/** Bytes of a value that go in one frame. */
const PIECE = 1024 * 1024;

const written = promisify(write);

/** Writes frames from the process that runs tasks to the client, each as a whole. */
export class FrameWriter {
  private queue: Promise<void> = Promise.resolve();
  /** The number of writes in progress that other frames must not interrupt. */
  private busy = 0;
  private readonly events = new Map<number, RunEvent[]>();
  /** The runs whose last event that was written is no beginning: if the next call crashes the process, nobody knows of it. */
  private readonly silent = new Set<number>();
  private readonly flushing = new FlushTimer(EVENT_DELAY_MS, () => this.flushEvents(), true);

  constructor(private readonly fd: number) {}

  /**
   * Sends an event, with others that come within a short time, by a write that waits. The beginning of a call is sent at once, if no
   * call of the run is known to be in progress.
   */
  event(run: number, event: RunEvent): void {
    const waiting = this.events.get(run);
    if (waiting === undefined) this.events.set(run, [event]);
    else waiting.push(event);
    this.flushing.add(event.phase === "start" && this.silent.has(run));
  }

  /** Writes the events that wait, if nothing else is being written. */
  flush(): void {
    if (this.busy === 0) this.writeEvents();
  }

  private flushEvents(): void {
    if (this.busy > 0) {
      void this.exclusive(async () => this.writeEvents());
      return;
    }
    this.writeEvents();
  }

  private writeEvents(): void {
    for (const [run, events] of this.events) {
      this.writeSyncAll(frame(FrameKind.events, run, encodeEvents(events)));
      if (events.at(-1)!.phase === "start") this.silent.delete(run);
      else this.silent.add(run);
    }
    this.events.clear();
  }

  /** Sends the error of a task; if it cannot be serialized, an error with its text. */
  failure(run: number, error: unknown): Promise<void> {
    return this.value(FrameKind.end, run, { ok: false }, serialisableError(error));
  }

  json(kind: number, run: number, value: object): Promise<void> {
    return this.exclusive(async () => {
      this.writeEvents();
      this.writeSyncAll(jsonFrame(kind, run, value));
    });
  }

  /**
   * Sends a value after a head that says how many bytes it has.
   *
   * @throws {ValueError} `UNSERIALISABLE`, before anything is sent.
   */
  async value(kind: number, run: number, head: object, value: unknown): Promise<void> {
    await this.encoded(kind, run, head, encodeChunks(value));
  }

  /** The same for what is encoded already. */
  encoded(kind: number, run: number, head: object, { length, parts }: EncodedChunks): Promise<void> {
    return this.exclusive(async () => {
      this.writeEvents();
      this.writeSyncAll(jsonFrame(kind, run, { ...head, bytes: length }));
      if (kind === FrameKind.end) this.silent.delete(run);
      for (const piece of splitBytes(parts, PIECE)) {
        await this.writeAll(headerOf(FrameKind.bytes, run, piece));
        await this.writeAll(piece);
      }
    });
  }

  private exclusive(work: () => Promise<void>): Promise<void> {
    this.busy++;
    const done = this.queue.then(work).finally(() => {
      this.busy--;
    });
    this.queue = done.catch(() => {});
    return done;
  }

  private writeSyncAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await written(this.fd, bytes, at)).bytesWritten;
  }
}

function encodeEvents(events: readonly RunEvent[]): Uint8Array {
  try {
    return encode(events);
  } catch {
    return encode(events.map(sanitiseEvent));
  }
}

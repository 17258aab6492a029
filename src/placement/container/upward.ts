import { write, writeSync } from "node:fs";
import { promisify } from "node:util";
import type { RunEvent } from "../../engine/events.js";
import { Gathering } from "../../engine/gathering.js";
import { plainEvent, travellingError } from "../../engine/threads/result-bytes.js";
import { type EncodedParts, encode, encodeInParts } from "../../values/codec.js";
import { cut, frame, headerOf, jsonFrame, Kind } from "./frames.js";

/** Bytes of a value that go in one frame. */
const PIECE = 1024 * 1024;

const written = promisify(write);

/** What goes from the process that runs pipelines up to the client, whole frames one after another. */
export class Upward {
  private queue: Promise<void> = Promise.resolve();
  /** How many frames are on their way that others must not come between. */
  private busy = 0;
  private readonly events = new Map<number, RunEvent[]>();
  private readonly gathering = new Gathering(() => this.flushEvents());

  constructor(private readonly fd: number) {}

  /** Tells of an event, with others that come within a short time, by a write that waits. */
  event(run: number, event: RunEvent): void {
    const waiting = this.events.get(run);
    if (waiting === undefined) this.events.set(run, [event]);
    else waiting.push(event);
    this.gathering.added();
  }

  private flushEvents(): void {
    if (this.busy > 0) {
      void this.alone(async () => this.writeEvents());
      return;
    }
    this.writeEvents();
  }

  private writeEvents(): void {
    for (const [run, events] of this.events) this.now(frame(Kind.events, run, encodeEvents(events)));
    this.events.clear();
  }

  /** What went wrong with a run: as what it says, if it can't travel as it is. */
  failure(run: number, error: unknown): Promise<void> {
    return this.value(Kind.end, run, { ok: false }, travellingError(error));
  }

  json(kind: number, run: number, value: object): Promise<void> {
    return this.alone(async () => {
      this.writeEvents();
      this.now(jsonFrame(kind, run, value));
    });
  }

  /**
   * Sends a value after a head that says how many bytes it has.
   *
   * @throws {ValueError} `UNSERIALISABLE`, before anything is sent.
   */
  async value(kind: number, run: number, head: object, value: unknown): Promise<void> {
    await this.encoded(kind, run, head, encodeInParts(value));
  }

  /** The same for what is encoded already. */
  encoded(kind: number, run: number, head: object, { length, parts }: EncodedParts): Promise<void> {
    return this.alone(async () => {
      this.writeEvents();
      this.now(jsonFrame(kind, run, { ...head, bytes: length }));
      for (const piece of cut(parts, PIECE)) {
        await this.all(headerOf(Kind.bytes, run, piece));
        await this.all(piece);
      }
    });
  }

  private alone(work: () => Promise<void>): Promise<void> {
    this.busy++;
    const done = this.queue.then(work).finally(() => {
      this.busy--;
    });
    this.queue = done.catch(() => {});
    return done;
  }

  private now(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
  }

  private async all(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await written(this.fd, bytes, at)).bytesWritten;
  }
}

function encodeEvents(events: readonly RunEvent[]): Uint8Array {
  try {
    return encode(events);
  } catch {
    return encode(events.map(plainEvent));
  }
}

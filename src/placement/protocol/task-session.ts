import type { RunEvent } from "../../engine/lifecycle/events.js";
import { type LongTimeout, startTimeout } from "../../util/long-timeout.js";
import { decode, type EncodedChunks, encodeChunks } from "../../values/codec.js";
import { VIEWS_FROM } from "../../values/codec-options.js";
import {
  ByteCollector,
  type BytesHead,
  type Frame,
  FrameKind,
  frame,
  framesFor,
  jsonFrame,
  jsonOf,
  type Printed,
} from "./frames.js";

/** Milliseconds beyond the run's own grace period in which its end may be reported. */
const GRACE_MS = 2_000;
const EMPTY = new Uint8Array();

/** The callbacks of a task. */
export interface TaskListener {
  readonly event: ((event: RunEvent) => void) | undefined;
  readonly printed: (printed: Printed) => void;
  /** A stream's next element, when it is asked for; undefined: there is none. */
  readonly next?: () => Promise<readonly unknown[] | undefined>;
  /** A stream's result has come. */
  readonly streamed?: (value: unknown) => void;
  /** True if the result is not decoded but handed on as bytes. */
  readonly forwardsResult?: boolean;
}

/** One task in progress. */
interface RunningTask {
  readonly listener: TaskListener;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly handle: TaskHandle;
  incoming: { readonly bytes: ByteCollector; readonly whole: (bytes: Uint8Array) => void } | undefined;
}

/** A run that was sent. */
export interface TaskHandle {
  readonly number: number;
  /** True once the host has started the task. */
  readonly started: boolean;
  readonly result: Promise<unknown>;
}

/** The connection that carries the frames of a session. */
export interface Transport {
  /** Sends frames, soon. Rejects if they can't be sent. */
  send(frames: Iterable<Uint8Array>): Promise<void>;
  /** An error from the host, with the stack frames of this machine. */
  mapped(error: unknown): unknown;
  /** The line is broken. */
  broken(error: unknown): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The client's side of the task protocol with the process that runs pipelines (`task-process.ts`), over any transport. */
export class TaskSession {
  private readonly runs = new Map<number, RunningTask>();
  private count = 0;
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly line: Transport) {}

  /**
   * Sends what is encoded, and gives its result.
   *
   * @param head its head, which is sent before it.
   * @param signal stops it: first by a word, then, after the grace, without.
   */
  run(head: object, work: EncodedChunks, listener: TaskListener, signal: AbortSignal, graceMs: number): TaskHandle {
    const handle: Mutable<TaskHandle> = { number: ++this.count, started: false, result: undefined as never };
    handle.result = this.tasks(handle, head, work, listener, signal, graceMs);
    return handle;
  }

  private async tasks(
    handle: TaskHandle,
    head: object,
    work: EncodedChunks,
    listener: TaskListener,
    signal: AbortSignal,
    graceMs: number,
  ): Promise<unknown> {
    if (this.failure !== undefined) throw this.failure.error;
    const { number } = handle;
    const result = new Promise<unknown>((resolve, reject) => {
      this.runs.set(number, { listener, resolve, reject, handle, incoming: undefined });
    });
    let grace: LongTimeout | undefined;
    const stop = () => {
      const reason = signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
      this.line.send([jsonFrame(FrameKind.cancel, number, { reason })]).catch(() => {});
      grace = startTimeout(() => this.runs.get(number)?.reject(signal.reason), graceMs + GRACE_MS);
    };
    try {
      this.line.send(framesFor(FrameKind.run, number, head, work)).catch((error) => this.line.broken(error));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      return await result;
    } finally {
      grace?.clear();
      signal.removeEventListener("abort", stop);
      this.runs.delete(number);
    }
  }

  /** A result of a stream was taken: another one may come. */
  ackResult(number: number): void {
    this.line.send([frame(FrameKind.taken, number, EMPTY)]).catch(() => {});
  }

  /** Nothing more comes from there. */
  fail(error: unknown): void {
    this.failure ??= { error };
    for (const { reject } of this.runs.values()) reject(error);
  }

  /** Takes what was said of a run. */
  onFrame(received: Frame): void {
    const { kind, run: number, payload } = received;
    const run = this.runs.get(number);
    if (kind === FrameKind.events) for (const event of decode(payload) as RunEvent[]) this.emit(run, event);
    // What nodes print is no one run's.
    else if (kind === FrameKind.log) this.runs.values().next().value?.listener.printed(jsonOf<Printed>(received));
    else if (run === undefined) return;
    else if (kind === FrameKind.started) (run.handle as Mutable<TaskHandle>).started = true;
    else if (kind === FrameKind.bytes) addTo(run, payload);
    else if (kind === FrameKind.pull) void this.answerPull(number, run);
    else if (kind === FrameKind.streamed)
      this.expect(run, jsonOf(received), (bytes) => run.listener.streamed?.(read(bytes)));
    else if (kind === FrameKind.end) this.end(run, jsonOf(received));
  }

  private end(run: RunningTask, head: BytesHead & { readonly ok: boolean }): void {
    this.expect(run, head, (bytes) => {
      if (!head.ok) run.reject(this.line.mapped(read(bytes)));
      else run.resolve(run.listener.forwardsResult ? bytes : read(bytes));
    });
  }

  private emit(run: RunningTask | undefined, event: RunEvent): void {
    if (run?.listener.event === undefined) return;
    if ("error" in event) this.line.mapped(event.error);
    run.listener.event(event);
  }

  private expect(run: RunningTask, { bytes }: BytesHead, then: (bytes: Uint8Array) => void): void {
    const done = (whole: Uint8Array) => {
      run.incoming = undefined;
      try {
        then(whole);
      } catch (error) {
        run.reject(error);
      }
    };
    run.incoming = { bytes: new ByteCollector(bytes), whole: done };
    if (bytes === 0) done(EMPTY);
  }

  private async answerPull(number: number, run: RunningTask): Promise<void> {
    let frames: Iterable<Uint8Array>;
    try {
      const values = await run.listener.next!();
      frames =
        values === undefined
          ? [jsonFrame(FrameKind.element, number, {})]
          : framesFor(FrameKind.element, number, {}, encodeChunks(values));
    } catch (error) {
      run.reject(error);
      return;
    }
    this.line.send(frames).catch((error) => this.line.broken(error));
  }
}

function read(bytes: Uint8Array): unknown {
  return decode(bytes, { viewsFrom: VIEWS_FROM });
}

function addTo(run: RunningTask, payload: Uint8Array): void {
  run.incoming?.bytes.add(payload);
  const whole = run.incoming?.bytes.whole;
  if (whole !== undefined) run.incoming!.whole(whole);
}

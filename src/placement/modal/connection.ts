import type { ContainerProcess } from "modal";
import type { RunEvent } from "../../engine/events.js";
import type { HypernodesError } from "../../errors.js";
import { decode, type EncodedParts, encodeInParts } from "../../values/codec.js";
import {
  type BytesHead,
  ComingBytes,
  type Ended,
  type Frame,
  FrameReader,
  frame,
  type Hello,
  jsonFrame,
  jsonOf,
  Kind,
  otherProtocol,
  PROTOCOL,
  type Printed,
} from "../container/frames.js";
import type { Bundle } from "./bundle.js";
import { modalFor, rejectedAt } from "./client.js";
import { Container } from "./container.js";
import { connectionLost, containerEnded, processEnded, timedOut } from "./failures.js";
import { framesOf, messagesOf, newMessage } from "./messages.js";
import type { CheckedModal } from "./options.js";
import { mapped } from "./stacks.js";

/** Typed arrays that are at least this large stay where they came in. */
const VIEWS_FROM = 64 * 1024;
/** How often the container is told that this process lives, in parts of the time after which it would give it up. */
const BEATS = 6;
const EMPTY = new Uint8Array();

/** Who hears of a run. */
export interface Hearing {
  readonly event: ((event: RunEvent) => void) | undefined;
  readonly printed: (printed: Printed) => void;
  /** A stream's next element, when it is asked for; undefined: there is none. */
  readonly next?: () => Promise<readonly unknown[] | undefined>;
  /** A stream's result has come. */
  readonly streamed?: (value: unknown) => void;
}

/** One run under way. */
interface Running {
  readonly hearing: Hearing;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly going: Going;
  coming: { readonly bytes: ComingBytes; readonly whole: (bytes: Uint8Array) => void } | undefined;
}

/** A run that was sent. */
export interface Going {
  readonly number: number;
  /** Whether the container has begun it. */
  readonly begun: boolean;
  readonly result: Promise<unknown>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A container with the runner in it, and the conversation with that. */
export class Connection {
  private readonly reader = new FrameReader(true);
  private readonly runs = new Map<number, Running>();
  private count = 0;
  private writing: Promise<void> = Promise.resolve();
  /** What messages are put together in, one after another. */
  private readonly message = newMessage();
  /** Frames that the next message takes along. */
  private readonly waiting: Iterable<Uint8Array>[] = [];
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private heardAt = Date.now();
  /** The last that the runner itself has written to stderr. */
  private errors = "";
  private beat: NodeJS.Timeout | undefined;
  private failure: HypernodesError | undefined;
  private greeted!: (hello: Hello) => void;
  private ungreeted!: (error: unknown) => void;
  private readonly hello = new Promise<Hello>((resolve, reject) => {
    this.greeted = resolve;
    this.ungreeted = reject;
  });
  private isOver!: () => void;
  /** It has failed, or its process has ended. */
  private readonly over = new Promise<void>((resolve) => {
    this.isOver = resolve;
  });

  private constructor(
    readonly container: Container,
    private readonly process: ContainerProcess<Uint8Array>,
    private readonly options: CheckedModal,
    private readonly bundle: Bundle,
    private readonly where: string,
  ) {
    this.writer = process.stdin.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    this.hello.catch(() => {});
    void this.read();
    void this.readErrors();
    void container.ended.then((end) => this.fail(containerEnded(end, this.where, options.timeoutMs)));
    const { idleTimeoutMs } = options;
    this.beat = setInterval(() => this.keepUp(), idleTimeoutMs / BEATS).unref();
  }

  /**
   * Makes a container and starts the runner in it.
   *
   * @throws {HypernodesError}
   */
  static async open(options: CheckedModal, bundle: Bundle, where: string, signal: AbortSignal): Promise<Connection> {
    const container = await Container.start(await modalFor(), options, bundle, signal);
    let connection: Connection | undefined;
    try {
      connection = new Connection(container, await container.exec(options, bundle), options, bundle, where);
      await connection.greet(signal);
      return connection;
    } catch (error) {
      connection?.stop();
      await container.end();
      throw error;
    }
  }

  /** Whether more runs may go there. */
  get isAlive(): boolean {
    return this.failure === undefined;
  }

  private async greet(signal: AbortSignal): Promise<void> {
    const aborted = rejectedAt(signal);
    const { protocol, has } = await Promise.race([this.hello, aborted]);
    if (protocol !== PROTOCOL) throw otherProtocol(protocol);
    if (!has) await this.send([frame(Kind.bundle, 0, this.bundle.packed)]);
  }

  /**
   * Runs what is encoded, and gives its result.
   *
   * @param signal stops it: first by a word, then, after the grace, without.
   */
  run(work: EncodedParts, hearing: Hearing, signal: AbortSignal, graceMs: number): Going {
    const going: Mutable<Going> = { number: ++this.count, begun: false, result: undefined as never };
    going.result = this.going(going, work, hearing, signal, graceMs);
    return going;
  }

  private async going(
    going: Going,
    work: EncodedParts,
    hearing: Hearing,
    signal: AbortSignal,
    graceMs: number,
  ): Promise<unknown> {
    if (this.failure !== undefined) throw this.failure;
    const { number } = going;
    const result = new Promise<unknown>((resolve, reject) => {
      this.runs.set(number, { hearing, resolve, reject, going, coming: undefined });
    });
    let grace: NodeJS.Timeout | undefined;
    const { timeoutMs } = this.options;
    const limit = setTimeout(() => this.fail(timedOut(this.where, timeoutMs)), timeoutMs);
    const stop = () => {
      const reason = signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
      this.send([jsonFrame(Kind.cancel, number, { reason })]).catch(() => {});
      grace = setTimeout(() => this.runs.get(number)?.reject(signal.reason), graceMs + GRACE_MS);
    };
    try {
      this.send(framesOf(Kind.run, number, {}, work)).catch((error) => this.fail(connectionLost(this.where, error)));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      return await result;
    } finally {
      clearTimeout(limit);
      clearTimeout(grace);
      signal.removeEventListener("abort", stop);
      this.runs.delete(number);
    }
  }

  /** A result of a stream was taken: another one may come. */
  taken(number: number): void {
    this.send([frame(Kind.taken, number, EMPTY)]).catch(() => {});
  }

  /**
   * Ends the container.
   *
   * @param graceMs milliseconds in which it may dispose of what it has kept.
   */
  async close(graceMs = 0): Promise<void> {
    if (graceMs > 0 && this.isAlive) {
      this.send([frame(Kind.close, 0, EMPTY)]).catch(() => {});
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([this.over, late]);
      clearTimeout(timer);
    }
    this.stop();
    await this.container.end();
  }

  /** Lets go of what waits, and hears no more. */
  private stop(): void {
    clearInterval(this.beat);
    this.failure ??= connectionLost(this.where, undefined);
  }

  private fail(error: HypernodesError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    clearInterval(this.beat);
    this.isOver();
    this.ungreeted(error);
    for (const { reject } of this.runs.values()) reject(error);
  }

  private keepUp(): void {
    if (Date.now() - this.heardAt > this.options.idleTimeoutMs) {
      this.fail(connectionLost(this.where, new Error("nothing was heard of it for too long")));
    } else this.send([frame(Kind.alive, 0, EMPTY)]).catch(() => {});
  }

  /** Sends frames, many in one message. */
  private send(frames: Iterable<Uint8Array>): Promise<void> {
    this.waiting.push(frames);
    if (this.waiting.length > 1) return this.writing;
    this.writing = this.writing
      .catch(() => {})
      .then(async () => {
        const all = this.waiting.splice(0);
        for (const message of messagesOf(all, this.message)) await this.writer.write(message);
      });
    return this.writing;
  }

  private async read(): Promise<void> {
    try {
      for await (const piece of this.process.stdout as unknown as AsyncIterable<Uint8Array>) {
        this.heardAt = Date.now();
        for (const each of this.reader.push(piece)) this.heard(each);
      }
      if (this.failure === undefined) this.fail(await this.lost());
    } catch (error) {
      const isOurs = (error as Error).name === "HypernodesError";
      this.fail(isOurs ? (error as HypernodesError) : connectionLost(this.where, error));
    }
  }

  /** The stream is over without a word: something has ended the process, and of that the container may know more. */
  private async lost(): Promise<HypernodesError> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), END_MS);
    });
    const end = await Promise.race([this.container.ended, late]);
    clearTimeout(timer);
    if (end === undefined) return connectionLost(this.where, this.lastWords());
    return containerEnded(end, this.where, this.options.timeoutMs);
  }

  private async readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const piece of this.process.stderr as unknown as AsyncIterable<Uint8Array>) {
        this.errors = (this.errors + decoder.decode(piece, { stream: true })).slice(-MOST_ERRORS);
      }
    } catch {
      // What stdout tells of is told.
    }
  }

  private lastWords(): Error | undefined {
    const said = this.errors.trim();
    return said === "" ? undefined : new Error(`the runner ended:\n  ${said.split("\n").slice(-8).join("\n  ")}`);
  }

  private heard(received: Frame): void {
    const { kind, run: number, payload } = received;
    const run = this.runs.get(number);
    if (kind === Kind.hello) this.greeted(jsonOf<Hello>(received));
    else if (kind === Kind.events) for (const event of decode(payload) as RunEvent[]) this.tell(run, event);
    else if (kind === Kind.log) this.printed(jsonOf<Printed>(received));
    else if (kind === Kind.ended) this.fail(processEnded(jsonOf<Ended>(received), this.where));
    else if (run === undefined) return;
    else if (kind === Kind.begun) (run.going as Mutable<Going>).begun = true;
    else if (kind === Kind.bytes) addTo(run, payload);
    else if (kind === Kind.pull) void this.answerPull(number, run);
    else if (kind === Kind.streamed) this.expect(run, jsonOf(received), (value) => run.hearing.streamed?.(value));
    else if (kind === Kind.end) {
      const head = jsonOf<BytesHead & { readonly ok: boolean }>(received);
      this.expect(run, head, (value) => (head.ok ? run.resolve(value) : run.reject(this.mapped(value))));
    }
  }

  private tell(run: Running | undefined, event: RunEvent): void {
    if (run?.hearing.event === undefined) return;
    if ("error" in event) this.mapped(event.error);
    run.hearing.event(event);
  }

  private mapped(error: unknown): unknown {
    return mapped(error, this.bundle);
  }

  private expect(run: Running, { bytes }: BytesHead, then: (value: unknown) => void): void {
    const done = (whole: Uint8Array) => {
      run.coming = undefined;
      try {
        then(decode(whole, { viewsFrom: VIEWS_FROM }));
      } catch (error) {
        run.reject(error);
      }
    };
    run.coming = { bytes: new ComingBytes(bytes), whole: done };
    if (bytes === 0) done(EMPTY);
  }

  /** What nodes print is no one run's. */
  private printed(printed: Printed): void {
    const first = this.runs.values().next().value;
    first?.hearing.printed(printed);
  }

  private async answerPull(number: number, run: Running): Promise<void> {
    try {
      const values = await run.hearing.next!();
      if (values === undefined) await this.send([jsonFrame(Kind.element, number, {})]);
      else await this.send(framesOf(Kind.element, number, {}, encodeInParts(values)));
    } catch (error) {
      run.reject(error);
    }
  }
}

/** Milliseconds beyond the run's own grace in which the container may tell how it ended. */
const GRACE_MS = 2_000;
/** Milliseconds in which Modal may tell of a container's end, after its process has ended. */
const END_MS = 3_000;
const MOST_ERRORS = 64 * 1024;

function addTo(run: Running, payload: Uint8Array): void {
  run.coming?.bytes.add(payload);
  const whole = run.coming?.bytes.whole;
  if (whole !== undefined) run.coming!.whole(whole);
}

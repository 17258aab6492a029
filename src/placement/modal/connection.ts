import type { ContainerProcess } from "modal";
import { HypernodesError } from "../../errors.js";
import { type LongTimeout, sleep, startInterval, startTimeout } from "../../util/long-timeout.js";
import type { EncodedParts } from "../../values/codec.js";
import type { Bundle } from "../bundle/bundle.js";
import { mapped } from "../bundle/stacks.js";
import { Conversation, type Going, type Hearing } from "../container/conversation.js";
import {
  bundleFrame,
  type Ended,
  type Frame,
  FrameReader,
  frame,
  type GpuUse,
  type Hello,
  jsonOf,
  type KeepHead,
  Kind,
  otherProtocol,
  PROTOCOL,
  type RunHead,
} from "../container/frames.js";
import { modalFor, rejectedAt, within } from "./client.js";
import { Container } from "./container.js";
import { connectionLost, containerEnded, processEnded, timedOut } from "./failures.js";
import { messagesOf, newMessage } from "./messages.js";
import { checkNode, nodeFault } from "./node-faults.js";
import type { CheckedModal } from "./options.js";
import { warnOfUnusedGpus } from "./unused-gpus.js";

/** How often the container is told that this process lives, in parts of the time after which it would give it up. */
const BEATS = 6;
/** Milliseconds that the container has to read the use of its GPUs. */
const GPUS_MS = 5_000;
const EMPTY = new Uint8Array();

/** A container with the runner in it, and the conversation with that. */
export class Connection {
  private readonly reader = new FrameReader(true);
  private readonly conversation: Conversation;
  private writing: Promise<void> = Promise.resolve();
  /** What messages are put together in, one after another. */
  private readonly message = newMessage();
  /** Frames that the next message takes along. */
  private readonly waiting: Iterable<Uint8Array>[] = [];
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private heardAt = performance.now();
  /** The last that the runner itself has written to stderr. */
  private errors = "";
  private beat: LongTimeout | undefined;
  private failure: HypernodesError | undefined;
  /** Since a stream is broken: it is found out why. */
  private losing: Promise<HypernodesError> | undefined;
  private greeted!: (hello: Hello) => void;
  private readonly hello = new Promise<Hello>((resolve) => {
    this.greeted = resolve;
  });
  /** Until the runner is there, which is told that this process lives, and tells that it does. */
  private isGreeting = true;
  private hasResult = false;
  private gpusRead: ((use: GpuUse) => void) | undefined;
  private isOver!: (error: HypernodesError) => void;
  /** It has failed, or its process has ended: why. */
  private readonly over = new Promise<HypernodesError>((resolve) => {
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
    this.conversation = new Conversation({
      send: (frames) => this.send(frames),
      mapped: (error) => mapped(error, bundle),
      broken: (error) => void this.lose(error),
    });
    void this.read();
    void this.readErrors();
    void container.ended.then((end) => this.fail(containerEnded(end, this.where, options.timeoutMs)));
    const { idleTimeoutMs } = options;
    this.beat = startInterval(() => this.keepUp(), idleTimeoutMs / BEATS).unref();
  }

  /**
   * Makes a container and starts the runner in it.
   *
   * @param isReused whether it may get more work when it has done some.
   * @throws {HypernodesError}
   */
  static async open(
    options: CheckedModal,
    bundle: Bundle,
    where: string,
    signal: AbortSignal,
    isReused: boolean,
  ): Promise<Connection> {
    const container = await Container.start(await modalFor(), options, bundle, signal, isReused);
    let connection: Connection | undefined;
    try {
      connection = new Connection(container, await container.exec(options, bundle, where), options, bundle, where);
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
    return this.failure === undefined && this.losing === undefined;
  }

  private async greet(signal: AbortSignal): Promise<void> {
    const failed = this.over.then((error) => Promise.reject(error));
    const inTime = <T>(what: Promise<T>): Promise<T> => Promise.race([what, failed, rejectedAt(signal)]);
    const { protocol, has, node } = await inTime(this.hello);
    if (protocol !== PROTOCOL) throw otherProtocol(protocol);
    checkNode(node, this.options.image.base);
    const failing = async (error: unknown) => Promise.reject(await this.lose(error));
    if (!has) await inTime(this.send(bundleFrame(this.bundle.packed)).catch(failing));
    this.isGreeting = false;
  }

  /**
   * Runs what is encoded, and gives its result.
   *
   * @param signal stops it: first by a word, then, after the grace, without.
   * @param head what is told of it before it comes.
   */
  run(work: EncodedParts, hearing: Hearing, signal: AbortSignal, graceMs: number, head: Partial<RunHead> = {}): Going {
    const { timeoutMs } = this.options;
    const limit = startTimeout(() => this.fail(timedOut(this.where, timeoutMs)), timeoutMs);
    const going = this.conversation.run(head, work, hearing, signal, graceMs);
    going.result.then(
      () => {
        limit.clear();
        this.hasResult = true;
      },
      () => limit.clear(),
    );
    return going;
  }

  /** Sends what chunks share. */
  async keep(keep: KeepHead, bytes: Uint8Array, hearing: Hearing): Promise<void> {
    const work = { length: bytes.length, parts: [bytes] };
    await this.run(work, hearing, new AbortController().signal, 0, { keep }).result;
  }

  /** A result of a stream was taken: another one may come. */
  taken(number: number): void {
    this.conversation.taken(number);
  }

  /**
   * Ends the container.
   *
   * @param graceMs milliseconds in which it may dispose of what it has kept.
   */
  async close(graceMs = 0): Promise<void> {
    if (this.options.gpu !== undefined && this.hasResult && this.isAlive) await this.readGpus();
    if (graceMs > 0 && this.isAlive) {
      this.send([frame(Kind.close, 0, EMPTY)]).catch(() => {});
      const done = new AbortController();
      await Promise.race([this.over, sleep(graceMs, done.signal)]);
      done.abort();
    }
    this.stop();
    await this.container.end();
  }

  private async readGpus(): Promise<void> {
    const reading = new Promise<GpuUse>((resolve) => {
      this.gpusRead = resolve;
    });
    this.send([frame(Kind.gpus, 0, EMPTY)]).catch(() => {});
    const none = this.over.then(() => undefined);
    const use = await within(Promise.race([reading, none]), GPUS_MS, "it did not tell of GPUs").catch(() => undefined);
    if (use !== undefined) warnOfUnusedGpus(this.where, this.options.gpu!, use);
  }

  /** Lets go of what waits, and hears no more. */
  private stop(): void {
    this.beat?.clear();
    this.failure ??= connectionLost(this.where, undefined);
    this.conversation.fail(this.failure);
  }

  private fail(error: HypernodesError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.beat?.clear();
    this.isOver(error);
    this.conversation.fail(error);
  }

  /** A stream is broken, or ends without a word. Something may have ended the container: it knows more than the stream. */
  private async lose(cause?: unknown): Promise<HypernodesError> {
    if (this.failure !== undefined) return this.failure;
    this.losing ??= (async () => {
      const end = await this.container.endSoon();
      const { where, options } = this;
      const lost = () => nodeFault(this.errors, options.image.base) ?? connectionLost(where, cause ?? this.lastWords());
      this.fail(end === undefined ? lost() : containerEnded(end, where, options.timeoutMs));
      return this.failure!;
    })();
    return this.losing;
  }

  private keepUp(): void {
    if (performance.now() - this.heardAt > this.options.idleTimeoutMs) {
      void this.lose(new Error("nothing was heard of it for too long"));
    } else if (!this.isGreeting) this.send([frame(Kind.alive, 0, EMPTY)]).catch((error) => this.lose(error));
  }

  /** Sends frames, many in one message. */
  private send(frames: Iterable<Uint8Array>): Promise<void> {
    this.waiting.push(frames);
    if (this.waiting.length > 1) return this.writing;
    this.writing = this.writing
      .catch(() => {})
      .then(async () => {
        const all = this.waiting.splice(0);
        for (const message of messagesOf(all, this.message)) {
          await this.writer.write(message);
          // The bootstrap says nothing while a bundle comes: that it takes the bytes is its sign of life.
          if (this.isGreeting) this.heardAt = performance.now();
        }
      });
    return this.writing;
  }

  private async read(): Promise<void> {
    try {
      for await (const piece of this.process.stdout as unknown as AsyncIterable<Uint8Array>) {
        this.heardAt = performance.now();
        for (const each of this.reader.push(piece)) this.heard(each);
      }
      await this.lose();
    } catch (error) {
      if (error instanceof HypernodesError) this.fail(error);
      else await this.lose(error);
    }
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
    const { kind } = received;
    if (kind === Kind.hello) this.greeted(jsonOf<Hello>(received));
    else if (kind === Kind.gpuUse) this.gpusRead?.(jsonOf<GpuUse>(received));
    else if (kind === Kind.ended) this.fail(processEnded(jsonOf<Ended>(received), this.where));
    else this.conversation.heard(received);
  }
}

const MOST_ERRORS = 64 * 1024;

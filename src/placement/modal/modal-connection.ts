import type { ContainerProcess } from "modal";
import { HypernodesError } from "../../errors.js";
import { rejectOnAbort, settlesWithin } from "../../util/deadline.js";
import { type LongTimeout, startInterval, startTimeout } from "../../util/long-timeout.js";
import type { EncodedChunks } from "../../values/codec.js";
import type { Bundle } from "../bundle/bundle.js";
import {
  bundleFrame,
  type Ended,
  type Frame,
  FrameKind,
  FrameReader,
  frame,
  type GpuUse,
  type Hello,
  jsonOf,
  type KeepHead,
  otherProtocol,
  PROTOCOL,
  type RunHead,
} from "../protocol/frames.js";
import { type TaskHandle, type TaskListener, TaskSession } from "../protocol/task-session.js";
import type { HostConnection } from "../provider.js";
import { batchFrames, createBuffer } from "./message-batcher.js";
import { modalApi, withModalDeadline } from "./modal-client.js";
import { connectionLost, containerEnded, processEnded, timedOut } from "./modal-errors.js";
import { ModalSandbox } from "./modal-sandbox.js";
import { checkNode, nodeFault } from "./node-faults.js";
import type { ResolvedModalOptions } from "./options.js";
import { warnUnusedGpus } from "./unused-gpus.js";

/** The number of heartbeats to the container in the time after which it would count this process as lost. */
const BEATS = 6;
/** Milliseconds that the container has to read the use of its GPUs. */
const GPUS_MS = 5_000;
const EMPTY = new Uint8Array();

/** A container with the runner in it, and the conversation with that. */
export class ModalConnection implements HostConnection {
  private readonly reader = new FrameReader(true);
  private readonly conversation: TaskSession;
  private writing: Promise<void> = Promise.resolve();
  /** The buffer in which messages are assembled, one after another. */
  private readonly message = createBuffer();
  /** Frames that the next message takes along. */
  private readonly waiting: Iterable<Uint8Array>[] = [];
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private lastFrameAt = performance.now();
  /** The last that the runner itself has written to stderr. */
  private errors = "";
  private beat: LongTimeout | undefined;
  private failure: HypernodesError | undefined;
  /** Since a stream is broken: it is found out why. */
  private lossDiagnosis: Promise<HypernodesError> | undefined;
  private greeted!: (hello: Hello) => void;
  private readonly hello = new Promise<Hello>((resolve) => {
    this.greeted = resolve;
  });
  /** True until the runner is there: then heartbeats go both ways. */
  private isGreeting = true;
  private hasResult = false;
  private gpusRead: ((use: GpuUse) => void) | undefined;
  private isClosed!: (error: HypernodesError) => void;
  /** It has failed, or its process has ended: why. */
  private readonly closed = new Promise<HypernodesError>((resolve) => {
    this.isClosed = resolve;
  });

  private constructor(
    private readonly container: ModalSandbox,
    private readonly process: ContainerProcess<Uint8Array>,
    private readonly options: ResolvedModalOptions,
    private readonly bundle: Bundle,
    private readonly where: string,
  ) {
    this.writer = process.stdin.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    this.conversation = new TaskSession({
      send: (frames) => this.send(frames),
      mapped: bundle.remapStacks,
      broken: (error) => void this.onLost(error),
    });
    void this.read();
    void this.readErrors();
    void container.ended.then((end) => this.fail(containerEnded(end, this.where, options.timeoutMs)));
    const { idleTimeoutMs } = options;
    this.beat = startInterval(() => this.heartbeat(), idleTimeoutMs / BEATS).unref();
  }

  /**
   * Makes a container and starts the runner in it.
   *
   * @param isReused whether it may get more work when it has done some.
   * @throws {HypernodesError}
   */
  static async open(
    options: ResolvedModalOptions,
    bundle: Bundle,
    where: string,
    signal: AbortSignal,
    isReused: boolean,
  ): Promise<ModalConnection> {
    const container = await ModalSandbox.start(await modalApi(), options, bundle, signal, isReused);
    let connection: ModalConnection | undefined;
    try {
      connection = new ModalConnection(container, await container.exec(options, bundle, where), options, bundle, where);
      await connection.handshake(signal);
      return connection;
    } catch (error) {
      connection?.stop();
      await container.end();
      throw error;
    }
  }

  /** The id of the sandbox. */
  get id(): string {
    return this.container.id;
  }

  /** True while more tasks may be sent. */
  get isAlive(): boolean {
    return this.failure === undefined && this.lossDiagnosis === undefined;
  }

  private async handshake(signal: AbortSignal): Promise<void> {
    const failed = this.closed.then((error) => Promise.reject(error));
    const inTime = <T>(what: Promise<T>): Promise<T> => Promise.race([what, failed, rejectOnAbort(signal)]);
    const { protocol, has, node } = await inTime(this.hello);
    if (protocol !== PROTOCOL) throw otherProtocol(protocol);
    checkNode(node, this.options.image.base);
    const failing = async (error: unknown) => Promise.reject(await this.onLost(error));
    if (!has) await inTime(this.send(bundleFrame(this.bundle.packed)).catch(failing));
    this.isGreeting = false;
  }

  /**
   * Runs what is encoded, and gives its result.
   *
   * @param signal stops it: first by a word, then, after the grace, without.
   * @param head its head, which is sent before it.
   */
  run(
    work: EncodedChunks,
    listener: TaskListener,
    signal: AbortSignal,
    graceMs: number,
    head: Partial<RunHead> = {},
  ): TaskHandle {
    const { timeoutMs } = this.options;
    const limit = startTimeout(() => this.fail(timedOut(this.where, timeoutMs)), timeoutMs);
    const handle = this.conversation.run(head, work, listener, signal, graceMs);
    handle.result.then(
      () => {
        limit.clear();
        this.hasResult = true;
      },
      () => limit.clear(),
    );
    return handle;
  }

  async storeShared(keep: KeepHead, bytes: Uint8Array, listener: TaskListener): Promise<void> {
    const work = { length: bytes.length, parts: [bytes] };
    await this.run(work, listener, new AbortController().signal, 0, { keep }).result;
  }

  /** Reads the volume again, on which another container has stored something. */
  refreshShared(): Promise<void> {
    return this.container.reloadVolume();
  }

  ackResult(task: number): void {
    this.conversation.ackResult(task);
  }

  /**
   * Ends the container.
   *
   * @param graceMs milliseconds in which it may dispose of what it has kept.
   */
  async close(graceMs = 0): Promise<void> {
    if (this.options.gpu !== undefined && this.hasResult && this.isAlive) await this.readGpus();
    if (graceMs > 0 && this.isAlive) {
      this.send([frame(FrameKind.close, 0, EMPTY)]).catch(() => {});
      await settlesWithin(this.closed, graceMs);
    }
    this.stop();
    await this.container.end();
  }

  private async readGpus(): Promise<void> {
    const reading = new Promise<GpuUse>((resolve) => {
      this.gpusRead = resolve;
    });
    this.send([frame(FrameKind.gpus, 0, EMPTY)]).catch(() => {});
    const none = this.closed.then(() => undefined);
    const gpuUse = await withModalDeadline(Promise.race([reading, none]), GPUS_MS, "it did not report its GPUs").catch(
      () => undefined,
    );
    if (gpuUse !== undefined) warnUnusedGpus(this.where, this.options.gpu!, gpuUse);
  }

  /** Rejects all that waits, and receives no more. */
  private stop(): void {
    this.beat?.clear();
    this.failure ??= connectionLost(this.where, undefined);
    this.conversation.fail(this.failure);
  }

  private fail(error: HypernodesError): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.beat?.clear();
    this.isClosed(error);
    this.conversation.fail(error);
  }

  /** A stream is broken, or ends without a word. Something may have ended the container: it knows more than the stream. */
  private async onLost(cause?: unknown): Promise<HypernodesError> {
    if (this.failure !== undefined) return this.failure;
    this.lossDiagnosis ??= (async () => {
      const end = await this.container.terminateOrphan();
      const { where, options } = this;
      const lossError = () =>
        nodeFault(this.errors, options.image.base) ?? connectionLost(where, cause ?? this.stderrTail());
      this.fail(end === undefined ? lossError() : containerEnded(end, where, options.timeoutMs));
      return this.failure!;
    })();
    return this.lossDiagnosis;
  }

  private heartbeat(): void {
    if (performance.now() - this.lastFrameAt > this.options.idleTimeoutMs) {
      void this.onLost(new Error("nothing was received from it for too long"));
    } else if (!this.isGreeting) this.send([frame(FrameKind.alive, 0, EMPTY)]).catch((error) => this.onLost(error));
  }

  /** Sends frames, many in one message. */
  private send(frames: Iterable<Uint8Array>): Promise<void> {
    this.waiting.push(frames);
    if (this.waiting.length > 1) return this.writing;
    this.writing = this.writing
      .catch(() => {})
      .then(async () => {
        const all = this.waiting.splice(0);
        for (const message of batchFrames(all, this.message)) {
          await this.writer.write(message);
          // The bootstrap says nothing while a bundle comes: that it takes the bytes is its sign of life.
          if (this.isGreeting) this.lastFrameAt = performance.now();
        }
      });
    return this.writing;
  }

  private async read(): Promise<void> {
    try {
      for await (const piece of this.process.stdout as unknown as AsyncIterable<Uint8Array>) {
        this.lastFrameAt = performance.now();
        for (const each of this.reader.push(piece)) this.onFrame(each);
      }
      await this.onLost();
    } catch (error) {
      if (error instanceof HypernodesError) this.fail(error);
      else await this.onLost(error);
    }
  }

  private async readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const piece of this.process.stderr as unknown as AsyncIterable<Uint8Array>) {
        this.errors = (this.errors + decoder.decode(piece, { stream: true })).slice(-MOST_ERRORS);
      }
    } catch {
      // The reader of stdout reports the end.
    }
  }

  private stderrTail(): Error | undefined {
    const stderr = this.errors.trim();
    return stderr === "" ? undefined : new Error(`the runner ended:\n  ${stderr.split("\n").slice(-8).join("\n  ")}`);
  }

  private onFrame(received: Frame): void {
    const { kind } = received;
    if (kind === FrameKind.hello) this.greeted(jsonOf<Hello>(received));
    else if (kind === FrameKind.gpuUse) this.gpusRead?.(jsonOf<GpuUse>(received));
    else if (kind === FrameKind.ended) this.fail(processEnded(jsonOf<Ended>(received), this.where));
    else this.conversation.onFrame(received);
  }
}

const MOST_ERRORS = 64 * 1024;

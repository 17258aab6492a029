import { randomUUID } from "node:crypto";
import { BroadcastChannel, type MessagePort, SHARE_ENV } from "node:worker_threads";
import { Piscina } from "piscina";
import type { ThreadLimits } from "../../dsl/pipeline-options.js";
import { describeChain } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { ownModule } from "../../util/own-files.js";
import { userFrames } from "../../util/user-frames.js";
import type { Isolation } from "../chunks/protocol.js";
import { refuseModule, unguardedProgram } from "./program-module.js";
import type {
  Answer,
  ChunkRequest,
  ControlMessage,
  RanAtImport,
  Request,
  Stalled,
  ThreadData,
  ThreadNews,
} from "./protocol.js";
import { runAtImportError } from "./run-at-import.js";
import { ThreadOutput } from "./thread-output.js";
import { type InFlightTask, selectWorker, type WorkerState } from "./worker-selection.js";

/** Milliseconds after which an idle thread disposes of its resources and ends. */
const IDLE_MS = 10_000;
/** Milliseconds that this may take. */
const DISPOSE_MS = 5_000;
/** Milliseconds within which an earlier message of a thread on one channel comes after one on another channel. */
const OTHER_CHANNEL_MS = 20;

/** The threads of a process, shared by all its runs, started when they are first needed. */
export class WorkerPool {
  private readonly piscina: Piscina;
  private readonly channel: BroadcastChannel;
  private readonly threads = new Map<number, WorkerState>();
  private readonly outputs = new Map<number, ThreadOutput>();
  /** The modules of pipelines that a thread has imported. */
  private readonly imported = new Set<string>();
  /** Tasks that no thread has started yet. */
  private readonly waiting = new Set<InFlightTask>();
  /** The number of threads that have ended since one last started. */
  private failedStarts = 0;
  private readonly onBeforeExit = () => void this.disposeAll();

  /** @param size how many threads there are at most. */
  constructor(
    private readonly size: number,
    resourceLimits: ThreadLimits | undefined,
    isCommonJs: boolean,
  ) {
    const name = `hypernodes ${randomUUID()}`;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = (message: unknown) =>
      this.onMessage((message as { data: ControlMessage | ThreadNews }).data);
    this.channel.unref();
    this.piscina = new Piscina({
      filename: WORKER,
      minThreads: 0,
      maxThreads: this.size,
      // Keys count the environment as it is: threads must not see it as it was when they started.
      env: SHARE_ENV,
      // The thread of each task is selected below.
      concurrentTasksPerWorker: 1_000,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A thread that waits in Atomics.wait receives no broadcast, and runs no timer.
      atomics: "disabled",
      // Nodes that read them have the same ones everywhere.
      argv: process.argv.slice(2),
      workerData: { hypernodes: { channel: name, isCommonJs, program: unguardedProgram() } } satisfies ThreadData,
      loadBalancer: ((task: PiscinaTask, workers: PiscinaWorker[]) => this.place(task, workers)) as never,
      ...(resourceLimits && { resourceLimits }),
    });
    this.piscina.on("error", (error) => this.onWorkerError(error));
    this.piscina.on("workerCreate", ({ id }: PiscinaWorker) => {
      this.failedStarts = 0;
      const worker = this.piscina.threads.find(({ threadId }) => threadId === id);
      if (worker !== undefined) this.outputs.set(id, new ThreadOutput(worker));
    });
    this.piscina.on("workerDestroy", ({ id }: PiscinaWorker) => {
      this.outputs.delete(id);
      setImmediate(() => this.onWorkerExit());
    });
    process.on("beforeExit", this.onBeforeExit);
  }

  /** @param isInFlight tells if any of its elements is in flight, as the thread itself notes it. */
  submit(message: ChunkRequest, isInFlight: () => boolean): InFlightTask {
    return this.run(message, message.isolation, undefined, isInFlight);
  }

  private run(
    request: Request,
    isolation: Isolation,
    target: number | undefined,
    isInFlight = () => false,
  ): InFlightTask {
    const controller = new AbortController();
    const inFlight: InFlightTask = {
      isolation,
      target,
      controller,
      isInFlight,
      thread: undefined,
      coTenants: [],
      promise: undefined as never,
    };
    const task = Object.defineProperty({ ...request }, Piscina.queueOptionsSymbol, { value: inFlight });
    this.waiting.add(inFlight);
    const running: Promise<Answer> = this.piscina.run(task, {
      signal: controller.signal,
      transferList: movedWith(request),
    });
    running.catch(() => {});
    const boot = new Promise<never>((_, reject) => {
      inFlight.fail = reject;
    });
    (inFlight as { promise: Promise<Uint8Array> }).promise = Promise.race([running, boot])
      .then((answer) => this.afterOutput(inFlight, answer))
      .finally(() => this.onAfterRun(inFlight));
    return inFlight;
  }

  /** Requests a task's result that can't be read, value by value. */
  encodeEach(bytes: Uint8Array, { thread }: InFlightTask): Promise<Uint8Array> {
    return this.run({ apart: bytes }, "exclusive", thread).promise;
  }

  /** The output of a task comes before its result. */
  private afterOutput({ thread }: InFlightTask, { bytes, printed }: Answer): Uint8Array | Promise<Uint8Array> {
    const output = this.outputs.get(thread ?? -1);
    return output?.written(printed)?.then(() => bytes) ?? bytes;
  }

  /** The number of threads, including those that start. */
  get threadCount(): number {
    return this.piscina.threads.length;
  }

  /** Tells if a live thread has imported a module. */
  hasImported(module: string): boolean {
    if (this.threadCount === 0) this.imported.clear();
    return this.imported.has(module);
  }

  /** Notes that a thread has imported a module. */
  noteImport(module: string): void {
    this.imported.add(module);
  }

  /** Terminates the thread of a task, or takes it out of the queue. */
  kill(inFlight: InFlightTask): void {
    const thread = this.threads.get(inFlight.thread ?? -1);
    if (thread !== undefined) {
      for (const neighbour of thread.tasks) neighbour.isTerminated = true;
      this.remove(thread);
    }
    inFlight.controller.abort();
  }

  broadcast(broadcast: ControlMessage): void {
    this.channel.postMessage(broadcast);
  }

  /** Retires a thread: it gets no more tasks, and ends after those that are in it. */
  retireAll(id: number | undefined): void {
    const thread = this.threads.get(id ?? -1);
    if (thread === undefined || thread.retired) return;
    thread.retired = true;
    if (thread.tasks.size === 0) void this.retire(thread);
  }

  private onMessage(message: ControlMessage | ThreadNews): void {
    if ("ranAtImport" in message) this.ranAtImport(message);
    else if ("stalled" in message) this.stalled(message);
  }

  /** A thread does what the program does: it is ended. If no run fails for it, it is warned of. */
  private ranAtImport({ ranAtImport: thread, found, isWorking }: RanAtImport): void {
    if (refuseModule(found) && !isWorking)
      process.emitWarning(runAtImportError(found.ran, found).message, "HypernodesWarning");
    this.retireAll(thread);
  }

  /** A thread without anything to wait for does not keep the process alive, until it is asked for more. */
  private stalled(message: Stalled): void {
    const thread = this.threads.get(message.stalled);
    setTimeout(() => {
      if (thread?.requests === message.requests && thread.tasks.size > 0) thread.unref();
    }, OTHER_CHANNEL_MS);
  }

  /** Notes that a thread keeps resources, which are to be disposed of before it ends. */
  noteResources(thread: number | undefined): void {
    const known = this.threads.get(thread ?? -1);
    if (known !== undefined) known.hasResources = true;
  }

  /** At the end of the process, what threads keep is disposed of. */
  private async disposeAll(): Promise<void> {
    const holders = [...this.threads.values()].filter(({ hasResources: holds }) => holds);
    await Promise.all(holders.map((thread) => this.retire(thread)));
  }

  private place(task: PiscinaTask, workers: readonly PiscinaWorker[]): PiscinaWorker | null {
    const inFlight = task[Piscina.queueOptionsSymbol] as InFlightTask;
    const alive = workers.filter((worker) => !worker.destroyed && !worker.terminating);
    const { target } = inFlight;
    const canGrow = this.piscina.threads.length < this.size;
    const chosen =
      target === undefined
        ? selectWorker(inFlight, alive, this.threads, this.waiting, canGrow)
        : alive.find(({ id }) => id === target);
    if (chosen !== undefined) this.onStarted(inFlight, chosen);
    return chosen ?? null;
  }

  private onStarted(inFlight: InFlightTask, worker: PiscinaWorker): void {
    const { id } = worker;
    this.waiting.delete(inFlight);
    inFlight.thread = id;
    const thread = getOrCreate(
      this.threads,
      id,
      (): WorkerState => ({
        ...{ id, tasks: new Set(), requests: 0, hasResources: false, draining: false, retired: false, idle: undefined },
        unref: () => unref(worker),
      }),
    );
    thread.requests++;
    clearTimeout(thread.idle);
    for (const other of thread.tasks) other.coTenants.push(inFlight);
    inFlight.coTenants.push(...thread.tasks);
    thread.tasks.add(inFlight);
  }

  private onAfterRun(inFlight: InFlightTask): void {
    this.waiting.delete(inFlight);
    const thread = this.threads.get(inFlight.thread ?? -1);
    if (thread === undefined) return;
    thread.tasks.delete(inFlight);
    if (thread.tasks.size > 0 || thread.draining) return;
    if (!this.isAlive(thread)) this.remove(thread);
    else if (thread.retired) void this.retire(thread);
    else thread.idle = setTimeout(() => void this.retire(thread), IDLE_MS).unref();
  }

  private isAlive({ id }: WorkerState): boolean {
    return this.piscina.threads.some(({ threadId }) => threadId === id);
  }

  private remove(thread: WorkerState): void {
    clearTimeout(thread.idle);
    this.threads.delete(thread.id);
  }

  private async retire(thread: WorkerState): Promise<void> {
    if (thread.draining || thread.tasks.size > 0) return;
    thread.draining = true;
    if (thread.hasResources) {
      const disposal = this.run({ control: "dispose" }, "exclusive", thread.id);
      const end = setTimeout(() => disposal.controller.abort(), DISPOSE_MS);
      await disposal.promise.catch(() => {});
      clearTimeout(end);
    }
    // Piscina ends a thread when what it does is aborted: so it does something until then.
    const last = this.run({ control: "wait" }, "exclusive", thread.id);
    last.controller.abort();
    await last.promise.catch(() => {});
    thread.hasResources = false;
    thread.draining = false;
    if (!this.isAlive(thread)) this.remove(thread);
  }

  /** Piscina begins no thread in the place of one that ended before somebody asks it for something. */
  private onWorkerExit(): void {
    this.failedStarts = this.waiting.size === 0 ? 0 : this.failedStarts + 1;
    if (this.waiting.size === 0 || this.piscina.threads.length >= this.size) return;
    if (this.failedStarts <= 2 * this.size)
      this.run({ control: "nothing" }, "concurrent", undefined).promise.catch(() => {});
    else
      this.onWorkerError(
        new Error(
          "threads end before they have started: check the modules that Node loads first (--import, --require)",
        ),
      );
  }

  /** Handles a thread that fails before it has started anything: it will not do better the next time. */
  private onWorkerError(error: unknown): void {
    if (this.waiting.size === 0) {
      const text = [`an idle thread ended: ${describeChain(error)}`, ...userFrames(error)].join("\n");
      process.emitWarning(text, "HypernodesWarning");
    }
    for (const inFlight of this.waiting) inFlight.fail?.(error);
  }
}

/** The objects that are transferred to the thread. */
function movedWith(request: Request): (ArrayBuffer | MessagePort)[] {
  if ("control" in request || "apart" in request) return [];
  const { elements, known, stores, events } = request;
  const buffers = [elements, known].flatMap((bytes) => (bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]));
  return [...buffers, ...[stores, events].filter((port) => port !== undefined)];
}

/** The port between Piscina and a worker stays, and Piscina lets it keep the process alive while it waits for an answer. */
function unref(worker: PiscinaWorker): void {
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    const info = (worker as unknown as Record<symbol, { unref?(): void } | undefined>)[symbol];
    info?.unref?.();
  }
}

interface PiscinaTask {
  readonly [key: symbol]: unknown;
}

interface PiscinaWorker {
  readonly id: number;
  readonly destroyed: boolean;
  readonly terminating: boolean;
}

const WORKER = ownModule("engine/worker/worker").href;

import { randomUUID } from "node:crypto";
import { BroadcastChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import type { ThreadLimits } from "../../dsl/choices.js";
import { remembered } from "../../graph/remembered.js";
import { describeChain } from "../../util/describe.js";
import { ownModule } from "../../util/own-files.js";
import { userFrames } from "../../util/user-frames.js";
import { placeFor, type Thread, type Visiting } from "./placing.js";
import { refuseModule, unguardedProgram } from "./program-module.js";
import type {
  Answer,
  Broadcast,
  Company,
  RanAtImport,
  Request,
  Stalled,
  ThreadData,
  ThreadNews,
  VisitMessage,
} from "./protocol.js";
import { runAtImportError } from "./run-at-import.js";
import { ThreadOutput } from "./thread-output.js";

/** A thread that nobody has visited for this long lets go of its resources and ends. */
const IDLE_MS = 10_000;
/** How long it may take for that. */
const DISPOSE_MS = 5_000;
/** In this time what a thread said on one channel before what it says on another one has come. */
const OTHER_CHANNEL_MS = 20;

/** The threads of a process, shared by all its runs, begun when they are first needed. */
export class Pool {
  private readonly piscina: Piscina;
  private readonly channel: BroadcastChannel;
  private readonly threads = new Map<number, Thread>();
  private readonly outputs = new Map<number, ThreadOutput>();
  /** The modules of pipelines that a thread has imported. */
  private readonly imported = new Set<string>();
  /** Visits that no thread has begun yet. */
  private readonly waiting = new Set<Visiting>();
  /** How many threads have ended since one last came to life. */
  private stillborn = 0;
  private readonly onBeforeExit = () => void this.endHolding();

  /** @param size how many threads there are at most. */
  constructor(
    private readonly size: number,
    resourceLimits: ThreadLimits | undefined,
    isCommonJs: boolean,
  ) {
    const name = `hypernodes ${randomUUID()}`;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = (message: unknown) => this.heard((message as { data: Broadcast | ThreadNews }).data);
    this.channel.unref();
    this.piscina = new Piscina({
      filename: WORKER,
      minThreads: 0,
      maxThreads: this.size,
      // Which thread takes which visit is decided below.
      concurrentTasksPerWorker: 1_000,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A thread that waits in Atomics.wait hears no broadcast, and runs no timer.
      atomics: "disabled",
      workerData: { hypernodes: { channel: name, isCommonJs, program: unguardedProgram() } } satisfies ThreadData,
      loadBalancer: ((task: PiscinaTask, workers: PiscinaWorker[]) => this.place(task, workers)) as never,
      ...(resourceLimits && { resourceLimits }),
    });
    this.piscina.on("error", (error) => this.threadFailed(error));
    this.piscina.on("workerCreate", ({ id }: PiscinaWorker) => {
      this.stillborn = 0;
      const worker = this.piscina.threads.find(({ threadId }) => threadId === id);
      if (worker !== undefined) this.outputs.set(id, new ThreadOutput(worker));
    });
    this.piscina.on("workerDestroy", ({ id }: PiscinaWorker) => {
      this.outputs.delete(id);
      setImmediate(() => this.threadEnded());
    });
    process.on("beforeExit", this.onBeforeExit);
  }

  /** @param isUnderWay whether something of it is under way, as the thread itself notes it. */
  visit(message: VisitMessage, isUnderWay: () => boolean): Visiting {
    return this.run(message, message.company, undefined, isUnderWay);
  }

  private run(request: Request, company: Company, target: number | undefined, isUnderWay = () => false): Visiting {
    const controller = new AbortController();
    const visiting: Visiting = {
      ...{ company, target, controller, isUnderWay },
      thread: undefined,
      neighbours: [],
      promise: undefined as never,
    };
    const task = Object.defineProperty({ ...request }, Piscina.queueOptionsSymbol, { value: visiting });
    this.waiting.add(visiting);
    const running: Promise<Answer> = this.piscina.run(task, {
      signal: controller.signal,
      transferList: movedWith(request),
    });
    running.catch(() => {});
    const boot = new Promise<never>((_, reject) => {
      visiting.fail = reject;
    });
    (visiting as { promise: Promise<Uint8Array> }).promise = Promise.race([running, boot])
      .then((answer) => this.afterOutput(visiting, answer))
      .finally(() => this.left(visiting));
    return visiting;
  }

  /** The result of a visit that can't be read here, value by value. */
  apart(bytes: Uint8Array, { thread }: Visiting): Promise<Uint8Array> {
    return this.run({ apart: bytes }, "none", thread).promise;
  }

  /** What a visit has printed comes before its result. */
  private afterOutput({ thread }: Visiting, { bytes, printed }: Answer): Uint8Array | Promise<Uint8Array> {
    const output = this.outputs.get(thread ?? -1);
    return output?.written(printed)?.then(() => bytes) ?? bytes;
  }

  /** How many threads there are, those that start among them. */
  get threadCount(): number {
    return this.piscina.threads.length;
  }

  /** Whether a thread that is there has imported a module. */
  hasImported(module: string): boolean {
    if (this.threadCount === 0) this.imported.clear();
    return this.imported.has(module);
  }

  /** Notes that a thread has imported a module. */
  noteImport(module: string): void {
    this.imported.add(module);
  }

  /** Ends the thread of a visit, or takes it out of the queue. */
  kill(visiting: Visiting): void {
    const thread = this.threads.get(visiting.thread ?? -1);
    if (thread !== undefined) {
      for (const neighbour of thread.visits) neighbour.killed = true;
      this.forget(thread);
    }
    visiting.controller.abort();
  }

  tell(broadcast: Broadcast): void {
    this.channel.postMessage(broadcast);
  }

  /** No visit goes to the thread of this one any more, and it ends after those that are in it. */
  retire(id: number | undefined): void {
    const thread = this.threads.get(id ?? -1);
    if (thread === undefined || thread.retired) return;
    thread.retired = true;
    if (thread.visits.size === 0) void this.end(thread);
  }

  private heard(message: Broadcast | ThreadNews): void {
    if ("ranAtImport" in message) this.ranAtImport(message);
    else if ("stalled" in message) this.stalled(message);
  }

  /** A thread does what the program does: it is ended. If no run fails for it, it is warned of. */
  private ranAtImport({ ranAtImport: thread, found, isWorking }: RanAtImport): void {
    if (refuseModule(found) && !isWorking)
      process.emitWarning(runAtImportError(found.ran, found).message, "HypernodesWarning");
    this.retire(thread);
  }

  /** A thread without anything to wait for does not keep the process alive, until it is asked for more. */
  private stalled(message: Stalled): void {
    const thread = this.threads.get(message.stalled);
    setTimeout(() => {
      if (thread?.requests === message.requests && thread.visits.size > 0) thread.unref();
    }, OTHER_CHANNEL_MS);
  }

  /** Remembers that a thread keeps resources, which are to be disposed of before it ends. */
  holds(thread: number | undefined): void {
    const known = this.threads.get(thread ?? -1);
    if (known !== undefined) known.holds = true;
  }

  /** At the end of the process, what threads keep is disposed of. */
  private async endHolding(): Promise<void> {
    const holding = [...this.threads.values()].filter(({ holds }) => holds);
    await Promise.all(holding.map((thread) => this.end(thread)));
  }

  private place(task: PiscinaTask, workers: readonly PiscinaWorker[]): PiscinaWorker | null {
    const visiting = task[Piscina.queueOptionsSymbol] as Visiting;
    const alive = workers.filter((worker) => !worker.destroyed && !worker.terminating);
    const { target } = visiting;
    const canGrow = this.piscina.threads.length < this.size;
    const chosen =
      target === undefined
        ? placeFor(visiting, alive, this.threads, this.waiting, canGrow)
        : alive.find(({ id }) => id === target);
    if (chosen !== undefined) this.begun(visiting, chosen);
    return chosen ?? null;
  }

  private begun(visiting: Visiting, worker: PiscinaWorker): void {
    const { id } = worker;
    this.waiting.delete(visiting);
    visiting.thread = id;
    const thread = remembered(
      this.threads,
      id,
      (): Thread => ({
        ...{ id, visits: new Set(), requests: 0, holds: false, resting: false, retired: false, idle: undefined },
        unref: () => unref(worker),
      }),
    );
    thread.requests++;
    clearTimeout(thread.idle);
    for (const other of thread.visits) other.neighbours.push(visiting);
    visiting.neighbours.push(...thread.visits);
    thread.visits.add(visiting);
  }

  private left(visiting: Visiting): void {
    this.waiting.delete(visiting);
    const thread = this.threads.get(visiting.thread ?? -1);
    if (thread === undefined) return;
    thread.visits.delete(visiting);
    if (thread.visits.size > 0 || thread.resting) return;
    if (!this.isAlive(thread)) this.forget(thread);
    else if (thread.retired) void this.end(thread);
    else thread.idle = setTimeout(() => void this.end(thread), IDLE_MS).unref();
  }

  private isAlive({ id }: Thread): boolean {
    return this.piscina.threads.some(({ threadId }) => threadId === id);
  }

  private forget(thread: Thread): void {
    clearTimeout(thread.idle);
    this.threads.delete(thread.id);
  }

  private async end(thread: Thread): Promise<void> {
    if (thread.resting || thread.visits.size > 0) return;
    thread.resting = true;
    if (thread.holds) {
      const resting = this.run({ rest: "dispose" }, "none", thread.id);
      const end = setTimeout(() => resting.controller.abort(), DISPOSE_MS);
      await resting.promise.catch(() => {});
      clearTimeout(end);
    }
    // Piscina ends a thread when what it does is aborted: so it does something until then.
    const last = this.run({ rest: "wait" }, "none", thread.id);
    last.controller.abort();
    await last.promise.catch(() => {});
    thread.holds = false;
    thread.resting = false;
    if (!this.isAlive(thread)) this.forget(thread);
  }

  /** Piscina begins no thread in the place of one that ended before somebody asks it for something. */
  private threadEnded(): void {
    this.stillborn = this.waiting.size === 0 ? 0 : this.stillborn + 1;
    if (this.waiting.size === 0 || this.piscina.threads.length >= this.size) return;
    if (this.stillborn <= 2 * this.size)
      this.run({ rest: "nothing" }, "overlapping", undefined).promise.catch(() => {});
    else
      this.threadFailed(
        new Error("threads end before they have begun: see what Node is told to load before the program"),
      );
  }

  /** A thread that fails before it has begun anything will not do better the next time. */
  private threadFailed(error: unknown): void {
    if (this.waiting.size === 0) {
      const text = [`a thread ended with nothing to do: ${describeChain(error)}`, ...userFrames(error)].join("\n");
      process.emitWarning(text, "HypernodesWarning");
    }
    for (const visiting of this.waiting) visiting.fail?.(error);
  }
}

/** What goes to the thread for good. */
function movedWith(request: Request): (ArrayBuffer | MessagePort)[] {
  if ("rest" in request || "apart" in request) return [];
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

const WORKER = ownModule("engine/threads/worker").href;

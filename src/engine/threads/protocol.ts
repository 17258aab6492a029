import { type MessagePort, threadId } from "node:worker_threads";
import type { CodeDigests } from "../../cache/code-digests.js";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { ExecutionOptions } from "../../dsl/pipeline-options.js";
import type { NodeError } from "../../errors.js";
import type { ElementRange } from "../elements/elements.js";
import type { RunEvent } from "../lifecycle/events.js";
import type { Carrier } from "../lifecycle/trace-context.js";
import type { ProgramSpec } from "../program/program-spec.js";
import type { RunAtImport } from "./run-at-import.js";
import type { Printed } from "./thread-output.js";

/** The part of a run that goes to threads: some steps of a plan, and what all its visits share. Encoded once. */
export interface StageSpec {
  readonly source: ProgramSpec;
  /** The pipeline's place in the run: `Corpus.essays[3]`. */
  readonly path: string;
  /** The run's id. */
  readonly run: string;
  /** Chunks are cut at multiples of this: the largest batch. */
  readonly multiple: number;
  /** The choices that nested pipelines inherit. */
  readonly execution: ExecutionOptions | undefined;
  /** What the pipelines nested in its steps remember, if anything is remembered. */
  readonly cached: CachedStageSpec | undefined;
  /** How many elements of one visit are under way at once. */
  readonly overlapping: number;
  readonly graceMs: number;
  /** Values by slot. */
  readonly values: readonly (readonly [slot: number, value: unknown])[];
}

/** How the pipelines nested in a fragment's steps remember: at home, by what a thread asks there. */
export interface CachedStageSpec {
  /** For each step its nested pipeline's codes, if it has one: threads need not read the code again. */
  readonly codes: readonly (CodeDigests | undefined)[];
  /** For each pipeline nested in the fragment, the number of its store; -1 for none. */
  readonly stores: readonly number[];
}

/** What else may be in a thread with a visit: nothing; what waits for its turn; what overlaps with it. */
export type Isolation = "none" | "serial" | "overlapping";

/** One visit to a thread: a chunk of elements goes through all steps of a fragment; or a node is computed. */
export interface ChunkRequest {
  /** The fragment's number in this process. */
  readonly stage: number;
  /** Where the pipeline's class comes from: its module is imported before anything is decoded. */
  readonly origin: ClassLocation;
  readonly spec: SharedArrayBuffer;
  /** The SharedArrayBuffers that the shared values, and that the elements have: all threads see the same memory. */
  readonly memory: readonly SharedArrayBuffer[];
  readonly elementMemory: readonly SharedArrayBuffer[];
  readonly task: number;
  readonly isolation: Isolation;
  /** Undefined for a node. */
  readonly range: ChunkRange | undefined;
  /** The elements of each list, encoded. */
  readonly elements: Uint8Array | undefined;
  /** What is known to fail, encoded: `KnownFailure[]`. */
  readonly known: Uint8Array | undefined;
  readonly progress: SharedArrayBuffer;
  /** Where the run's stores are asked, if nested pipelines remember. */
  readonly stores: MessagePort | undefined;
  /** Where events go while the visit lasts, if somebody hears. */
  readonly events: MessagePort | undefined;
  /** The context of the visit, if somebody traces. */
  readonly carrier: Carrier | undefined;
}

/** The elements that a visit takes. */
export interface ChunkRange extends ElementRange {
  /** Milliseconds after which no more of them are begun; undefined: all are. */
  readonly budgetMs: number | undefined;
}

/** An element whose thread died under it once too often: its error stands for its value. */
export interface KnownFailure {
  /** The step's index among the fragment's. */
  readonly step: number;
  /** The element's index in the whole map. */
  readonly element: number;
  readonly error: NodeError;
}

/** What a thread is asked: to do a visit; or to let go of its resources, to wait for its end, to be there. */
export type Request =
  | ChunkRequest
  | { readonly rest: "dispose" | "wait" | "nothing" }
  /** A result of the thread's own, to be encoded value by value. */
  | { readonly apart: Uint8Array };

/** What a thread answers. */
export interface Answer {
  /** Empty where nothing was to come. */
  readonly bytes: Uint8Array;
  /** What the thread has printed until now. */
  readonly printed: Printed;
}

/** What a visit brings home, encoded. */
export interface ChunkResult {
  /** How many of its elements are done: the first ones. */
  readonly done: number;
  /** For each wanted step its values: one for each element, or one in all. */
  readonly values: readonly (readonly unknown[])[];
  /** For each step of the fragment, how many of its values are errors. */
  readonly failed: readonly number[];
  /** What ended it early. */
  readonly failure: { readonly error: unknown } | undefined;
  /** Those that have not come home before. */
  readonly events: readonly RunEvent[];
  /** The thread's number. */
  readonly thread: number;
  /** How long the thread took for it, without the import of modules. */
  readonly tookMs: number;
  /** Whether the thread keeps resources. */
  readonly holds: boolean;
}

/** What a visit brings home that has done nothing. */
export const EMPTY_RESULT: ChunkResult = {
  done: 0,
  values: [],
  failed: [],
  failure: undefined,
  events: [],
  thread: threadId,
  tookMs: 0,
  holds: false,
};

/** What all threads hear: a fragment will not be visited again; a visit's result is no longer wanted. */
export type ControlMessage = { readonly ended: number } | { readonly stopped: number };

/** What a thread tells of itself: nothing is left that the requests it has been sent wait for, except other requests. */
export interface Stalled {
  readonly stalled: number;
  /** How many requests it has been sent. */
  readonly requests: number;
}

/** News of a thread. */
export type ThreadNews = Stalled | RanAtImport;

/** A module that a thread has imported runs a pipeline by itself. */
export interface RanAtImport {
  readonly ranAtImport: number;
  readonly found: RunAtImport;
  /** True if anything that it was asked for is answered so. */
  readonly isWorking: boolean;
}

/** What every thread is started with. */
export interface ThreadData {
  readonly hypernodes: {
    readonly channel: string;
    /** Whether a loader has made CommonJS of us, and so of the user's modules: they have to meet again in each thread. */
    readonly isCommonJs: boolean;
    /** The path of the program, if a thread that imports it would do all of it again: then none imports it. */
    readonly program: string | undefined;
  };
}

/** An element that is under way: its index within the visit, and in which of the fragment's steps. */
export interface InFlightElement {
  readonly index: number;
  readonly step: number;
}

const STOP = 2;
const STARTED = 3;
const HEADER = 16;
const COUNT = 15;

/**
 * What a thread and its process both see of a visit while it lasts, though the thread be in an endless loop: whether it
 * is to stop, when the first of its calls should have ended, and which elements are under way in which step.
 */
export class TaskProgress {
  private readonly times: Float64Array;
  private readonly flags: Int32Array;
  private readonly inFlight: Uint16Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.times = new Float64Array(buffer, 0, 1);
    this.flags = new Int32Array(buffer, 0, STARTED + 1);
    this.inFlight = new Uint16Array(buffer, HEADER);
  }

  static for(elements: number): TaskProgress {
    return new TaskProgress(new SharedArrayBuffer(HEADER + 2 * Math.max(1, elements)));
  }

  stop(): void {
    Atomics.store(this.flags, STOP, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.flags, STOP) === 1;
  }

  /** It is its turn in the thread. */
  start(): void {
    Atomics.store(this.flags, STARTED, 1);
  }

  get hasStarted(): boolean {
    return Atomics.load(this.flags, STARTED) === 1;
  }

  /** Milliseconds since the Unix epoch; 0: no call has a limit. */
  get deadline(): number {
    return this.times[0]!;
  }

  set deadline(at: number) {
    this.times[0] = at;
  }

  /** @param from the elements' indices within the visit; `to` is the first one after them. */
  startElement(step: number, from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = ((step + 1) << 4) | ((this.inFlight[i]! & COUNT) + 1);
  }

  moveTo(step: number, element: number): void {
    this.inFlight[element] = ((step + 1) << 4) | 1;
  }

  end(from: number, to: number): void {
    for (let i = from; i < to; i++) this.inFlight[i] = (this.inFlight[i]! & COUNT) === 1 ? 0 : this.inFlight[i]! - 1;
  }

  /** What is under way: indices within the visit, and in which step. */
  elementsInFlight(): InFlightElement[] {
    const found: InFlightElement[] = [];
    for (const [index, cell] of this.inFlight.entries()) if (cell !== 0) found.push({ index, step: (cell >> 4) - 1 });
    return found;
  }
}

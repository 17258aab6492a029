import type { MessagePort } from "node:worker_threads";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { ChunkRange, Isolation } from "../chunks/protocol.js";
import type { Carrier } from "../lifecycle/trace-context.js";
import type { RunAtImport } from "./run-at-import.js";
import type { Printed } from "./thread-output.js";

/** One task of a thread: a chunk of elements goes through all steps of a stage; or a node is computed. */
export interface ChunkRequest {
  /** The stage's number in this process. */
  readonly stage: number;
  /** The location of the pipeline's class: its module is imported before anything is decoded. */
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
  /** The elements that are known to fail, encoded: `KnownFailure[]`. */
  readonly known: Uint8Array | undefined;
  readonly progress: SharedArrayBuffer;
  /** The port to the run's stores, if nested pipelines are cached. */
  readonly stores: MessagePort | undefined;
  /** The port for events while the task lasts, if there is a listener. */
  readonly events: MessagePort | undefined;
  /** The trace context of the task, if there is a tracer. */
  readonly carrier: Carrier | undefined;
}

/** A request to a thread: a task; or to dispose of its resources, to wait for its end, to start. */
export type Request =
  | ChunkRequest
  | { readonly control: "dispose" | "wait" | "nothing" }
  /** A result of the thread's own, to be encoded value by value. */
  | { readonly apart: Uint8Array };

/** The answer of a thread. */
export interface Answer {
  /** Empty where nothing was to come. */
  readonly bytes: Uint8Array;
  /** The number of bytes that the thread has printed until now. */
  readonly printed: Printed;
}

/** A message to all threads: no more chunks of a stage come; a task is cancelled. */
export type ControlMessage = { readonly stageClosed: number } | { readonly chunkCancelled: number };

/** The message of a stalled thread: its requests wait for nothing that is left, except other requests. */
export interface Stalled {
  readonly stalled: number;
  /** The number of requests that it has been sent. */
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

/** The data that every thread is started with. */
export interface ThreadData {
  readonly hypernodes: {
    readonly channel: string;
    /** True if a loader has made CommonJS of us, and so of the user's modules: they have to meet again in each thread. */
    readonly isCommonJs: boolean;
    /** The path of the program, if a thread that imports it would do all of it again: then none imports it. */
    readonly program: string | undefined;
  };
}

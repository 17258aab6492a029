import type { MessagePort } from "node:worker_threads";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { ChunkRange, Isolation } from "../chunks/protocol.js";
import type { Carrier } from "../lifecycle/trace-context.js";
import type { RunAtImport } from "./run-at-import.js";
import type { Printed } from "./thread-output.js";

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

import { threadId } from "node:worker_threads";
import type { CodeDigests } from "../../cache/program-digests.js";
import type { ExecutionOptions } from "../../dsl/pipeline-options.js";
import type { ElementRange } from "../elements/elements.js";
import type { KnownFailure } from "../elements/map-slice.js";
import type { InFlightElement } from "../elements/task-progress.js";
import type { RunEvent } from "../lifecycle/events.js";
import type { InputOrigins } from "../lifecycle/purity-check.js";
import type { ProgramSpec } from "../program/program-spec.js";

/** A stage for threads or other hosts: some steps of a plan, and the data that all its chunks share. Encoded once. */
export interface StageSpec {
  readonly source: ProgramSpec;
  /** The pipeline's place in the run: `Corpus.essays[3]`. */
  readonly path: string;
  /** The origins of the pipeline's inputs, if it is nested and checked. */
  readonly origins: InputOrigins | undefined;
  /** The run's id. */
  readonly run: string;
  /** Chunks are cut at multiples of this: the largest batch. */
  readonly multiple: number;
  /** The choices that nested pipelines inherit. */
  readonly execution: ExecutionOptions | undefined;
  /** The caches of the pipelines nested in its steps, if there are any. */
  readonly cached: CachedStageSpec | undefined;
  /** The number of elements of one chunk that are in flight at once. */
  readonly elementConcurrency: number;
  readonly graceMs: number;
  /** Values by slot. */
  readonly values: readonly (readonly [slot: number, value: unknown])[];
}

/** The caches of the pipelines nested in a stage's steps, which the main thread reads and writes for its threads. */
export interface CachedStageSpec {
  /** True if the pipeline of the steps is cached: pipelines nested in it inherit its store. */
  readonly isInherited: boolean;
  /** For each step its nested pipeline's codes, if it has one: threads need not read the code again. */
  readonly codes: readonly (CodeDigests | undefined)[];
  /** For each pipeline nested in the stage, the number of its store; -1 for none. */
  readonly stores: readonly number[];
}

/** The other tasks that may be in a thread with a task: none; those that wait for their turn; those that run concurrently. */
export type Isolation = "exclusive" | "serial" | "concurrent";

/** The elements of a chunk. */
export interface ChunkRange extends ElementRange {
  /** Milliseconds after which no more of them are started; undefined: all are. */
  readonly budgetMs: number | undefined;
}

/** The result of a chunk. It is sent encoded. */
export interface ChunkResult {
  /** The number of its elements that are done: the first ones. */
  readonly done: number;
  /** For each wanted step its values: one for each element, or one in all. */
  readonly values: readonly (readonly unknown[])[];
  /** For each step of the stage, the number of its values that are errors. */
  readonly failed: readonly number[];
  /** The error that ended it early. */
  readonly failure: { readonly error: unknown } | undefined;
  /** The events that were not sent before. */
  readonly events: readonly RunEvent[];
  /** The thread's number. */
  readonly thread: number;
  /** Milliseconds that the thread took, without the import of modules. */
  readonly tookMs: number;
  /** True if the thread keeps resources. */
  readonly hasResources: boolean;
}

/** The result of a chunk that has done nothing. */
export const EMPTY_RESULT: ChunkResult = {
  done: 0,
  values: [],
  failed: [],
  failure: undefined,
  events: [],
  thread: threadId,
  tookMs: 0,
  hasResources: false,
};

/** A chunk that is sent to a thread or a host. */
export interface ChunkRangeState extends ChunkRange {
  /** True if one of its elements may have crashed its thread or process: it gets one of its own. */
  readonly isSuspect: boolean;
  readonly known: readonly KnownFailure[];
  /** True if its one element can't be read on the host: it is sent without it. */
  readonly isUnread?: boolean;
}

/** The outcome of a chunk. */
export type ChunkOutcome =
  /** It was computed by `from`, or by this process. */
  | { readonly kind: "completed"; readonly result: ChunkResult; readonly from?: string | undefined }
  /** It was cancelled. */
  | { readonly kind: "cancelled" }
  /** Its thread was terminated because of another task. */
  | { readonly kind: "evicted" }
  /** Its process has ended, and it is not known which of its elements were in flight. */
  | { readonly kind: "bisected" }
  /** Its thread has ended, with the elements in flight, by their indices within the chunk. */
  | {
      readonly kind: "crashed";
      readonly inFlight: readonly InFlightElement[];
      readonly hadCoTenants: boolean;
      readonly cause: Error;
    };

import { threadId } from "node:worker_threads";
import type { CodeDigests } from "../../cache/code-digests.js";
import type { ExecutionOptions } from "../../dsl/pipeline-options.js";
import type { ElementRange } from "../elements/elements.js";
import type { KnownFailure } from "../elements/map-slice.js";
import type { InFlightElement } from "../elements/task-progress.js";
import type { RunEvent } from "../lifecycle/events.js";
import type { ProgramSpec } from "../program/program-spec.js";

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

/** The elements that a visit takes. */
export interface ChunkRange extends ElementRange {
  /** Milliseconds after which no more of them are begun; undefined: all are. */
  readonly budgetMs: number | undefined;
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

/** Elements that go to a thread together. */
export interface ChunkRangeState extends ChunkRange {
  /** Whether something among it is suspected of having ended what it was in: it goes alone. */
  readonly suspected: boolean;
  readonly known: readonly KnownFailure[];
  /** True if its one element can't be read where it goes: it goes without it. */
  readonly isUnread?: boolean;
}

/** How a visit ended. */
export type ChunkOutcome =
  /** It was computed here; or from who else it comes. */
  | { readonly kind: "home"; readonly result: ChunkResult; readonly from?: string | undefined }
  /** It was not wanted any more. */
  | { readonly kind: "stopped" }
  /** Its thread ended because of another visit. */
  | { readonly kind: "dragged" }
  /** The process that it was in has ended, and it is not known which of its elements was under way. */
  | { readonly kind: "halved" }
  /** Its thread ended: what was under way in it, by index within the visit, and why. */
  | {
      readonly kind: "lost";
      readonly held: readonly InFlightElement[];
      readonly crowded: boolean;
      readonly cause: Error;
    };

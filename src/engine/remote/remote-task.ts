import type { CodeDigests, ModelDigests } from "../../cache/code-digests.js";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { CacheStore, ExecutionOptions } from "../../dsl/pipeline-options.js";
import type { Plan } from "../../graph/plan.js";
import type { ElementRange } from "../elements/elements.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import type { RunContext } from "../lifecycle/run-context.js";
import type { Carrier } from "../lifecycle/trace-context.js";
import type { ProgramSpec } from "../program/program-spec.js";

/** Work that is done as a whole in another place, where the classes are, too. */
export interface RemoteTaskSpec {
  readonly origin: ClassLocation;
  readonly source: ProgramSpec;
  /** Values by slot. */
  readonly values: readonly (readonly [slot: number, value: unknown])[];
  /** The pipeline's place in the run, if this is a part of it: `Corpus.essays[3]`. */
  readonly path: string | undefined;
  /** The run's id. */
  readonly run: string;
  /** Whether somebody hears of events. */
  readonly wantsEvents: boolean;
  /** The context it is done in, if somebody traces. */
  readonly carrier: Carrier | undefined;
  readonly explain: boolean;
  readonly execution: ExecutionOptions | undefined;
  /** What remembers, if not what the class says. */
  readonly cache: CacheSpec | undefined;
  /** Those of the program, if it remembers: they need not be read there. */
  readonly codes: CodeDigests | undefined;
  /** For each model that is known, what its class's code counts as. */
  readonly models: ModelDigests | undefined;
  /** Which elements of a map these are, if a mapped step is placed. */
  readonly part: ElementRange | undefined;
  /** The names of what the run was given. */
  readonly inputs: readonly string[];
  /** Whether what it builds of resources is kept for other work in the same place. */
  readonly reusesResources: boolean;
  /** Whether its elements come over time, and its results go as they come. */
  readonly isStream: boolean;
}

/** A store that can be told of. */
export type CacheSpec =
  | false
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "memory"; readonly max: number };

/** Work for another place, before it is said how its code and its stores are called there. */
export interface RemoteTask {
  /** The class whose module has all that is needed. */
  readonly type: PipelineClass;
  readonly work: Omit<RemoteTaskSpec, "origin" | "cache">;
  /** What would remember it here. */
  readonly cache: CacheStore | undefined;
  /** The names of what is in the values' slots, for who says that one can't travel. */
  readonly plan: Plan;
  /** The pipeline's place, or that of the step. */
  readonly where: string;
  readonly run: RunContext;
  readonly scope: CancelScope;
  readonly graceMs: number;
}

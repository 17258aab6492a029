import type { CodeDigests } from "../../cache/program-digests.js";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { CacheStore, ExecutionOptions } from "../../dsl/pipeline-options.js";
import type { Plan } from "../../graph/plan.js";
import type { ElementRange } from "../elements/elements.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import type { InputOrigins } from "../lifecycle/purity-check.js";
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
  /** The origins of the pipeline's inputs, if it is nested and checked. */
  readonly origins?: InputOrigins | undefined;
  /** The run's id. */
  readonly run: string;
  /** True if the run has a listener. */
  readonly wantsEvents: boolean;
  /** The context it is done in, if somebody traces. */
  readonly carrier: Carrier | undefined;
  readonly explain: boolean;
  readonly execution: ExecutionOptions | undefined;
  /** The store, if it is not that of the class. */
  readonly cache: CacheSpec | undefined;
  /** The code digests of the program, if it is cached: the code need not be read on the host. */
  readonly codes: CodeDigests | undefined;
  /** The elements of a map, if a mapped step has a placement. */
  readonly part: ElementRange | undefined;
  /** The names of what the run was given. */
  readonly inputs: readonly string[];
  /** True if its resources stay for other tasks on the same host. */
  readonly reusesResources: boolean;
  /** True if its elements come over time, and its results are sent one by one. */
  readonly isStream: boolean;
}

/** A store as data. */
export type CacheSpec =
  | false
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "memory"; readonly max: number };

/** A task for a host, before the paths of its code and its stores are resolved for that host. */
export interface RemoteTask {
  /** The class whose module has all that is needed. */
  readonly type: PipelineClass;
  readonly work: Omit<RemoteTaskSpec, "origin" | "cache">;
  /** Its store in this process. */
  readonly cache: CacheStore | undefined;
  /** The plan with the names of the values' slots, for errors of values that can't be serialized. */
  readonly plan: Plan;
  /** The pipeline's place, or that of the step. */
  readonly where: string;
  readonly run: RunContext;
  readonly scope: CancelScope;
  readonly graceMs: number;
  /** Notes which host has computed it, if this process caches its result. */
  readonly computedAt?: (host: string) => void;
}

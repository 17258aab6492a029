import type { PipelineOptions } from "../dsl/pipeline-options.js";
import type { Listener } from "../engine/lifecycle/events.js";
import type { ResourceScope } from "../engine/lifecycle/resources.js";
import type { TraceContext } from "../engine/lifecycle/trace-context.js";
import type { Graph } from "../graph/graph.js";
import type { PlanMapOptions } from "../graph/plan.js";

/** One call of `run`, `map`, `stream` or `explain`: the pipeline, its inputs and its options. */
export interface RunSpec {
  readonly pipeline: object;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[] | undefined;
  readonly given: Readonly<Record<string, unknown>>;
  readonly choices: PipelineOptions;
  readonly resources: ResourceScope | undefined;
  readonly signal: AbortSignal | undefined;
  readonly listener: Listener | undefined;
  readonly context: TraceContext | undefined;
  readonly explain: boolean;
  /** The id of the run that is resumed; undefined: it is a new one. */
  readonly resumes: string | undefined;
  /** True if the results of a stream come in the order of the elements. */
  readonly isOrdered: boolean;
}

/** The options of `map`, for a run of it that may be resumed. */
export interface ResumeInfo {
  readonly over?: Partial<PlanMapOptions>;
}

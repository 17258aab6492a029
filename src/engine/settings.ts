import { EXECUTION_RULES } from "../dsl/pipeline-option-rules.js";
import type {
  CacheStore,
  ExecutionMode,
  ExecutionOptions,
  MapQueue,
  PipelineOptions,
  Placement,
  ThreadLimits,
} from "../dsl/pipeline-options.js";
import type { Step } from "../graph/plan.js";
import { childOptions } from "../graph/reflect.js";
import { getOrCreate } from "../util/get-or-create.js";
import { checkOptions, withoutUndefined } from "../util/options.js";

/** How an execution goes, all choices made. */
export interface ResolvedExecution {
  readonly nodes: ExecutionMode;
  readonly maps: ExecutionMode;
  /** Where the elements of maps go, if they leave this machine: `maps` is how a worker goes through them. */
  readonly queue: MapQueue | undefined;
  /** The containers that compute nodes and elements, if several share them: here they are only directed. */
  readonly hosts: Placement | undefined;
  /** How many elements of a map are under way at once. */
  readonly maxWorkers: number;
  readonly graceMs: number;
  /** Whether it is looked whether nodes change what they take. */
  readonly check: boolean;
  /** What a thread may take up; undefined: what Node gives it. */
  readonly resourceLimits: ThreadLimits | undefined;
  /** What remembers its values; undefined: nothing does. */
  readonly cache: CacheStore | undefined;
  /** What nested pipelines inherit. */
  readonly choices: PipelineOptions;
}

const DEFAULTS = { nodes: "async", maps: "async", maxWorkers: 16, graceMs: 100, check: false } as const;

const known = new WeakMap<PipelineOptions, ResolvedExecution>();

/**
 * The settings that some choices make, which are looked at once.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
 */
export function resolveExecution(choices: PipelineOptions, pipeline: string): ResolvedExecution {
  return getOrCreate(known, choices, () => checkExecution(choices, pipeline));
}

function checkExecution(choices: PipelineOptions, pipeline: string): ResolvedExecution {
  checkOptions(pipeline, choices.execution, EXECUTION_RULES, { noun: "execution option" });
  const {
    nodes,
    maps: chosen,
    maxWorkers,
    graceMs,
    check,
    resourceLimits,
  } = {
    ...DEFAULTS,
    ...withoutUndefined(choices.execution ?? {}),
  };
  const queue = queueOf(chosen);
  const maps = queue === undefined ? (chosen as ExecutionMode) : queue.mode;
  const limits = resourceLimits && withoutUndefined(resourceLimits);
  const { cache } = choices;
  const checked = {
    nodes,
    maps,
    queue,
    maxWorkers,
    graceMs,
    check,
    resourceLimits: limits,
    cache: cache || undefined,
    choices,
  };
  return { ...checked, hosts: undefined };
}

function queueOf(maps: ExecutionOptions["maps"]): MapQueue | undefined {
  return typeof maps === "object" && maps !== null && "kind" in maps ? maps : undefined;
}

/** The options for who does the work elsewhere: from there it goes no further. */
export function localised(options: ExecutionOptions | undefined): ExecutionOptions | undefined {
  const queue = queueOf(options?.maps);
  return queue === undefined ? options : { ...options, maps: queue.mode };
}

/** The settings of who directs the containers that do the work, each as its choices say. */
export function asCoordinator(settings: ResolvedExecution, containers: Placement): ResolvedExecution {
  return {
    ...settings,
    nodes: settings.nodes === "sequential" ? "sequential" : "async",
    maps: settings.maps === "threaded" ? "threaded" : "parallel",
    queue: undefined,
    hosts: containers,
  };
}

/** The containers that a placement has, if several share the elements of maps. */
export function hostPoolOf(placement: Placement | undefined): Placement | undefined {
  return (placement?.containers ?? 1) > 1 ? placement : undefined;
}

/** What a nested pipeline runs under: what its parent does, unless it says otherwise, or the step says `cache: false`. */
export function optionsFor(parent: PipelineOptions, { node, child }: Step): PipelineOptions {
  const choices = childOptions(parent, child!.nested);
  return node.options.cache === false ? { ...choices, cache: false } : choices;
}

/** Whether only one goes at a time, where it is not threads that make it several. */
export function isSerial(mode: ExecutionMode): boolean {
  return mode === "sequential" || mode === "parallel";
}

/** How many elements of a map are under way at once that do not stay in this thread. */
export function maxElementsInFlight({ maxWorkers, hosts: containers }: ResolvedExecution): number {
  return maxWorkers * (containers?.containers ?? 1);
}

/** How many elements of a map are under way at once in one thread. */
export function elementConcurrency({ maps, maxWorkers }: ResolvedExecution): number {
  return isSerial(maps) ? 1 : maxWorkers;
}

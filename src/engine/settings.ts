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

/** The resolved options of an execution. */
export interface ResolvedExecution {
  readonly nodes: ExecutionMode;
  readonly maps: ExecutionMode;
  /** The queue whose workers take the elements of maps, if any: `maps` is the mode of a worker. */
  readonly queue: MapQueue | undefined;
  /** The containers that compute nodes and elements, if several share them: here they are only directed. */
  readonly hosts: Placement | undefined;
  /** The maximum number of elements of a map in flight. */
  readonly maxWorkers: number;
  readonly graceMs: number;
  /** True if it is checked that nodes do not change their inputs. */
  readonly check: boolean;
  /** The limits of a thread; undefined: those of Node. */
  readonly resourceLimits: ThreadLimits | undefined;
  /** The store of its values; undefined: they are not cached. */
  readonly cache: CacheStore | undefined;
  /** The options that nested pipelines inherit. */
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
  return {
    nodes,
    maps,
    queue,
    maxWorkers,
    graceMs,
    check,
    resourceLimits: limits,
    cache: cache || undefined,
    choices,
    hosts: undefined,
  };
}

function queueOf(maps: ExecutionOptions["maps"]): MapQueue | undefined {
  return typeof maps === "object" && maps !== null && "kind" in maps ? maps : undefined;
}

/** The options for a host: from there, no work goes to other hosts. */
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

/** The options of a nested pipeline: those of its parent, unless it has its own, or the step has `cache: false`. */
export function optionsFor(parent: PipelineOptions, { node, child }: Step): PipelineOptions {
  const choices = childOptions(parent, child!.nested);
  return node.options.cache === false ? { ...choices, cache: false } : choices;
}

/** The two things that a mode says: where calls run, and how many at a time in each thread. */
const MODES: Readonly<Record<ExecutionMode, { readonly inThreads: boolean; readonly isSerial: boolean }>> = {
  sequential: { inThreads: false, isSerial: true },
  async: { inThreads: false, isSerial: false },
  threaded: { inThreads: true, isSerial: false },
  parallel: { inThreads: true, isSerial: true },
};

/** Tells if only one call runs at a time in each thread. */
export function isSerial(mode: ExecutionMode): boolean {
  return MODES[mode].isSerial;
}

/** Tells if a mode is one of threads. */
export function isOfThreads(mode: ExecutionMode): boolean {
  return MODES[mode].inThreads;
}

/** The maximum number of elements of a map in flight in threads or on other hosts. */
export function maxElementsInFlight({ maxWorkers, hosts: containers }: ResolvedExecution): number {
  return maxWorkers * (containers?.containers ?? 1);
}

/** The maximum number of elements of a map in flight in one thread. */
export function elementConcurrency({ maps, maxWorkers }: ResolvedExecution): number {
  return isSerial(maps) ? 1 : maxWorkers;
}

import { EXECUTION_RULES } from "../dsl/choice-rules.js";
import type {
  CacheStore,
  Choices,
  ExecutionMode,
  ExecutionOptions,
  MapQueue,
  Placement,
  ThreadLimits,
} from "../dsl/choices.js";
import type { Step } from "../graph/plan.js";
import { childChoices } from "../graph/reflect.js";
import { remembered } from "../graph/remembered.js";
import { checkOptions, withoutUndefined } from "../util/options.js";

/** How an execution goes, all choices made. */
export interface Settings {
  readonly nodes: ExecutionMode;
  readonly maps: ExecutionMode;
  /** Where the elements of maps go, if they leave this machine: `maps` is how a worker goes through them. */
  readonly queue: MapQueue | undefined;
  /** The containers that compute nodes and elements, if several share them: here they are only directed. */
  readonly containers: Placement | undefined;
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
  readonly choices: Choices;
}

const DEFAULTS = { nodes: "async", maps: "async", maxWorkers: 16, graceMs: 100, check: false } as const;

const known = new WeakMap<Choices, Settings>();

/**
 * The settings that some choices make, which are looked at once.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `UNKNOWN_OPTION`.
 */
export function settingsOf(choices: Choices, pipeline: string): Settings {
  return remembered(known, choices, () => checkedSettings(choices, pipeline));
}

function checkedSettings(choices: Choices, pipeline: string): Settings {
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
  const queue = queueIn(chosen);
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
  return { ...checked, containers: undefined };
}

function queueIn(maps: ExecutionOptions["maps"]): MapQueue | undefined {
  return typeof maps === "object" && maps !== null && "kind" in maps ? maps : undefined;
}

/** The options for who does the work elsewhere: from there it goes no further. */
export function forElsewhere(options: ExecutionOptions | undefined): ExecutionOptions | undefined {
  const queue = queueIn(options?.maps);
  return queue === undefined ? options : { ...options, maps: queue.mode };
}

/** The settings of who directs the containers that do the work, each as its choices say. */
export function directing(settings: Settings, containers: Placement): Settings {
  return {
    ...settings,
    nodes: settings.nodes === "sequential" ? "sequential" : "async",
    maps: settings.maps === "threaded" ? "threaded" : "parallel",
    queue: undefined,
    containers,
  };
}

/** The containers that a placement has, if several share the elements of maps. */
export function sharing(placement: Placement | undefined): Placement | undefined {
  return (placement?.containers ?? 1) > 1 ? placement : undefined;
}

/** What a nested pipeline runs under: what its parent does, unless it says otherwise, or the step says `cache: false`. */
export function choicesFor(parent: Choices, { node, child }: Step): Choices {
  const choices = childChoices(parent, child!.nested);
  return node.options.cache === false ? { ...choices, cache: false } : choices;
}

/** Whether only one goes at a time, where it is not threads that make it several. */
export function isOneAtATime(mode: ExecutionMode): boolean {
  return mode === "sequential" || mode === "parallel";
}

/** How many elements of a map are under way at once that do not stay in this thread. */
export function elementsAway({ maxWorkers, containers }: Settings): number {
  return maxWorkers * (containers?.containers ?? 1);
}

/** How many elements of a map are under way at once in one thread. */
export function elementsAtOnce({ maps, maxWorkers }: Settings): number {
  return isOneAtATime(maps) ? 1 : maxWorkers;
}

import type { OnError } from "../dsl/node-options.js";
import type { Placement } from "../dsl/pipeline-options.js";
import type { Graph, GraphNode, NestedGraph } from "./graph.js";

/**
 * A graph prepared to run for one selection of outputs: values are in numbered slots, steps refer to each other by
 * index. It has no values and no state, so one plan serves many concurrent runs.
 */
export interface Plan {
  readonly graph: Graph;
  /** Number of slots that a run needs. */
  readonly slots: number;
  /** The inputs that this selection of outputs needs. */
  readonly inputs: readonly PlannedInput[];
  /** The nodes whose values the caller provides. */
  readonly given: readonly Slotted[];
  /** The steps in topological order. */
  readonly steps: readonly Step[];
  readonly resources: readonly PlannedResource[];
  readonly outputs: readonly Slotted[];
  /** True if any map receives the elements of another as they are computed. */
  readonly canStream: boolean;
  /** True if any step stores errors as values. */
  readonly collectsErrors: boolean;
  /** True if any nested pipeline, at any depth, has its own placement on another host. */
  readonly hasPlacements: boolean;
  /** True if any of them sends the elements of its maps to the workers of a queue by its own options. */
  readonly hasQueues: boolean;
  /** The options of a map over the whole pipeline, if that is the plan's one step. */
  readonly over?: PlanMapOptions;
  /** The inputs as the checks of each call receive them, if it maps over a whole pipeline and has any. */
  readonly seen?: InputDefaults;
}

export interface Slotted {
  readonly name: string;
  readonly slot: number;
  /** Undefined if the value is only used as a whole. */
  readonly uses?: SlotUses | undefined;
}

export interface PlannedInput extends Slotted {
  readonly optional: boolean;
}

/** The source of an argument: a slot, and optionally a path into the record in it. */
export interface Argument {
  readonly slot: number;
  readonly path: readonly string[] | undefined;
}

/** Returns the name of the input, node or resource whose value is in a slot. */
export function nameAt({ steps, inputs, given, resources }: Plan, slot: number): string {
  return [...steps, ...inputs, ...given, ...resources].find((slotted) => slotted.slot === slot)!.name;
}

/** Returns the indices of some resources, and of those that they are built from. */
export function resourcesBehind({ resources }: Plan, indices: readonly number[]): ReadonlySet<number> {
  const all = new Set(indices);
  for (const index of all) {
    for (const { slot } of resources[index]!.arguments) {
      const from = resources.findIndex((each) => each.slot === slot);
      if (from >= 0) all.add(from);
    }
  }
  return all;
}

/** Returns a key that identifies an argument within a plan. */
export function argumentKey({ slot, path }: Argument): string {
  return path === undefined ? String(slot) : JSON.stringify([slot, path]);
}

interface PlannedResource extends Slotted {
  readonly arguments: readonly Argument[];
}

/** The use of a value by dependents that use its elements or parts of it. */
export interface SlotUses {
  /** True if a map iterates over its elements. */
  readonly isMappedOver: boolean;
  /** True if a method, a resource or the caller receives it as a whole. */
  readonly isTakenWhole: boolean;
  /** Paths into the record that lead to the values in use. */
  readonly paths: readonly (readonly string[])[];
}

/** A node to compute. */
export interface Step extends Slotted {
  readonly index: number;
  readonly node: GraphNode;
  /** Arguments that every call receives after the elements. */
  readonly arguments: readonly Argument[];
  /** Indices of the resources that must be built before its first call, in build order. */
  readonly resources: readonly number[];
  /** Number of steps that it waits for: those whose whole value it receives, and those whose elements it receives. */
  readonly waitsFor: number;
  /** Indices of the steps that wait for its value. */
  readonly next: readonly number[];
  readonly map: PlannedMap | undefined;
  readonly child: PlannedChild | undefined;
}

interface PlannedMap {
  readonly lists: readonly Argument[];
  /** For each list, the index of the map that streams into it element by element; or -1. */
  readonly streamsFrom: readonly number[];
  /** Indices of the maps that receive the elements of this one as they are computed. */
  readonly streamsTo: readonly number[];
  readonly product: boolean;
  /** Maximum number of elements per call; 0 for one element that is not in an array. */
  readonly batch: number;
}

export interface PlannedChild {
  readonly nested: NestedGraph;
  readonly plan: Plan;
  /** Its own placement, if that is another host. */
  readonly placement: Placement | undefined;
  /** For each list of the map, the slots in the child's plan that receive its element. */
  readonly elementSlots: readonly (readonly number[])[];
  /** For each argument, its slot in the child's plan; -1 if nothing there needs it. */
  readonly argumentSlots: readonly number[];
  /** The slot of the picked node, or -1 for the record of the outputs. */
  readonly pick: number;
}

/** Tells if any of some steps, or of the steps nested in them, has a time limit. */
export function isTimed(steps: readonly Step[]): boolean {
  return steps.some(({ node, child }) => node.options.timeoutMs !== undefined || (child && isTimed(child.plan.steps)));
}

/** Options for running a whole pipeline for each element of some of its inputs. */
export interface PlanMapOptions {
  readonly over: readonly string[];
  readonly mode: "zip" | "product";
  readonly onError: OnError;
}

/** The inputs as the checks of each call receive them. */
export interface InputDefaults {
  /** Names of the inputs that have their default values. */
  readonly defaults: readonly string[];
}

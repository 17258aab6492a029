import type { OnError } from "../dsl/node-options.js";
import type { Placement } from "../dsl/pipeline-options.js";
import { HypernodesError } from "../errors.js";
import { getOrCreate } from "../util/get-or-create.js";
import { didYouMean } from "../util/suggest.js";
import {
  type Dependency,
  type Graph,
  type GraphNode,
  isComputed,
  mappedDependencies,
  type NestedGraph,
} from "./graph.js";
import { ancestors, nodesByName, topologicalOrder } from "./order.js";

import { childOptions } from "./reflect.js";

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

interface Slotted {
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

const plans = new WeakMap<Graph, Map<string, Plan>>();

/**
 * Returns the plan for some outputs of a graph, with the values of some nodes given. Plans are made once for each
 * selection.
 *
 * @throws {HypernodesError} `UNKNOWN_OUTPUT`, `UNKNOWN_GIVEN`.
 */
export function planFor(graph: Graph, outputs: readonly string[] = graph.outputs, given: readonly string[] = []): Plan {
  const known = getOrCreate(plans, graph, () => new Map());
  return getOrCreate(known, planKey(graph, outputs, given), () => {
    checkNames(graph, outputs, given);
    return compilePlan(graph, outputs, new Set(given));
  });
}

/** The key of a selection. Most runs select all outputs or one: these keys need no quoting. */
function planKey(graph: Graph, outputs: readonly string[], given: readonly string[]): string {
  if (given.length > 0) return JSON.stringify([outputs, [...given].sort()]);
  if (outputs === graph.outputs) return "all";
  return outputs.length === 1 ? `one ${outputs[0]}` : JSON.stringify(outputs);
}

/** Tells if any of some steps, or of the steps nested in them, has a time limit. */
export function isTimed(steps: readonly Step[]): boolean {
  return steps.some(({ node, child }) => node.options.timeoutMs !== undefined || (child && isTimed(child.plan.steps)));
}

function checkNames(graph: Graph, outputs: readonly string[], given: readonly string[]): void {
  const nodes = nodesByName(graph);
  for (const name of outputs) {
    const node = nodes.get(name);
    if (node !== undefined && isComputed(node)) continue;
    throw new HypernodesError({
      code: "UNKNOWN_OUTPUT",
      where: graph.pipeline,
      problem:
        node === undefined
          ? `the output "${name}" is not found in pipeline ${graph.pipeline}`
          : `"${name}" is ${node.role === "input" ? "an input" : "a resource"} and can't be an output`,
      advice: didYouMean(
        name,
        graph.nodes.filter(isComputed).map((n) => n.name),
      ),
    });
  }
  for (const name of given) {
    if (nodes.has(name) && nodes.get(name)!.role !== "input") continue;
    const names = graph.nodes.filter((n) => n.role !== "input").map((n) => n.name);
    throw new HypernodesError({
      code: "UNKNOWN_GIVEN",
      where: graph.pipeline,
      problem: nodes.has(name)
        ? `"${name}" is an input, not a node`
        : `no node is named "${name}", but a value is given for it`,
      advice: nodes.has(name) ? "Give it among the inputs." : didYouMean(name, names),
    });
  }
}

/** A step under construction. */
interface StepDraft {
  readonly name: string;
  readonly node: GraphNode;
  readonly after: string[];
  readonly streamsFrom: string[];
  readonly mapped: boolean;
  readonly resources: string[];
}

function compilePlan(graph: Graph, outputs: readonly string[], given: ReadonlySet<string>): Plan {
  const byName = nodesByName(graph);
  const needed = ancestors(graph, outputs, given);
  const nodes = graph.nodes.filter((node) => needed.has(node.name));
  const slotOf = new Map(nodes.map((node, slot) => [node.name, slot]));
  const slotted = ({ name }: GraphNode): Slotted => ({ name, slot: slotOf.get(name)! });
  const argument = ({ on, path }: Dependency): Argument => ({
    slot: slotOf.get(on)!,
    path: path.length === 0 ? undefined : path,
  });

  const computed = nodes.filter((n) => n.role !== "input" && !given.has(n.name));
  const resources = resourcesInOrder(computed, byName);
  const resourceIndex = new Map(resources.map(({ name }, index) => [name, index]));
  const drafts = topologicalOrder(
    computed.filter((n) => n.role !== "resource").map((node) => draftStep(node, byName, given, resourceIndex)),
  );
  const stepIndex = new Map(drafts.map(({ name }, index) => [name, index]));

  const next: number[][] = drafts.map(() => []);
  const followers: number[][] = drafts.map(() => []);
  for (const [index, { after, streamsFrom: flowsFrom }] of drafts.entries()) {
    for (const name of after) next[stepIndex.get(name)!]!.push(index);
    for (const name of flowsFrom) followers[stepIndex.get(name)!]!.push(index);
  }
  const uses = usedOutputs(nodes, outputs);

  const steps = drafts.map(
    ({ node, after, streamsFrom: flowsFrom, resources }, index): Step & { uses: SlotUses | undefined } => {
      const elements = node.dependencies.filter((d) => d.as === "element");
      const lists = mappedDependencies(node);
      const shared = node.dependencies.filter((d) => d.as === "value");
      return {
        index,
        ...slotted(node),
        node,
        arguments: shared.map(argument),
        resources: resources.map((name) => resourceIndex.get(name)!).sort((a, b) => a - b),
        waitsFor: after.length + flowsFrom.length,
        next: next[index]!,
        map: node.mapped && {
          lists: lists.map(argument),
          streamsFrom: lists.map(({ on, path }) =>
            path.length === 0 && flowsFrom.includes(on) ? stepIndex.get(on)! : -1,
          ),
          streamsTo: followers[index]!,
          product: node.mapped.mode === "product",
          batch: node.mapped.batch ?? 0,
        },
        child:
          node.nested &&
          plannedChild(node.nested, lists, elements, shared, node.mapped ? undefined : uses.get(node.name)),
        uses: undefined,
      };
    },
  );

  const builds = resources.map((node) => ({ ...slotted(node), arguments: node.dependencies.map(argument) }));
  const returned = outputs.map((name) => slotted(byName.get(name)!));
  // All paths of the class into the value count, needed or not, so that the result is the same for any selection of
  // outputs.
  const ways = graph.nodes.flatMap(({ dependencies }) =>
    dependencies.filter(({ on, path }) => path.length > 0 && slotOf.has(on)),
  );
  const used = slotUses(steps, [
    ...returned,
    ...builds.flatMap((resource) => resource.arguments),
    ...ways.map(argument),
  ]);
  const taken = (node: GraphNode) => ({ ...slotted(node), uses: used.get(slotOf.get(node.name)!) });
  // A map creates its own list.
  for (const step of steps) if (step.map === undefined) step.uses = used.get(step.slot);

  return {
    graph,
    slots: nodes.length,
    inputs: nodes
      .filter((n) => n.role === "input" && !given.has(n.name))
      .map((n) => ({ ...taken(n), optional: n.optional === true })),
    given: nodes.filter((n) => given.has(n.name)).map(taken),
    steps,
    resources: builds,
    outputs: returned,
    canStream: followers.some((indices) => indices.length > 0),
    collectsErrors: computed.some((n) => n.options.onError === "collect"),
    hasPlacements: steps.some(
      ({ child }) => child !== undefined && (child.placement !== undefined || child.plan.hasPlacements),
    ),
    hasQueues: steps.some(({ child }) => child !== undefined && (ownQueue(child.nested) || child.plan.hasQueues)),
  };
}

/**
 * Drafts the step of a node. A resource waits for nothing by itself: its users wait for the values it is built from.
 */
function draftStep(
  node: GraphNode,
  byName: ReadonlyMap<string, GraphNode>,
  given: ReadonlySet<string>,
  resourceIndex: ReadonlyMap<string, number>,
): StepDraft {
  const after = new Set<string>();
  const flowsFrom = new Set<string>();
  const resources = new Set<string>();
  const addDependencies = (dependencies: readonly Dependency[]): void => {
    for (const { on, path, as } of dependencies) {
      const from = byName.get(on)!;
      if (from.role === "input" || given.has(on)) continue;
      if (resourceIndex.has(on)) {
        if (resources.has(on)) continue;
        resources.add(on);
        addDependencies(from.dependencies);
      } else if (as === "element" && path.length === 0 && canStream(from, node)) flowsFrom.add(on);
      else after.add(on);
    }
  };
  addDependencies(node.dependencies);
  return {
    name: node.name,
    node,
    after: [...after],
    streamsFrom: [...flowsFrom],
    mapped: node.mapped !== undefined,
    resources: [...resources],
  };
}

/** Tells if a map receives the elements of another as they are computed. Other hosts receive and return whole lists. */
function canStream(from: GraphNode, to: GraphNode): boolean {
  const isLocal = ({ nested }: GraphNode) => nested === undefined || ownPlacement(nested) === undefined;
  return from.mapped !== undefined && to.mapped!.mode === "zip" && isLocal(from) && isLocal(to);
}

function ownQueue(nested: NestedGraph): boolean {
  return typeof childOptions({}, nested).execution?.maps === "object";
}

function ownPlacement(nested: NestedGraph): Placement | undefined {
  const { runOn } = childOptions({}, nested);
  return runOn === undefined || runOn.kind === "local" ? undefined : runOn;
}

/** Returns the resources among some nodes, each after those it is built from. */
function resourcesInOrder(nodes: readonly GraphNode[], byName: ReadonlyMap<string, GraphNode>): GraphNode[] {
  const among = new Set(nodes.filter((n) => n.role === "resource").map((n) => n.name));
  const ordered = new Set<GraphNode>();
  const add = (node: GraphNode): void => {
    if (ordered.has(node)) return;
    for (const { on } of node.dependencies) if (among.has(on)) add(byName.get(on)!);
    ordered.add(node);
  };
  for (const name of among) add(byName.get(name)!);
  return [...ordered];
}

/**
 * Returns, by slot, the use of values that are not only used as a whole. A value of an input of a nested pipeline is
 * used as that input is.
 *
 * @param whole other readers of whole values: the caller and resources.
 */
function slotUses(steps: readonly Step[], whole: readonly { slot: number; path?: Argument["path"] }[]) {
  const bySlot = new Map<number, { isMappedOver: boolean; isTakenWhole: boolean; paths: string[][] }>();
  const add = (slot: number, path: readonly string[], isMappedOver: boolean): void => {
    const uses = getOrCreate(bySlot, slot, () => ({
      isMappedOver: false,
      isTakenWhole: false,
      paths: [] as string[][],
    }));
    if (path.length > 0) {
      const isKnown = uses.paths.some(
        (known) => known.length === path.length && known.every((key, i) => key === path[i]),
      );
      if (!isKnown) uses.paths.push([...path]);
    } else if (isMappedOver) uses.isMappedOver = true;
    else uses.isTakenWhole = true;
  };
  for (const { slot, path = [] } of whole) add(slot, path, false);
  for (const { map, child, arguments: shared } of steps) {
    for (const { slot, path = [] } of map?.lists ?? []) add(slot, path, true);
    for (const [i, { slot, path = [] }] of shared.entries()) {
      const inner = child?.plan.inputs.find((input) => input.slot === child.argumentSlots[i])?.uses;
      if (inner === undefined || inner.isTakenWhole) add(slot, path, false);
      if (inner?.isMappedOver) add(slot, path, true);
      for (const more of inner?.paths ?? []) add(slot, [...path, ...more], false);
    }
  }
  for (const [slot, { isMappedOver, paths }] of bySlot) if (!isMappedOver && paths.length === 0) bySlot.delete(slot);
  return bySlot as ReadonlyMap<number, SlotUses>;
}

/** Returns, for each nested pipeline that is only used through paths (`"child.hits"`), the outputs in use. */
function usedOutputs(nodes: readonly GraphNode[], outputs: readonly string[]): Map<string, Set<string> | undefined> {
  const used = new Map<string, Set<string> | undefined>(outputs.map((name) => [name, undefined]));
  for (const { dependencies } of nodes) {
    for (const { on, path } of dependencies) {
      const first = path[0];
      if (first === undefined) used.set(on, undefined);
      else if (!used.has(on)) used.set(on, new Set([first]));
      else used.get(on)?.add(first);
    }
  }
  return used;
}

function plannedChild(
  nested: NestedGraph,
  lists: readonly Dependency[],
  elements: readonly Dependency[],
  shared: readonly Dependency[],
  used: ReadonlySet<string> | undefined,
): PlannedChild {
  const { graph, pick } = nested;
  const outputs =
    pick !== undefined
      ? [pick]
      : used === undefined || used.size === 0
        ? graph.outputs
        : graph.outputs.filter((name) => used.has(name));
  const plan = planFor(graph, outputs);
  const slotOf = ({ input }: Dependency) => plan.inputs.find((i) => i.name === input)?.slot ?? -1;
  return {
    nested,
    plan,
    placement: ownPlacement(nested),
    elementSlots: lists.map((list) =>
      elements
        .filter((e) => e.list === list.list)
        .map(slotOf)
        .filter((slot) => slot >= 0),
    ),
    argumentSlots: shared.map(slotOf),
    pick: pick === undefined ? -1 : plan.outputs[0]!.slot,
  };
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

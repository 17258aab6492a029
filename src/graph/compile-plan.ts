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
import type { Argument, Plan, PlannedChild, Slotted, SlotUses, Step } from "./plan.js";
import { childOptions, hasQueue } from "./reflect.js";
import { slotUses, usedOutputs } from "./slot-uses.js";

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

/** The slots of the nodes that a selection needs. */
class Slots {
  private readonly slotOf: ReadonlyMap<string, number>;

  constructor(nodes: readonly GraphNode[]) {
    this.slotOf = new Map(nodes.map((node, slot) => [node.name, slot]));
  }

  of(name: string): Slotted {
    return { name, slot: this.slotOf.get(name)! };
  }

  argument({ on, path }: Dependency): Argument {
    return { slot: this.slotOf.get(on)!, path: path.length === 0 ? undefined : path };
  }

  /** The arguments of all nodes of a class, as far as they are values of the selection. */
  argumentsIn(graph: Graph, isMeant: (dependency: Dependency) => boolean): Argument[] {
    const meant = graph.nodes.flatMap(({ dependencies }) => dependencies.filter(isMeant));
    return meant.filter(({ on }) => this.slotOf.has(on)).map((dependency) => this.argument(dependency));
  }
}

function compilePlan(graph: Graph, outputs: readonly string[], given: ReadonlySet<string>): Plan {
  const byName = nodesByName(graph);
  const needed = ancestors(graph, outputs, given);
  const nodes = graph.nodes.filter(({ name }) => needed.has(name));
  const slots = new Slots(nodes);
  const computed = nodes.filter(({ name, role }) => role !== "input" && !given.has(name));
  const resources = resourcesInOrder(computed, byName).map(({ name, dependencies }) => ({
    ...slots.of(name),
    arguments: dependencies.map((dependency) => slots.argument(dependency)),
  }));
  const resourceIndex = new Map(resources.map(({ name }, index) => [name, index]));
  const drafts = topologicalOrder(
    computed.filter(({ role }) => role !== "resource").map((node) => draftStep(node, byName, given, resourceIndex)),
  );
  const steps = toSteps(drafts, slots, resourceIndex, usedOutputs(nodes, outputs));
  const returned = outputs.map((name) => slots.of(name));
  // Paths and maps count whether they are needed or not, so that the result is the same for any selection of outputs.
  const used = slotUses(
    steps,
    [
      ...returned,
      ...resources.flatMap((resource) => resource.arguments),
      ...slots.argumentsIn(graph, ({ path }) => path.length > 0),
    ],
    slots.argumentsIn(graph, ({ path, as }) => path.length === 0 && as === "element"),
  );
  const withUses = (slotted: Slotted) => ({ ...slotted, uses: used.get(slotted.slot) });
  // A map creates its own list. Of a result a cache may have more readers than this plan.
  for (const step of steps) {
    const uses = used.get(step.slot);
    if (step.map === undefined && uses !== undefined) step.uses = { ...uses, isTakenWhole: true };
  }

  return {
    graph,
    slots: nodes.length,
    inputs: nodes
      .filter(({ name, role }) => role === "input" && !given.has(name))
      .map(({ name, optional }) => ({ ...withUses(slots.of(name)), optional: optional === true })),
    given: nodes.filter(({ name }) => given.has(name)).map(({ name }) => withUses(slots.of(name))),
    steps,
    resources,
    outputs: returned,
    canStream: steps.some(({ map }) => map !== undefined && map.streamsTo.length > 0),
    collectsErrors: computed.some(({ options }) => options.onError === "collect"),
    hasPlacements: steps.some(({ child }) => child && (child.placement !== undefined || child.plan.hasPlacements)),
    hasQueues: steps.some(({ child }) => child && (hasQueue(childOptions({}, child.nested)) || child.plan.hasQueues)),
  };
}

type MutableStep = Step & { uses: SlotUses | undefined };

/** Completes drafts, which are in topological order, by the indices of the others. */
function toSteps(
  drafts: readonly StepDraft[],
  slots: Slots,
  resourceIndex: ReadonlyMap<string, number>,
  uses: ReadonlyMap<string, ReadonlySet<string> | undefined>,
): MutableStep[] {
  const stepIndex = new Map(drafts.map(({ name }, index) => [name, index]));
  const next: number[][] = drafts.map(() => []);
  const streamsTo: number[][] = drafts.map(() => []);
  for (const [index, { after, streamsFrom }] of drafts.entries()) {
    for (const name of after) next[stepIndex.get(name)!]!.push(index);
    for (const name of streamsFrom) streamsTo[stepIndex.get(name)!]!.push(index);
  }
  return drafts.map(({ name, node, after, streamsFrom, resources }, index) => {
    const { mapped, nested, dependencies } = node;
    const lists = mappedDependencies(node);
    const shared = dependencies.filter(({ as }) => as === "value");
    const elements = dependencies.filter(({ as }) => as === "element");
    const streams = ({ on, path }: Dependency) => path.length === 0 && streamsFrom.includes(on);
    return {
      index,
      ...slots.of(name),
      node,
      arguments: shared.map((dependency) => slots.argument(dependency)),
      resources: resources.map((resource) => resourceIndex.get(resource)!).sort((a, b) => a - b),
      waitsFor: after.length + streamsFrom.length,
      next: next[index]!,
      map: mapped && {
        lists: lists.map((list) => slots.argument(list)),
        streamsFrom: lists.map((list) => (streams(list) ? stepIndex.get(list.on)! : -1)),
        streamsTo: streamsTo[index]!,
        product: mapped.mode === "product",
        batch: mapped.batch ?? 0,
      },
      child: nested && plannedChild(nested, lists, elements, shared, mapped ? undefined : uses.get(name)),
      uses: undefined,
    };
  });
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
  const streamsFrom = new Set<string>();
  const resources = new Set<string>();
  const addDependencies = (dependencies: readonly Dependency[]): void => {
    for (const { on, path, as } of dependencies) {
      const from = byName.get(on)!;
      if (from.role === "input" || given.has(on)) continue;
      if (resourceIndex.has(on)) {
        if (resources.has(on)) continue;
        resources.add(on);
        addDependencies(from.dependencies);
      } else if (as === "element" && path.length === 0 && canStream(from, node)) streamsFrom.add(on);
      else after.add(on);
    }
  };
  addDependencies(node.dependencies);
  return {
    name: node.name,
    node,
    after: [...after],
    streamsFrom: [...streamsFrom],
    mapped: node.mapped !== undefined,
    resources: [...resources],
  };
}

/** Tells if a map receives the elements of another as they are computed. Other hosts receive and return whole lists. */
function canStream(from: GraphNode, to: GraphNode): boolean {
  const isLocal = ({ nested }: GraphNode) => nested === undefined || ownPlacement(nested) === undefined;
  return from.mapped !== undefined && to.mapped!.mode === "zip" && isLocal(from) && isLocal(to);
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

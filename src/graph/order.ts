import { getOrCreate } from "../util/get-or-create.js";
import type { Graph, GraphNode } from "./graph.js";

const indexed = new WeakMap<Graph, ReadonlyMap<string, GraphNode>>();

/** Returns the nodes of a graph by name. */
export function nodesByName(graph: Graph): ReadonlyMap<string, GraphNode> {
  return getOrCreate(indexed, graph, () => new Map(graph.nodes.map((node) => [node.name, node])));
}

/** Returns the given nodes and everything they depend on. Nodes in `given` need no dependencies. */
export function ancestors(graph: Graph, wanted: Iterable<string>, given: ReadonlySet<string>): Set<string> {
  const nodes = nodesByName(graph);
  const needed = new Set<string>();
  const pending = [...wanted];
  while (pending.length > 0) {
    const name = pending.pop()!;
    if (needed.has(name)) continue;
    needed.add(name);
    if (!given.has(name)) pending.push(...nodes.get(name)!.dependencies.map((d) => d.on));
  }
  return needed;
}

/** A step to be ordered. */
export interface OrderedStep {
  readonly name: string;
  /** Names of the steps that must end before it can start. */
  readonly after: readonly string[];
  /** Maps whose elements it receives as they are computed: they only have to be started. */
  readonly streamsFrom: readonly string[];
  readonly mapped: boolean;
}

/**
 * Sorts steps topologically in linear time (Kahn 1962), so that elements flow depth-first through maps of maps. A map
 * comes as late as possible and everything else that is ready comes first, so that shared values of later maps are
 * available when its elements arrive. Ties keep the order of declaration.
 */
export function topologicalOrder<S extends OrderedStep>(steps: readonly S[]): S[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const dependants = new Map<string, S[]>();
  const waiting = new Map<string, number>();
  for (const step of steps) {
    const before = new Set([...step.after, ...step.streamsFrom]);
    waiting.set(step.name, before.size);
    for (const name of before) pushTo(dependants, name, step);
  }
  const chains = new MapChains(steps, byName);

  const ordered: S[] = [];
  const plain: S[] = [];
  const chained: S[] = [];
  const rest: S[] = [];
  const started = new Set<string>();
  const ready = (step: S) => (step.mapped ? (chains.isReady(step.name) ? chained : rest) : plain).push(step);
  for (const step of steps) if (waiting.get(step.name) === 0) ready(step);
  const heads = [0, 0, 0];
  const queues = [plain, chained, rest];
  while (ordered.length < steps.length) {
    const queue = queues.findIndex((q, i) => heads[i]! < q.length);
    const step = queues[queue]![heads[queue]!++]!;
    if (started.has(step.name)) continue;
    started.add(step.name);
    ordered.push(step);
    for (const head of chains.ended(step.name)) {
      if (waiting.get(head) === 0 && !started.has(head)) chained.push(byName.get(head)!);
    }
    for (const next of dependants.get(step.name) ?? []) {
      const remaining = waiting.get(next.name)! - 1;
      waiting.set(next.name, remaining);
      if (remaining === 0) ready(next);
    }
  }
  return ordered;
}

/**
 * Maps that stream into each other, and the number of steps that each such chain waits for before it can run as one.
 */
class MapChains {
  private readonly headOf = new Map<string, string>();
  private readonly missing = new Map<string, number>();
  private readonly waitingOn = new Map<string, string[]>();

  constructor(steps: readonly OrderedStep[], byName: ReadonlyMap<string, OrderedStep>) {
    for (const step of steps) {
      const head = this.find(step, byName);
      for (const name of step.after) {
        const other = byName.get(name);
        if (other === undefined || this.find(other, byName) === head) continue;
        this.missing.set(head, (this.missing.get(head) ?? 0) + 1);
        pushTo(this.waitingOn, name, head);
      }
    }
  }

  isReady(name: string): boolean {
    return this.headOf.get(name) !== name || (this.missing.get(name) ?? 0) === 0;
  }

  /** Records that a step is ordered, and returns the chains that are now ready. */
  ended(name: string): string[] {
    const readyChains: string[] = [];
    for (const head of this.waitingOn.get(name) ?? []) {
      const remaining = this.missing.get(head)! - 1;
      this.missing.set(head, remaining);
      if (remaining === 0) readyChains.push(head);
    }
    return readyChains;
  }

  private find(step: OrderedStep, byName: ReadonlyMap<string, OrderedStep>): string {
    const visited: OrderedStep[] = [];
    let at = step;
    while (!this.headOf.has(at.name) && at.streamsFrom.length > 0) {
      visited.push(at);
      at = byName.get(at.streamsFrom[0]!)!;
    }
    const head = this.headOf.get(at.name) ?? at.name;
    this.headOf.set(at.name, head);
    for (const { name } of visited) this.headOf.set(name, head);
    return head;
  }
}

function pushTo<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

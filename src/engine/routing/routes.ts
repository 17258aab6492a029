import type { MapQueue, Placement } from "../../dsl/pipeline-options.js";
import type { Step } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import type { Program } from "../program/program.js";
import { hostPoolOf, type ResolvedExecution } from "../settings.js";
import { usesThreads } from "../threads/thread-pools.js";

/** The workers that take chunks of a map's elements. */
export type ChunkTarget =
  | { readonly kind: "threads" }
  | { readonly kind: "queue"; readonly queue: MapQueue }
  | { readonly kind: "hosts"; readonly placement: Placement };

/** The place where a step runs. */
export type Route =
  /** In this thread. */
  | { readonly kind: "inline" }
  /** A map whose elements are computed in chunks. */
  | { readonly kind: "chunks"; readonly target: ChunkTarget }
  /** An unmapped node in a worker thread. */
  | { readonly kind: "thread" }
  /** An unmapped node on one of a pool of hosts. */
  | { readonly kind: "host"; readonly placement: Placement }
  /** A nested pipeline in this thread, whose nodes and maps go to a pool of hosts. */
  | { readonly kind: "coordinated"; readonly pool: Placement }
  /** A nested pipeline, or a map of one, as one task on the host of its placement. */
  | { readonly kind: "task"; readonly placement: Placement };

const INLINE: Route = { kind: "inline" };
const THREAD: Route = { kind: "thread" };
const THREADS: ChunkTarget = { kind: "threads" };

/** By program, settings, and whether there are hosts. */
const known = new WeakMap<Program, WeakMap<ResolvedExecution, (readonly Route[] | undefined)[]>>();

/**
 * The route of each step of a program, decided once.
 *
 * @param hasHosts whether other hosts can take work of the run.
 */
export function routesFor(program: Program, settings: ResolvedExecution, hasHosts: boolean): readonly Route[] {
  const bySettings = getOrCreate(known, program, () => new WeakMap());
  const routes = getOrCreate(bySettings, settings, () => []);
  routes[Number(hasHosts)] ??= program.plan.steps.map((step) => routeOf(step, program, settings, hasHosts));
  return routes[Number(hasHosts)]!;
}

function routeOf(step: Step, program: Program, settings: ResolvedExecution, hasHosts: boolean): Route {
  const placement = hasHosts && settings.hosts === undefined ? step.child?.placement : undefined;
  const pool = hostPoolOf(placement);
  if (step.map === undefined) {
    if (step.child === undefined) return nodeRoute(settings);
    const ownPool = hasHosts ? hostPoolOf(step.child.placement) : undefined;
    if (ownPool !== undefined) return { kind: "coordinated", pool: settings.hosts ?? ownPool };
    return placement === undefined ? INLINE : { kind: "task", placement };
  }
  if (pool !== undefined) return { kind: "chunks", target: { kind: "hosts", placement: pool } };
  if (placement !== undefined) return { kind: "task", placement };
  const target = mapTarget(program, settings, hasHosts);
  return target === undefined ? INLINE : { kind: "chunks", target };
}

/** The route of unmapped nodes. */
export function nodeRoute({ hosts, nodes }: ResolvedExecution): Route {
  if (hosts !== undefined) return { kind: "host", placement: hosts };
  return usesThreads(nodes) ? THREAD : INLINE;
}

/** The pool of hosts that computes the nodes of a nested pipeline; undefined: it has none. */
export function poolOf(route: Route): Placement | undefined {
  if (route.kind === "coordinated") return route.pool;
  return route.kind === "chunks" && route.target.kind === "hosts" ? route.target.placement : undefined;
}

/** Tells if a map is of a nested pipeline with a placement: it runs on other hosts than the maps beside it. */
export function isApart(route: Route, { hosts }: ResolvedExecution): boolean {
  return route.kind === "task" || (route.kind === "chunks" && route.target.kind === "hosts" && hosts === undefined);
}

/** Tells if a step needs threads of this process. */
export function needsThreads(route: Route): boolean {
  return route.kind === "thread" || (route.kind === "chunks" && route.target.kind === "threads");
}

/** The workers that compute the elements of maps; undefined: this thread does. */
function mapTarget({ plan }: Program, settings: ResolvedExecution, hasHosts: boolean): ChunkTarget | undefined {
  const { hosts, maps, queue } = settings;
  if (hosts !== undefined) return { kind: "hosts", placement: hosts };
  // A worker thread reaches no other hosts: nested pipelines with a placement are called from this thread.
  if (!usesThreads(maps) || (plan.hasPlacements && hasHosts)) return undefined;
  return queue === undefined || !hasHosts ? THREADS : { kind: "queue", queue };
}

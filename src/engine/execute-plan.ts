import type { Step } from "../graph/plan.js";
import { checkRuntime } from "../util/runtime.js";
import { CachingExecutor } from "./caching/caching-executor.js";
import { CachingMapExecutor } from "./caching/caching-maps.js";
import type { ChunkExecutorFactory } from "./chunks/chunk-executor.js";
import { ChunkedMapExecutor } from "./chunks/chunked-maps.js";
import { ChunkedStream } from "./chunks/chunked-stream.js";
import { FusedMapTask } from "./chunks/fused-map-task.js";
import type { ElementSelection } from "./elements/element-selection.js";
import type { List } from "./elements/lists.js";
import type { MapSlice } from "./elements/map-slice.js";
import { NestedPath, type PathContext, resultOf } from "./execution-context.js";
import type {
  ElementsExecutor,
  FastPathExit,
  MapExecutor,
  RunningElements,
  RunningExecution,
  StepCall,
} from "./executor.js";
import { pathOf } from "./failures/node-errors.js";
import { buildResources } from "./inline/build-resources.js";
import { InlineMapExecutor } from "./inline/inline-maps.js";
import { MapChain } from "./inline/map-chain.js";
import { MapTask } from "./inline/map-task.js";
import { checkInputs, childValues, collectError, invokeStep } from "./inline/step-call.js";
import type { CancelScope } from "./lifecycle/cancel-scope.js";
import type { RunContext } from "./lifecycle/run-context.js";
import type { NestedProgram, Program } from "./program/program.js";
import type { HostRegistry } from "./remote/host-registry.js";
import { RemoteMap, runNestedRemotely, runNodeRemotely } from "./remote/remote-steps.js";
import { chunkExecutorFor } from "./routing/chunk-targets.js";

import { type ChunkTarget, isApart, needsThreads, nodeRoute, poolOf, type Route, routesFor } from "./routing/routes.js";
import { runFastPath } from "./scheduler/fast-path.js";
import { Scheduler } from "./scheduler/scheduler.js";
import { asCoordinator, isSerial, optionsFor, type ResolvedExecution, resolveExecution } from "./settings.js";
import { checkNotProgram } from "./threads/program-module.js";
import { usesThreads } from "./threads/thread-pools.js";
import { callInThread } from "./threads/thread-step-executor.js";

/**
 * One execution of a plan. The scheduler below it decides in what order steps start; this class gives each step the executor that
 * its route names, with the cache around it. It is the only one that knows all parts of the engine.
 */
export class Execution extends Scheduler implements RunningExecution, ElementsExecutor {
  private mapExecutor: MapExecutor | undefined;
  /** The cache around the executors of unmapped steps, if the pipeline has one. */
  readonly cached: CachingExecutor | undefined;
  /** The cache around those of mapped steps. */
  readonly cachedMaps: CachingMapExecutor | undefined;
  /** An error was collected in this nested pipeline: what its parent caches of it may be made of that. */
  private onCollected: (() => void) | undefined;
  private routeTable: readonly Route[] | undefined;
  private childSettings: ResolvedExecution[] | undefined;
  protected readonly isBare: boolean;

  /**
   * @param values by slot.
   * @param hosts the other hosts that can take work of this run; undefined: everything runs in this process.
   */
  constructor(
    program: Program,
    values: unknown[],
    run: RunContext,
    scope: CancelScope,
    settings: ResolvedExecution,
    private readonly hosts: HostRegistry | undefined,
    position?: PathContext,
    slice?: MapSlice,
  ) {
    super(program, values, run, scope, settings, position, slice);
    this.isBare = isBareUnder(settings, run);
    if (settings.cache === undefined) return;
    const session = run.cache.session(settings.cache);
    const recomputeMap = (step: Step): Promise<void> => maps.compute(step, true);
    this.cached = new CachingExecutor(this, session, (step) => this.execute(step), recomputeMap);
    const maps = new CachingMapExecutor(this.cached, this);
    this.cachedMaps = maps;
    this.mapExecutor = maps;
  }

  /**
   * Runs to the end.
   *
   * @param pick a slot whose value is the result; -1: the record of the outputs.
   * @param keepsCollected whether collected errors stay what they are: the execution is a part of one in another process.
   * @returns the result, or a promise of it if a step needs one.
   */
  finish(pick = -1, keepsCollected = false): unknown {
    this.checkThreads();
    return this.finishWhen(this.start(), pick, keepsCollected);
  }

  /** Starts no step by itself: its steps are called from outside, as those of a stream are. */
  standBy(): this {
    this.checkThreads();
    this.skipAll();
    return this;
  }

  private finishWhen(running: Promise<void> | undefined, pick: number, keepsCollected = false): unknown {
    if (this.cached !== undefined) return this.finishCached(this.cached, running, pick);
    if (running === undefined) return this.result(pick, keepsCollected);
    return running.then(() => this.result(pick, keepsCollected));
  }

  private async finishCached(cached: CachingExecutor, running: Promise<void> | undefined, pick: number) {
    await running;
    if (cached.hasCollected) this.onCollected?.();
    await cached.loadOutputs();
    const result = this.result(pick);
    cached.linkOutputs(result, pick);
    return result;
  }

  /** The route of each step. */
  private get routes(): readonly Route[] {
    this.routeTable ??= routesFor(this.program, this.settings, this.hosts !== undefined);
    return this.routeTable;
  }

  /** Before anything runs: a thread may import the module of the class, if one will have to. */
  private checkThreads(): void {
    const { nodes, maps } = this.settings;
    if (!usesThreads(nodes) && !usesThreads(maps)) return;
    if (!this.routes.some(needsThreads)) return;
    checkRuntime("threads", this.plan.graph.pipeline);
    checkNotProgram(this.program.pipeline);
  }

  protected get isSequential(): boolean {
    return isSerial(this.settings.nodes) && !usesThreads(this.settings.nodes);
  }

  protected get maps(): MapExecutor | undefined {
    return this.mapExecutor;
  }

  protected startStep(step: Step): void {
    if (step.map === undefined) this.startUnmapped(step);
    else if (this.cached === undefined && isApart(this.routeOf(step), this.settings)) this.startApart(step);
    else {
      this.mapExecutor ??= this.createMapExecutor(step);
      this.mapExecutor.start(step);
    }
  }

  private startUnmapped(step: Step): void {
    if (this.cached !== undefined) {
      this.cached.start(step);
      return;
    }
    try {
      this.completeWhenSettled(step, this.execute(step));
    } catch (error) {
      this.fail(error);
    }
  }

  private createMapExecutor(step: Step): MapExecutor {
    const route = this.routeOf(step);
    return route.kind === "chunks"
      ? new ChunkedMapExecutor(this, this.executorFor(route.target))
      : new InlineMapExecutor(this);
  }

  private executorFor(target: ChunkTarget): ChunkExecutorFactory {
    return (stage) => chunkExecutorFor(stage, target, this.hosts);
  }

  private startApart(step: Step): void {
    try {
      const values = step.map!.lists.map((list) => this.read(list));
      const missing = this.collectedIn(step.map!.lists) ?? this.collectedBefore(step);
      if (missing !== undefined) this.complete(step, missing);
      else this.completeWhenSettled(step, this.elementsApart(step, this.listsOf(step, values)));
    } catch (error) {
      this.fail(error);
    }
  }

  private elementsApart(step: Step, lists: readonly List[]): Promise<unknown[] | undefined> {
    if (this.scope.stopped) return Promise.reject(this.scope.reason);
    return new Promise((resolve, reject) => {
      const stop = this.scope.onStop(() => elements?.close(this.scope.reason));
      const ended = (results: unknown[] | undefined) => {
        stop();
        resolve(results);
      };
      const elements = this.runElements(step, lists, undefined, ended, reject);
    });
  }

  routeOf({ index }: Step): Route {
    return this.routes[index]!;
  }

  isInProcess(step: Step): boolean {
    return this.routeOf(step).kind === "inline";
  }

  runElements(
    step: Step,
    lists: readonly List[],
    selection: (ElementSelection & { readonly lists: readonly List[] }) | undefined,
    ended: (results: unknown[] | undefined) => void,
    failed: (error: unknown) => void,
  ): RunningElements | undefined {
    const route = this.routeOf(step);
    if (route.kind === "task") {
      new RemoteMap(this.hosts!, this, step, lists, selection).run().then(ended, failed);
      return undefined;
    }
    if (route.kind === "chunks") {
      const settled = (_: Step, results: unknown[] | undefined) => ended(results);
      const task = new FusedMapTask(this, [step], this.executorFor(route.target), settled, selection);
      task.start();
      return task;
    }
    const chain = new MapChain(this);
    const task = new MapTask(this, step, lists, [], ended, selection);
    chain.add(task);
    chain.drain();
    return task;
  }

  /** Submits the elements of a stream in chunks; undefined: they are computed in this thread. */
  streamInChunks(step: Step): ChunkedStream | undefined {
    const route = this.routeOf(step);
    return route.kind === "chunks" ? new ChunkedStream(this, step, this.executorFor(route.target)) : undefined;
  }

  /** Computes an unmapped step, on the host that its route names. */
  private execute(step: Step): unknown {
    const missing = this.collectedBefore(step);
    if (missing !== undefined) return missing;
    const route = this.routeOf(step);
    if (route.kind === "thread") return callInThread(this, step);
    if (route.kind === "host") return runNodeRemotely(this.hosts!, this, step);
    const building = buildResources(this, step);
    return building === undefined ? this.executeInline(step) : building.then(() => this.executeInline(step));
  }

  private executeInline(step: Step): unknown {
    const inputs = this.inputsOf(step);
    return collectError(this, step, () => invokeStep(this, step, inputs, undefined));
  }

  computedAt(host: string, steps: readonly Step[]): void {
    this.cached?.computedAt(host, steps);
  }

  resourceBuilt(index: number): void {
    this.cached?.resourceUsed(index);
  }

  settingsFor(step: Step, child: NestedProgram): ResolvedExecution {
    this.childSettings ??= [];
    this.childSettings[step.index] ??= this.resolveChildSettings(step, child);
    return this.childSettings[step.index]!;
  }

  private resolveChildSettings(step: Step, { plan }: NestedProgram): ResolvedExecution {
    const settings = resolveExecution(optionsFor(this.settings.choices, step), plan.graph.pipeline);
    const hosts = this.settings.hosts ?? poolOf(this.routeOf(step));
    return hosts === undefined ? settings : asCoordinator(settings, hosts);
  }

  isFastPathChild(step: Step, child: NestedProgram): boolean {
    return (
      child.isSynchronous && this.routeOf(step).kind !== "task" && isBareUnder(this.settingsFor(step, child), this.run)
    );
  }

  callNested(call: StepCall, child: NestedProgram, scope: CancelScope): unknown {
    const { step, inputs, element } = call;
    const values = childValues(child, inputs, this);
    if (this.routeOf(step).kind === "task") return this.callOnHost(call, child, values, scope);
    if (scope === this.scope && !scope.stopped && this.isFastPathChild(step, child)) {
      const exit = runFastPath(child.program, values, scope, 0, this.run);
      if (exit !== undefined) return this.resumeNested(child, values, step, element, exit);
      if (!scope.stopped) return resultOf(child.plan, values, child.pick);
    }
    const nested = this.nest(child, values, scope, step, element);
    const checking = checkInputs(child, inputs, values, this, nested.path);
    return checking === undefined ? nested.finish(child.pick) : checking.then(() => nested.finish(child.pick));
  }

  resumeNested(
    child: NestedProgram,
    values: unknown[],
    step: Step,
    element: number | undefined,
    exit: FastPathExit,
  ): unknown {
    const nested = this.nest(child, values, this.scope, step, element);
    return nested.finishWhen(nested.start(exit), child.pick);
  }

  /** The inputs are checked in this process, before they are sent. */
  private async callOnHost(call: StepCall, child: NestedProgram, values: unknown[], scope: CancelScope) {
    await checkInputs(child, call.inputs, values, this, pathOf(this.path, call.step.name, call.element));
    return runNestedRemotely(this.hosts!, call, child, values, scope);
  }

  /** The execution of a nested pipeline for a call. */
  nest(
    child: NestedProgram,
    values: unknown[],
    scope: CancelScope,
    step: Step,
    element: number | undefined,
  ): Execution {
    const position = new NestedPath(this, step, element);
    const settings = this.settingsFor(step, child);
    const nested = new Execution(child.program, values, this.run, scope, settings, this.hosts, position);
    const { cached } = this;
    if (cached !== undefined) nested.onCollected = () => cached.collectedIn(step, element);
    return nested;
  }
}

/** Tells if plain methods can be called under these settings with nothing around them. */
function isBareUnder(settings: ResolvedExecution, run: RunContext): boolean {
  return (
    run.emit === undefined && settings.cache === undefined && !settings.check && nodeRoute(settings).kind === "inline"
  );
}

import { HypernodesError, type NodeError } from "../errors.js";
import type { Argument, Plan, Step } from "../graph/plan.js";
import { describeChain } from "../util/describe.js";
import { getOrCreate } from "../util/get-or-create.js";
import { checkRuntime } from "../util/runtime.js";
import { isPromise } from "../util/thenable.js";
import { CachingExecutor } from "./caching/caching-executor.js";
import { ChunkedMapExecutor } from "./chunks/chunked-maps.js";
import { FusedMapTask } from "./chunks/fused-map-task.js";
import { convertInputs } from "./elements/convert-inputs.js";
import { type List, resolveLists, toArrayLike } from "./elements/lists.js";
import type { MapSlice } from "./elements/map-slice.js";
import { CollectedError, withErrors } from "./failures/collected.js";
import { pathOf } from "./failures/node-errors.js";
import { buildResources } from "./inline/build-resources.js";
import { InlineMapExecutor, type MapExecutor } from "./inline/inline-maps.js";
import { collectError, invokeStep, toNodeError } from "./inline/step-call.js";
import type { CancelScope } from "./lifecycle/cancel-scope.js";
import { type CurrentRun, enterRun, exitRun, withRun } from "./lifecycle/current-run.js";
import { type DetailsOf, now } from "./lifecycle/events.js";
import type { RunContext } from "./lifecycle/run-context.js";
import type { NestedProgram, Program } from "./program/program.js";
import { RemoteMap, runNodeRemotely } from "./remote/remote-steps.js";
import { resultOf } from "./result.js";
import { type FastPathExit, runFastPath } from "./scheduler/fast-path.js";
import { ReadyQueue } from "./scheduler/ready-queue.js";
import {
  asCoordinator,
  hostPoolOf,
  isSerial,
  optionsFor,
  type ResolvedExecution,
  resolveExecution,
} from "./settings.js";
import { checkNotProgram } from "./threads/program-module.js";
import { usesThreads } from "./threads/thread-pools.js";
import { callInThread } from "./threads/thread-step-executor.js";

/** Where an execution stands that is not at the top of a run. */
export interface PathContext {
  /** The pipeline's place: `Corpus.essays[3]`. */
  readonly path: string;
  /** The one that it is a nested step of, in this thread. */
  readonly parent?: Execution;
  /** An error was collected in it. */
  collected?(): void;
}

/** One execution of a plan: values in slots, steps that are called. As long as every step ends at once, it makes no promise. */
export class Execution {
  readonly plan: Plan;
  readonly currentRun: CurrentRun;
  /** Which step may begin. */
  readonly readyQueue: ReadyQueue;
  private maps: MapExecutor | undefined;
  /** What remembers its values, if anything does. */
  readonly cached: CachingExecutor | undefined;
  /** Calls that are waited for. */
  private calls = 0;
  private failure: { readonly error: unknown } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;
  /** If somebody hears, when it began; and by slot, when a value was there. */
  private readonly startedAt: number = 0;
  private readonly endedAt: Float64Array | undefined;
  private childSettings: ResolvedExecution[] | undefined;
  /** Lists with collected errors in them, as nodes see them. */
  private pathSegments: WeakMap<object, unknown> | undefined;
  /** Whether nodes go to threads, or to containers. */
  private readonly areNodesRemote: boolean;

  constructor(
    readonly program: Program,
    readonly values: unknown[],
    readonly run: RunContext,
    readonly scope: CancelScope,
    readonly settings: ResolvedExecution,
    private readonly standing?: PathContext,
    /** In a thread: the part of a map that it was given. */
    readonly window?: MapSlice,
  ) {
    this.plan = program.plan;
    this.currentRun = standing?.parent?.scope === scope ? standing.parent.currentRun : run.currentIn(scope);
    this.areNodesRemote = runsNodesRemotely(settings);
    if (run.emit !== undefined) {
      this.startedAt = now();
      this.endedAt = new Float64Array(this.plan.slots);
    }
    this.readyQueue = new ReadyQueue(this.plan.steps);
    if (settings.cache !== undefined) {
      this.cached = new CachingExecutor(this, run.cacheSession(settings.cache));
      this.maps = this.cached.maps;
    }
    if (this.plan.canStream) this.readyQueue.pendingCount();
  }

  /** The pipeline's place: `Corpus.essays[3]`. */
  get path(): string {
    return this.standing === undefined ? this.plan.graph.pipeline : this.standing.path;
  }

  get stopped(): boolean {
    return this.failure !== undefined || this.scope.stopped;
  }

  /** @returns undefined if all steps ended at once; else a promise of their end. */
  start(): Promise<void> | undefined {
    this.checkThreads();
    withRun(this.currentRun, this.program.hasAsyncMethod, () => this.advance());
    if (this.isFinished()) {
      const error = this.finalError();
      if (error !== undefined) throw error.error;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  /** Before anything runs: a thread may import the class's module, if one will have to. */
  private checkThreads(): void {
    const { nodes, maps, queue, hosts: containers } = this.settings;
    if (containers !== undefined || !(usesThreads(nodes) || usesThreads(maps))) return;
    const mapsLeave = queue === undefined && usesThreads(maps);
    const goes = ({ map, child }: Step) => (map === undefined ? child === undefined && usesThreads(nodes) : mapsLeave);
    if (!this.plan.steps.some(goes)) return;
    checkRuntime("threads", this.plan.graph.pipeline);
    checkNotProgram(this.program.pipeline);
  }

  /** It begins nothing by itself: somebody else calls its steps. */
  track(): this {
    this.checkThreads();
    this.readyQueue.skipTo(this.plan.steps.length);
    return this;
  }

  /**
   * The value in a slot, or the record of the outputs.
   *
   * @param keepsCollected whether collected errors stay what they are: it is a part of an execution elsewhere.
   */
  result(pick = -1, keepsCollected = false): unknown {
    if (!this.plan.collectsErrors || keepsCollected) return resultOf(this.plan, this.values, pick);
    const values = this.values.slice();
    for (const { slot } of this.plan.outputs) values[slot] = this.shownIn(slot);
    return resultOf(this.plan, values, pick);
  }

  /** The value in a slot as nodes see it: the same list for all of them. */
  private shownIn(slot: number): unknown {
    const value = this.values[slot];
    if (!Array.isArray(value)) return withErrors(value);
    this.pathSegments ??= new WeakMap();
    return getOrCreate(this.pathSegments, value, () => withErrors(value));
  }

  private isFinished(): boolean {
    return this.failure !== undefined || (this.calls === 0 && (this.activeMaps === 0 || this.scope.stopped));
  }

  private get activeMaps(): number {
    return this.maps?.active ?? 0;
  }

  private finalError(): { readonly error: unknown } | undefined {
    if (this.failure === undefined && this.scope.stopped) this.fail(this.scope.reason);
    return this.failure;
  }

  private advance(): void {
    const { readyQueue: turns } = this;
    const sequential = isSerial(this.settings.nodes) && !usesThreads(this.settings.nodes);
    if (turns.isInOrder && this.isBare && !this.plan.collectsErrors) this.runFastPath();
    while (!this.stopped && !(sequential && this.calls + this.activeMaps > 0)) {
      const step = turns.next();
      if (step === undefined) break;
      this.startStep(step);
    }
    while (!this.stopped) {
      const step = turns.nextReady();
      if (step === undefined) break;
      this.startStep(step);
    }
    if (this.maps?.flushHeld()) this.advance();
  }

  /** Runs what is plain at the beginning, and goes on from where that left off. */
  private runFastPath(): void {
    if (this.readyQueue.at >= this.program.fastPathLength) return;
    const left = runFastPath(this.program, this.values, this.scope, this.readyQueue.at, this.run);
    if (left !== undefined) this.exitFastPath(left);
    else if (!this.scope.stopped) this.readyQueue.skipTo(this.program.fastPathLength);
  }

  /** Whether plain methods can be called with nothing around them. */
  private get isBare(): boolean {
    const { run, areNodesRemote: nodesAway, cached, settings } = this;
    return run.emit === undefined && !nodesAway && cached === undefined && !settings.check;
  }

  /** The same for those of a nested pipeline. */
  isBareFor(step: Step, child: NestedProgram): boolean {
    const settings = this.settingsFor(step, child);
    return (
      this.run.emit === undefined && !runsNodesRemotely(settings) && settings.cache === undefined && !settings.check
    );
  }

  private exitFastPath(left: FastPathExit): void {
    this.readyQueue.skipTo(left.step.index + 1);
    if ("error" in left) this.fail(this.failed(left.step, left.error));
    else {
      const landing = Promise.resolve(left.promise).then((value) =>
        convertInputs(value, left.step.uses, this.run.lists),
      );
      this.completeWhenSettled(left.step, this.wrapRejection(left.step, landing));
    }
  }

  /** Goes on where a straight run of it, outside, left off. */
  resumeFrom(left: FastPathExit, pick: number): unknown {
    this.exitFastPath(left);
    return this.finish(pick);
  }

  private failed(step: Step, error: unknown): NodeError {
    return toNodeError({ execution: this, step, inputs: this.inputsOf(step), element: undefined }, error);
  }

  /** A method that is not declared async may still return a promise: its failure is a node's failure too. */
  private wrapRejection(step: Step, value: Promise<unknown>): Promise<unknown> {
    return value.then(undefined, (error: unknown) => {
      throw this.failed(step, error);
    });
  }

  private startStep(step: Step): void {
    if (step.map !== undefined && this.cached === undefined && (this.isRemote(step) || this.isShared(step))) {
      this.startRemoteMap(step);
      return;
    }
    if (step.map !== undefined) {
      this.maps ??= this.areMapsRemote ? new ChunkedMapExecutor(this) : new InlineMapExecutor(this);
      this.maps.start(step);
      return;
    }
    if (this.cached !== undefined) {
      this.cached.begin(step);
      return;
    }
    try {
      this.completeWhenSettled(step, this.evaluate(step));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether the elements of maps go to threads, or on from here: from there, nothing goes to other places. */
  get areMapsRemote(): boolean {
    const { maps, hosts: containers } = this.settings;
    return (
      containers !== undefined || (usesThreads(maps) && !(this.plan.hasPlacements && this.run.elsewhere !== undefined))
    );
  }

  /** Whether a step is a nested pipeline that is in one other place as a whole. */
  isRemote({ child }: Step): boolean {
    if (child?.placement === undefined || this.run.elsewhere === undefined) return false;
    return this.settings.hosts === undefined && hostPoolOf(child.placement) === undefined;
  }

  /** Whether a step is a nested pipeline in containers of its own that share its elements. */
  isShared({ child }: Step): boolean {
    if (this.run.elsewhere === undefined || this.settings.hosts !== undefined) return false;
    return hostPoolOf(child?.placement) !== undefined;
  }

  private startRemoteMap(step: Step): void {
    try {
      const values = step.map!.lists.map((list) => this.read(list));
      const missing = this.collectedIn(step.map!.lists) ?? this.collectedBefore(step);
      if (missing !== undefined) this.complete(step, missing);
      else if (this.isShared(step)) this.completeWhenSettled(step, this.startSharedMap(step));
      else this.completeWhenSettled(step, new RemoteMap(this, step, this.listsOf(step, values)).run());
    } catch (error) {
      this.fail(error);
    }
  }

  private startSharedMap(step: Step): Promise<unknown[] | undefined> {
    return new Promise((resolve) => {
      const run = new FusedMapTask(this, [step], (_, results) => {
        goesOn();
        resolve(results);
      });
      const goesOn = this.scope.onStop(() => run.close(this.scope.reason));
      run.start();
    });
  }

  completeWhenSettled(step: Step, value: unknown): void {
    if (isPromise(value))
      this.whenSettled(
        value,
        (settled) => this.complete(step, settled),
        (error) => this.fail(error),
      );
    else this.complete(step, value);
  }

  evaluate(step: Step): unknown {
    const missing = this.collectedBefore(step);
    if (missing !== undefined) return missing;
    if (this.areNodesRemote && step.child === undefined) return this.evaluateRemotely(step);
    const building = buildResources(this, step);
    return building === undefined ? this.evaluateInline(step) : building.then(() => this.evaluateInline(step));
  }

  private evaluateInline(step: Step): unknown {
    const inputs = this.inputsOf(step);
    return collectError(this, step, () => invokeStep(this, step, inputs, undefined));
  }

  /** In a thread, or in a container. What it needs of resources is built there. */
  private evaluateRemotely(step: Step): unknown {
    return this.settings.hosts === undefined ? callInThread(this, step) : runNodeRemotely(this, step);
  }

  /** What every call of a step gets, after its elements. */
  inputsOf(step: Step): unknown[] {
    return step.arguments.map((argument) => this.input(argument));
  }

  /** What a node gets for an argument. */
  input({ slot, path }: Argument): unknown {
    const value = this.plan.collectsErrors ? this.shownIn(slot) : this.values[slot];
    return path === undefined ? value : this.partOf(value, slot, path);
  }

  /** The same with collected errors as what they are. */
  read({ slot, path }: Argument): unknown {
    const value = this.values[slot];
    return path === undefined || CollectedError.is(value) ? value : this.partOf(value, slot, path);
  }

  private partOf(whole: unknown, slot: number, path: readonly string[]): unknown {
    let value = whole;
    try {
      for (const key of path) {
        // What failed stands for all that would be in it.
        if (CollectedError.is(value)) return value;
        value = (value as Record<string, unknown> | null | undefined)?.[key];
      }
    } catch (cause) {
      const { steps, inputs, given } = this.plan;
      const name = [...steps, ...inputs, ...given].find((slotted) => slotted.slot === slot)!.name;
      throw new HypernodesError({
        ...{ code: "UNREADABLE_PATH", where: pathOf(this.path, [name, ...path].join(".")), cause },
        problem: `reading it failed with ${describeChain(cause)}`,
        advice: `A getter or a Proxy in what "${name}" gives threw that.`,
      });
    }
    // Where the record could not be copied when it landed.
    return convertInputs(value, undefined);
  }

  /** What a map goes over, if it is a list. */
  listAt(argument: Argument): List | undefined {
    return toArrayLike(this.read(argument), this.run.lists);
  }

  /** @throws {InputError} if what a mapped step goes over are no lists. */
  listsOf(step: Step, values: readonly unknown[]): List[] {
    return resolveLists(step, values, this.pathOf(step), this.run.lists);
  }

  /** The collected error of what a step depends on, if there is one: it goes on in the place of the step's value. */
  collectedBefore(step: Step): CollectedError | undefined {
    if (!this.plan.collectsErrors) return undefined;
    const { resources } = this.plan;
    return this.collectedIn([...step.arguments, ...step.resources.flatMap((index) => resources[index]!.arguments)]);
  }

  /** The first collected error that stands for one of some arguments. */
  collectedIn(args: readonly Argument[]): CollectedError | undefined {
    if (!this.plan.collectsErrors) return undefined;
    for (const argument of args) {
      const value = this.read(argument);
      if (CollectedError.is(value)) return value;
    }
    return undefined;
  }

  /**
   * Runs, and gives the result: at once, or a promise of it.
   *
   * @param keepsCollected as for `result`.
   */
  finish(pick = -1, keepsCollected = false): unknown {
    const running = this.start();
    if (this.cached !== undefined) return this.finishCached(this.cached, running, pick);
    if (running === undefined) return this.result(pick, keepsCollected);
    return running.then(() => this.result(pick, keepsCollected));
  }

  private async finishCached(
    cached: CachingExecutor,
    running: Promise<void> | undefined,
    pick: number,
  ): Promise<unknown> {
    await running;
    if (cached.hasCollected) this.standing?.collected?.();
    await cached.loadOutputs();
    const result = this.result(pick);
    cached.stepPath(result, pick);
    return result;
  }

  /** The execution of a nested pipeline, for a step or one of its elements. */
  nest(
    child: NestedProgram,
    values: unknown[],
    scope: CancelScope,
    step: Step,
    element: number | undefined,
  ): Execution {
    const settings = this.settingsFor(step, child);
    return new Execution(child.program, values, this.run, scope, settings, new NestedPath(this, step, element));
  }

  /** @throws if the child asks for what can't be done. */
  settingsFor(step: Step, child: NestedProgram): ResolvedExecution {
    this.childSettings ??= [];
    this.childSettings[step.index] ??= this.settingsOfNested(step, child);
    return this.childSettings[step.index]!;
  }

  private settingsOfNested(step: Step, { plan, placement }: NestedProgram): ResolvedExecution {
    const settings = resolveExecution(optionsFor(this.settings.choices, step), plan.graph.pipeline);
    const containers = this.settings.hosts ?? (this.run.elsewhere && hostPoolOf(placement));
    return containers === undefined ? settings : asCoordinator(settings, containers);
  }

  /** Waits for a promise that is part of this execution, then goes on. */
  whenSettled(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.readyQueue.pendingCount();
    this.calls++;
    this.run.beginWork();
    promise.then(
      (value) => this.continueRun(ended, value),
      (error: unknown) => this.continueRun(failed, error),
    );
  }

  private continueRun(then: (settled: unknown) => void, settled: unknown): void {
    this.calls--;
    this.run.endWork();
    // Who has failed already has told so, and is not waited for.
    if (this.settle === undefined && this.failure !== undefined) return;
    const before = enterRun(this.currentRun);
    try {
      then(settled);
      this.runReady();
    } finally {
      exitRun(before);
    }
  }

  private runReady(): void {
    this.advance();
    if (!this.isFinished() || this.settle === undefined) return;
    const { resolve, reject } = this.settle;
    this.settle = undefined;
    const ending = this.finalError();
    if (ending === undefined) resolve();
    else reject(ending.error);
  }

  /** A step has its value: those that wait for it may begin. */
  complete(step: Step, value: unknown): void {
    this.values[step.slot] = value;
    if (this.endedAt !== undefined) this.endedAt[step.slot] = now();
    this.readyQueue.end(step);
  }

  /** For how long a step could have begun and did not; unknown in a thread, where its values have been for long. */
  queuedMs(step: Step, at: number): number | undefined {
    if (this.window !== undefined || this.endedAt === undefined) return undefined;
    let readyAt = this.startedAt;
    for (const { slot } of step.arguments) readyAt = Math.max(readyAt, this.endedAt[slot]!);
    return at - readyAt;
  }

  /** The places of the steps, or of the elements, that have begun and not ended. */
  stepsInFlight(): string[] {
    return this.plan.steps
      .filter((step) => this.readyQueue.isRunning(step))
      .flatMap((step) => {
        const elements = this.maps?.elementsInFlight?.(step) ?? [];
        return elements.length === 0 ? [this.pathOf(step)] : elements.map((element) => this.pathOf(step, element));
      });
  }

  /** Ends the execution: nothing more begins, and the maps under way are closed. The first error is the one that counts. */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error: this.scope.stopped ? this.scope.reason : error };
    this.maps?.close(this.failure.error);
  }

  emitMapEvent(step: Step, more: DetailsOf<"map">): void {
    // What a thread has is a part of it; the whole is told of at home.
    if (this.window !== undefined) return;
    this.run.emit?.({ type: "map", path: pathOf(this.path, step.name), name: step.name, ...more });
  }

  pathOf(step: Step, element?: number): string {
    return pathOf(this.path, step.name, element);
  }
}

function runsNodesRemotely({ nodes, hosts: containers }: ResolvedExecution): boolean {
  return containers !== undefined || usesThreads(nodes);
}

/** The place of a nested pipeline, made when somebody asks. */
class NestedPath implements PathContext {
  constructor(
    readonly parent: Execution,
    private readonly step: Step,
    private readonly element: number | undefined,
  ) {}

  get path(): string {
    return pathOf(this.parent.path, this.step.name, this.element);
  }

  collected(): void {
    this.parent.cached?.collectedIn(this.step, this.element);
  }
}

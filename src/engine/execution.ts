import { HypernodesError, type NodeError } from "../errors.js";
import type { Argument, Plan, Step } from "../graph/plan.js";
import { remembered } from "../graph/remembered.js";
import { describeChain } from "../util/describe.js";
import { acquire } from "./acquire.js";
import { CachedExecution } from "./cached/cached-execution.js";
import { collecting, failed, perform } from "./call.js";
import { CollectedError, withErrors } from "./collected.js";
import { type CurrentRun, entering, leaving, within } from "./current-run.js";
import { MapElsewhere, runNodeElsewhere } from "./elsewhere.js";
import { type DetailsOf, now } from "./events.js";
import { placeOf } from "./failure.js";
import { land } from "./landing.js";
import { asList, type List, listsOf } from "./lists.js";
import { type Maps, MapsHere } from "./maps-here.js";
import type { ChildProgram, Program } from "./program.js";
import { resultOf } from "./result.js";
import type { RunState } from "./run-state.js";
import { checkRuntime } from "./runtime.js";
import type { Scope } from "./scope.js";
import { choicesFor, directing, isOneAtATime, type Settings, settingsOf, sharing } from "./settings.js";
import { type LeftOff, runStraight } from "./straight.js";
import { isPromise } from "./thenable.js";
import { callAway } from "./threads/call-away.js";
import { FusedMaps } from "./threads/fused-maps.js";
import { MapsAway } from "./threads/maps-away.js";
import { checkNotProgram } from "./threads/program-module.js";
import { goesAway } from "./threads/threads.js";
import type { Window } from "./threads/window.js";
import { Turns } from "./turns.js";

/** Where an execution stands that is not at the top of a run. */
export interface Standing {
  /** The pipeline's place: `Corpus.essays[3]`. */
  readonly path: string;
  /** The one that it is a nested step of, in this thread. */
  readonly outer?: Execution;
  /** An error was collected in it. */
  collected?(): void;
}

/** One execution of a plan: values in slots, steps that are called. As long as every step ends at once, it makes no promise. */
export class Execution {
  readonly plan: Plan;
  readonly current: CurrentRun;
  /** Which step may begin. */
  readonly turns: Turns;
  private maps: Maps | undefined;
  /** What remembers its values, if anything does. */
  readonly cached: CachedExecution | undefined;
  /** Calls that are waited for. */
  private calls = 0;
  private failure: { readonly error: unknown } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;
  /** If somebody hears, when it began; and by slot, when a value was there. */
  private readonly beganAt: number = 0;
  private readonly endedAt: Float64Array | undefined;
  private childSettings: Settings[] | undefined;
  /** Lists with collected errors in them, as nodes see them. */
  private shown: WeakMap<object, unknown> | undefined;
  /** Whether nodes go to threads, or to containers. */
  private readonly nodesAway: boolean;

  constructor(
    readonly program: Program,
    readonly values: unknown[],
    readonly run: RunState,
    readonly scope: Scope,
    readonly settings: Settings,
    private readonly standing?: Standing,
    /** In a thread: the part of a map that it was given. */
    readonly window?: Window,
  ) {
    this.plan = program.plan;
    this.current = standing?.outer?.scope === scope ? standing.outer.current : run.currentIn(scope);
    this.nodesAway = nodesGoAway(settings);
    if (run.tell !== undefined) {
      this.beganAt = now();
      this.endedAt = new Float64Array(this.plan.slots);
    }
    this.turns = new Turns(this.plan.steps);
    if (settings.cache !== undefined) {
      this.cached = new CachedExecution(this, run.sessionFor(settings.cache));
      this.maps = this.cached.maps;
    }
    if (this.plan.flows) this.turns.count();
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
    within(this.current, this.program.anyAsync, () => this.advance());
    if (this.isOver()) {
      const error = this.ending();
      if (error !== undefined) throw error.error;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
  }

  /** Before anything runs: a thread may import the class's module, if one will have to. */
  private checkThreads(): void {
    const { nodes, maps, queue, containers } = this.settings;
    if (containers !== undefined || !(goesAway(nodes) || goesAway(maps))) return;
    const mapsLeave = queue === undefined && goesAway(maps);
    const goes = ({ map, child }: Step) => (map === undefined ? child === undefined && goesAway(nodes) : mapsLeave);
    if (!this.plan.steps.some(goes)) return;
    checkRuntime("threads", this.plan.graph.pipeline);
    checkNotProgram(this.program.pipeline);
  }

  /** It begins nothing by itself: somebody else calls its steps. */
  standBy(): this {
    this.checkThreads();
    this.turns.goOnAt(this.plan.steps.length);
    return this;
  }

  /**
   * The value in a slot, or the record of the outputs.
   *
   * @param keepsCollected whether collected errors stay what they are: it is a part of an execution elsewhere.
   */
  result(pick = -1, keepsCollected = false): unknown {
    if (!this.plan.collects || keepsCollected) return resultOf(this.plan, this.values, pick);
    const values = this.values.slice();
    for (const { slot } of this.plan.outputs) values[slot] = this.shownIn(slot);
    return resultOf(this.plan, values, pick);
  }

  /** The value in a slot as nodes see it: the same list for all of them. */
  private shownIn(slot: number): unknown {
    const value = this.values[slot];
    if (!Array.isArray(value)) return withErrors(value);
    this.shown ??= new WeakMap();
    return remembered(this.shown, value, () => withErrors(value));
  }

  private isOver(): boolean {
    return this.failure !== undefined || (this.calls === 0 && (this.mapsUnderWay === 0 || this.scope.stopped));
  }

  private get mapsUnderWay(): number {
    return this.maps?.underWay ?? 0;
  }

  private ending(): { readonly error: unknown } | undefined {
    if (this.failure === undefined && this.scope.stopped) this.fail(this.scope.reason);
    return this.failure;
  }

  private advance(): void {
    const { turns } = this;
    const sequential = isOneAtATime(this.settings.nodes) && !goesAway(this.settings.nodes);
    if (turns.isStraight && this.isPlain && !this.plan.collects) this.runStraight();
    while (!this.stopped && !(sequential && this.calls + this.mapsUnderWay > 0)) {
      const step = turns.next();
      if (step === undefined) break;
      this.begin(step);
    }
    while (!this.stopped) {
      const step = turns.nextReady();
      if (step === undefined) break;
      this.begin(step);
    }
    if (this.maps?.beginHeld()) this.advance();
  }

  /** Runs what is plain at the beginning, and goes on from where that left off. */
  private runStraight(): void {
    if (this.turns.at >= this.program.straight) return;
    const left = runStraight(this.program, this.values, this.scope, this.turns.at, this.run);
    if (left !== undefined) this.leaveOff(left);
    else if (!this.scope.stopped) this.turns.goOnAt(this.program.straight);
  }

  /** Whether plain methods can be called with nothing around them. */
  private get isPlain(): boolean {
    const { run, nodesAway, cached, settings } = this;
    return run.tell === undefined && !nodesAway && cached === undefined && !settings.check;
  }

  /** The same for those of a nested pipeline. */
  isPlainFor(step: Step, child: ChildProgram): boolean {
    const settings = this.settingsFor(step, child);
    return this.run.tell === undefined && !nodesGoAway(settings) && settings.cache === undefined && !settings.check;
  }

  private leaveOff(left: LeftOff): void {
    this.turns.goOnAt(left.step.index + 1);
    if ("error" in left) this.fail(this.failed(left.step, left.error));
    else {
      const landing = Promise.resolve(left.promise).then((value) => land(value, left.step.uses, this.run.lists));
      this.settleStep(left.step, this.perhapsFailing(left.step, landing));
    }
  }

  /** Goes on where a straight run of it, outside, left off. */
  resume(left: LeftOff, pick: number): unknown {
    this.leaveOff(left);
    return this.finish(pick);
  }

  private failed(step: Step, error: unknown): NodeError {
    return failed({ execution: this, step, inputs: this.inputsOf(step), element: undefined }, error);
  }

  /** A method that is not declared async may still return a promise: its failure is a node's failure too. */
  private perhapsFailing(step: Step, value: Promise<unknown>): Promise<unknown> {
    return value.then(undefined, (error: unknown) => {
      throw this.failed(step, error);
    });
  }

  private begin(step: Step): void {
    if (step.map !== undefined && this.cached === undefined && (this.isElsewhere(step) || this.isShared(step))) {
      this.mapElsewhere(step);
      return;
    }
    if (step.map !== undefined) {
      this.maps ??= this.mapsGoAway ? new MapsAway(this) : new MapsHere(this);
      this.maps.begin(step);
      return;
    }
    if (this.cached !== undefined) {
      this.cached.begin(step);
      return;
    }
    try {
      this.settleStep(step, this.evaluate(step));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether the elements of maps go to threads, or on from here: from there, nothing goes to other places. */
  get mapsGoAway(): boolean {
    const { maps, containers } = this.settings;
    return containers !== undefined || (goesAway(maps) && !(this.plan.places && this.run.elsewhere !== undefined));
  }

  /** Whether a step is a nested pipeline that is in one other place as a whole. */
  isElsewhere({ child }: Step): boolean {
    if (child?.placement === undefined || this.run.elsewhere === undefined) return false;
    return this.settings.containers === undefined && sharing(child.placement) === undefined;
  }

  /** Whether a step is a nested pipeline in containers of its own that share its elements. */
  isShared({ child }: Step): boolean {
    if (this.run.elsewhere === undefined || this.settings.containers !== undefined) return false;
    return sharing(child?.placement) !== undefined;
  }

  private mapElsewhere(step: Step): void {
    try {
      const values = step.map!.lists.map((list) => this.read(list));
      const missing = this.collectedIn(step.map!.lists) ?? this.collectedBefore(step);
      if (missing !== undefined) this.end(step, missing);
      else if (this.isShared(step)) this.settleStep(step, this.mapShared(step));
      else this.settleStep(step, new MapElsewhere(this, step, this.listsOf(step, values)).run());
    } catch (error) {
      this.fail(error);
    }
  }

  private mapShared(step: Step): Promise<unknown[] | undefined> {
    return new Promise((resolve) => {
      const run = new FusedMaps(this, [step], (_, results) => {
        goesOn();
        resolve(results);
      });
      const goesOn = this.scope.onStop(() => run.close(this.scope.reason));
      run.start();
    });
  }

  settleStep(step: Step, value: unknown): void {
    if (isPromise(value))
      this.later(
        value,
        (settled) => this.end(step, settled),
        (error) => this.fail(error),
      );
    else this.end(step, value);
  }

  evaluate(step: Step): unknown {
    const missing = this.collectedBefore(step);
    if (missing !== undefined) return missing;
    if (this.nodesAway && step.child === undefined) return this.evaluateAway(step);
    const building = acquire(this, step);
    return building === undefined ? this.evaluateNow(step) : building.then(() => this.evaluateNow(step));
  }

  private evaluateNow(step: Step): unknown {
    const inputs = this.inputsOf(step);
    return collecting(this, step, () => perform(this, step, inputs, undefined));
  }

  /** In a thread, or in a container. What it needs of resources is built there. */
  private evaluateAway(step: Step): unknown {
    return this.settings.containers === undefined ? callAway(this, step) : runNodeElsewhere(this, step);
  }

  /** What every call of a step gets, after its elements. */
  inputsOf(step: Step): unknown[] {
    return step.arguments.map((argument) => this.input(argument));
  }

  /** What a node gets for an argument. */
  input({ slot, path }: Argument): unknown {
    const value = this.plan.collects ? this.shownIn(slot) : this.values[slot];
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
        ...{ code: "UNREADABLE_PATH", where: placeOf(this.path, [name, ...path].join(".")), cause },
        problem: `reading it failed with ${describeChain(cause)}`,
        advice: `A getter or a Proxy in what "${name}" gives threw that.`,
      });
    }
    // Where the record could not be copied when it landed.
    return land(value, undefined);
  }

  /** What a map goes over, if it is a list. */
  listAt(argument: Argument): List | undefined {
    return asList(this.read(argument), this.run.lists);
  }

  /** @throws {InputError} if what a mapped step goes over are no lists. */
  listsOf(step: Step, values: readonly unknown[]): List[] {
    return listsOf(step, values, this.placeOf(step), this.run.lists);
  }

  /** The collected error of what a step depends on, if there is one: it goes on in the place of the step's value. */
  collectedBefore(step: Step): CollectedError | undefined {
    if (!this.plan.collects) return undefined;
    const { resources } = this.plan;
    return this.collectedIn([...step.arguments, ...step.resources.flatMap((index) => resources[index]!.arguments)]);
  }

  /** The first collected error that stands for one of some arguments. */
  collectedIn(args: readonly Argument[]): CollectedError | undefined {
    if (!this.plan.collects) return undefined;
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
    cached: CachedExecution,
    running: Promise<void> | undefined,
    pick: number,
  ): Promise<unknown> {
    await running;
    if (cached.hasCollected) this.standing?.collected?.();
    await cached.loadOutputs();
    const result = this.result(pick);
    cached.place(result, pick);
    return result;
  }

  /** The execution of a nested pipeline, for a step or one of its elements. */
  nest(child: ChildProgram, values: unknown[], scope: Scope, step: Step, element: number | undefined): Execution {
    const settings = this.settingsFor(step, child);
    return new Execution(child.program, values, this.run, scope, settings, new Nested(this, step, element));
  }

  /** @throws if the child asks for what can't be done. */
  settingsFor(step: Step, child: ChildProgram): Settings {
    this.childSettings ??= [];
    this.childSettings[step.index] ??= this.settingsOf(step, child);
    return this.childSettings[step.index]!;
  }

  private settingsOf(step: Step, { plan, placement }: ChildProgram): Settings {
    const settings = settingsOf(choicesFor(this.settings.choices, step), plan.graph.pipeline);
    const containers = this.settings.containers ?? (this.run.elsewhere && sharing(placement));
    return containers === undefined ? settings : directing(settings, containers);
  }

  /** Waits for a promise that is part of this execution, then goes on. */
  later(promise: Promise<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.turns.count();
    this.calls++;
    this.run.waits();
    promise.then(
      (value) => this.goOn(ended, value),
      (error: unknown) => this.goOn(failed, error),
    );
  }

  private goOn(then: (settled: unknown) => void, settled: unknown): void {
    this.calls--;
    this.run.waited();
    // Who has failed already has told so, and is not waited for.
    if (this.settle === undefined && this.failure !== undefined) return;
    const before = entering(this.current);
    try {
      then(settled);
      this.proceed();
    } finally {
      leaving(before);
    }
  }

  private proceed(): void {
    this.advance();
    if (!this.isOver() || this.settle === undefined) return;
    const { resolve, reject } = this.settle;
    this.settle = undefined;
    const ending = this.ending();
    if (ending === undefined) resolve();
    else reject(ending.error);
  }

  /** A step has its value: those that wait for it may begin. */
  end(step: Step, value: unknown): void {
    this.values[step.slot] = value;
    if (this.endedAt !== undefined) this.endedAt[step.slot] = now();
    this.turns.end(step);
  }

  /** For how long a step could have begun and did not; unknown in a thread, where its values have been for long. */
  waitedMs(step: Step, at: number): number | undefined {
    if (this.window !== undefined || this.endedAt === undefined) return undefined;
    let readyAt = this.beganAt;
    for (const { slot } of step.arguments) readyAt = Math.max(readyAt, this.endedAt[slot]!);
    return at - readyAt;
  }

  /** The places of the steps, or of the elements, that have begun and not ended. */
  stepsUnderWay(): string[] {
    return this.plan.steps
      .filter((step) => this.turns.isUnderWay(step))
      .flatMap((step) => {
        const elements = this.maps?.elementsUnderWay?.(step) ?? [];
        return elements.length === 0 ? [this.placeOf(step)] : elements.map((element) => this.placeOf(step, element));
      });
  }

  /** Ends the execution: nothing more begins, and the maps under way are closed. The first error is the one that counts. */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error: this.scope.stopped ? this.scope.reason : error };
    this.maps?.close(this.failure.error);
  }

  tellMap(step: Step, more: DetailsOf<"map">): void {
    // What a thread has is a part of it; the whole is told of at home.
    if (this.window !== undefined) return;
    this.run.tell?.({ type: "map", path: placeOf(this.path, step.name), name: step.name, ...more });
  }

  placeOf(step: Step, element?: number): string {
    return placeOf(this.path, step.name, element);
  }
}

function nodesGoAway({ nodes, containers }: Settings): boolean {
  return containers !== undefined || goesAway(nodes);
}

/** The place of a nested pipeline, made when somebody asks. */
class Nested implements Standing {
  constructor(
    readonly outer: Execution,
    private readonly step: Step,
    private readonly element: number | undefined,
  ) {}

  get path(): string {
    return placeOf(this.outer.path, this.step.name, this.element);
  }

  collected(): void {
    this.outer.cached?.collectedIn(this.step, this.element);
  }
}

import type { Choices } from "../dsl/choices.js";
import { NodeError } from "../errors.js";
import type { Argument, Plan, Step } from "../graph/plan.js";
import { childChoices } from "../graph/reflect.js";
import { inputError } from "../values/inputs.js";
import { attempt, isGuarded } from "./attempt.js";
import { type CurrentRun, entering, leaving, within } from "./current-run.js";
import { type Happening, now } from "./events.js";
import { nodeError, placeOf } from "./failure.js";
import { Chain, MapRun } from "./map-run.js";
import type { ChildProgram, Program } from "./program.js";
import { isThenable } from "./resources.js";
import type { RunState } from "./run-state.js";
import type { Scope } from "./scope.js";
import { type Settings, settingsOf } from "./settings.js";

/** Where an execution stands: at the top, or in a nested step of another, perhaps for one of its elements. */
export interface Standing {
  readonly outer: Execution;
  readonly step: Step;
  readonly element: number | undefined;
}

/**
 * One execution of a plan: values in slots, and which step may begin. As long as every step ends at once it is a plain
 * loop that makes no promise; the first promise makes it keep count of who waits for whom.
 */
export class Execution {
  readonly plan: Plan;
  readonly current: CurrentRun;
  /** How many steps each step still waits for; undefined while all before the cursor have ended. */
  private waiting: number[] | undefined;
  private begun: Uint8Array | undefined;
  private maps: (MapRun | undefined)[] | undefined;
  private readonly ready: number[] = [];
  private cursor = 0;
  private underWay = 0;
  private failure: { readonly error: unknown } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;
  private childSettings: Settings[] | undefined;

  constructor(
    readonly program: Program,
    readonly values: unknown[],
    readonly run: RunState,
    readonly scope: Scope,
    readonly settings: Settings,
    private readonly standing?: Standing,
  ) {
    this.plan = program.plan;
    this.current = standing?.outer.scope === scope ? standing.outer.current : run.currentIn(scope);
    if (this.plan.flows) this.keepCount();
  }

  /** The pipeline's place: `Corpus.essays[3]`. */
  get path(): string {
    return this.standing === undefined
      ? this.plan.graph.pipeline
      : placeOf(this.standing.outer.path, this.standing.step.name, this.standing.element);
  }

  get stopped(): boolean {
    return this.failure !== undefined || this.scope.stopped;
  }

  /** @returns undefined if all steps ended at once; else a promise of their end. */
  start(): Promise<void> | undefined {
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

  /** The value in a slot, or the record of the outputs. */
  result(pick = -1): unknown {
    if (pick >= 0) return this.values[pick];
    const outputs: Record<string, unknown> = {};
    for (const { name, slot } of this.plan.outputs) outputs[name] = this.values[slot];
    return outputs;
  }

  private isOver(): boolean {
    return this.failure !== undefined || this.underWay === 0;
  }

  private ending(): { readonly error: unknown } | undefined {
    return this.failure ?? (this.scope.stopped ? { error: this.scope.reason } : undefined);
  }

  private advance(): void {
    const { steps } = this.plan;
    const sequential = this.settings.nodes === "sequential";
    if (this.waiting === undefined && this.run.tell === undefined && !this.plan.collects) this.runStraight();
    while (this.cursor < steps.length && !this.stopped && !(sequential && this.underWay > 0)) {
      const step = steps[this.cursor++]!;
      if (this.waiting === undefined || (this.waiting[step.index] === 0 && this.begun![step.index] === 0)) {
        this.begin(step);
      }
    }
    while (this.ready.length > 0 && !this.stopped) this.begin(steps[this.ready.shift()!]!);
  }

  /** Plain synchronous methods that nobody watches, one after another: a loop, and nothing else. */
  private runStraight(): void {
    const { values, scope } = this;
    const { methods, self, straight } = this.program;
    const { steps } = this.plan;
    let step: Step | undefined;
    try {
      while (this.cursor < straight && !scope.stopped) {
        step = steps[this.cursor++]!;
        const method = methods[step.index]!;
        const args = step.arguments;
        let value: unknown;
        if (args.length === 1) value = method.call(self, values[args[0]!.slot]);
        else if (args.length === 2) value = method.call(self, values[args[0]!.slot], values[args[1]!.slot]);
        else value = method.apply(self, this.inputsOf(step));
        if (isThenable(value)) {
          this.settleStep(step, this.perhapsFailing(step, value));
          return;
        }
        values[step.slot] = value;
      }
    } catch (error) {
      this.fail(this.failed(step!, error, this.inputsOf(step!), undefined, 1));
    }
  }

  /** A method that is not declared async may still return a promise: its failure is a node's failure too. */
  private perhapsFailing(step: Step, value: PromiseLike<unknown>): PromiseLike<unknown> {
    return value.then(undefined, (error: unknown) => {
      throw this.failed(step, error, this.inputsOf(step), undefined, 1);
    });
  }

  /** From now on steps are counted: not everything before the cursor has ended. */
  private keepCount(): void {
    if (this.waiting !== undefined) return;
    const { steps } = this.plan;
    this.waiting = steps.map((step) => step.waitsFor);
    this.begun = new Uint8Array(steps.length);
    for (let i = 0; i < this.cursor; i++) {
      this.begun[i] = 1;
      if (i < this.cursor - 1) for (const next of steps[i]!.next) this.waiting[next]!--;
    }
  }

  private begin(step: Step): void {
    if (this.begun !== undefined) this.begun[step.index] = 1;
    if (step.map !== undefined) {
      this.beginMap(step);
      return;
    }
    try {
      this.settleStep(step, this.evaluate(step));
    } catch (error) {
      this.fail(error);
    }
  }

  private settleStep(step: Step, value: unknown): void {
    if (isThenable(value)) this.later(value, (settled) => this.end(step, settled), (error) => this.fail(error));
    else this.end(step, value);
  }

  private evaluate(step: Step): unknown {
    const building = this.acquire(step);
    return building === undefined ? this.evaluateNow(step) : building.then(() => this.evaluateNow(step));
  }

  private evaluateNow(step: Step): unknown {
    const inputs = this.inputsOf(step);
    if (this.plan.collects) {
      const missing = inputs.find((value) => value instanceof NodeError);
      if (missing !== undefined) return missing;
    }
    return this.collecting(step, () => this.perform(step, inputs, undefined));
  }

  /** Where a step collects, its error takes the place of its value. */
  collecting(step: Step, call: () => unknown): unknown {
    if (step.node.options.onError !== "collect") return call();
    const collected = (error: unknown): unknown => {
      if (this.scope.stopped || !(error instanceof NodeError)) throw error;
      return error;
    };
    try {
      const value = call();
      return isThenable(value) ? value.then(undefined, collected) : value;
    } catch (error) {
      return collected(error);
    }
  }

  inputsOf(step: Step): unknown[] {
    return step.arguments.map((argument) => this.read(argument));
  }

  read({ slot, path }: Argument): unknown {
    let value = this.values[slot];
    if (path === undefined || value instanceof NodeError) return value;
    for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
    return value;
  }

  /** Builds the resources that a step needs, where they are not yet there. */
  acquire(step: Step): Promise<void> | undefined {
    for (const [at, index] of step.resources.entries()) {
      const { slot } = this.plan.resources[index]!;
      if (this.values[slot] !== undefined) continue;
      const resource = this.build(index);
      if (isThenable(resource)) {
        return Promise.resolve(resource).then((value) => {
          this.values[slot] = value;
          return at + 1 < step.resources.length ? this.acquire(step) : undefined;
        });
      }
      this.values[slot] = resource;
    }
    return undefined;
  }

  private build(index: number): unknown {
    const { name, arguments: from } = this.plan.resources[index]!;
    const { tell } = this.run;
    const path = placeOf(this.path, name);
    const inputs = from.map((argument) => this.read(argument));
    const failed = (error: unknown): never => {
      const failure = new NodeError({
        code: "RESOURCE_FAILED",
        where: path,
        problem: `the resource could not be built: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
        cause: error,
        node: name,
        attempts: 1,
      });
      tell?.({ type: "resource", phase: "failed", path, name, error: failure, durationMs: now() - at });
      throw failure;
    };
    let at = 0;
    const build = (): unknown => {
      at = now();
      tell?.({ type: "resource", phase: "start", path, name });
      const ended = (value: unknown): unknown => {
        tell?.({ type: "resource", phase: "end", path, name, durationMs: now() - at });
        return value;
      };
      try {
        const value = this.program.builders[index]!.apply(this.program.self, inputs);
        return isThenable(value) ? value.then(ended, failed) : ended(value);
      } catch (error) {
        return failed(error);
      }
    };
    return this.run.resources.acquire(this.program.pipeline, name, inputs, build, () =>
      tell?.({ type: "resource", phase: "disposed", path, name }),
    );
  }

  /**
   * Calls a step's method or nested pipeline, as its options say, and tells of it.
   *
   * @throws {NodeError}
   */
  perform(step: Step, inputs: readonly unknown[], element: number | undefined, size?: number): unknown {
    const guarded = isGuarded(step.node.options);
    if (this.run.tell !== undefined) return this.performTold(step, inputs, element, size, guarded);
    if (guarded) return this.attempts(step, inputs, element);
    const failed = (error: unknown): never => {
      throw this.failed(step, error, inputs, element, 1);
    };
    try {
      const value = this.once(step, inputs, element, this.scope);
      return isThenable(value) ? value.then(undefined, failed) : value;
    } catch (error) {
      return failed(error);
    }
  }

  private performTold(
    step: Step,
    inputs: readonly unknown[],
    element: number | undefined,
    size: number | undefined,
    guarded: boolean,
  ): unknown {
    const tell = this.run.tell!;
    const about = {
      path: placeOf(this.path, step.name, element),
      name: step.name,
      ...(element === undefined ? { type: "node" } : { type: "element", element, ...(size !== undefined && { size }) }),
    };
    const at = now();
    const say = (more: object) => tell({ ...about, ...more } as Happening);
    const ended = (value: unknown): unknown => {
      say({ phase: "end", durationMs: now() - at });
      return value;
    };
    const failed = (thrown: unknown): never => {
      const error = guarded ? thrown : this.failed(step, thrown, inputs, element, 1);
      say({ phase: "failed", error, durationMs: now() - at });
      throw error;
    };
    say({ phase: "start" });
    try {
      const value = guarded
        ? this.attempts(step, inputs, element, (error, attempt, delayMs) =>
            say({ phase: "retried", error, attempt, delayMs }),
          )
        : this.once(step, inputs, element, this.scope);
      return isThenable(value) ? value.then(ended, failed) : ended(value);
    } catch (error) {
      return failed(error);
    }
  }

  private attempts(
    step: Step,
    inputs: readonly unknown[],
    element: number | undefined,
    retried?: (error: unknown, attempt: number, delayMs: number) => void,
  ): unknown {
    return attempt(
      {
        where: () => placeOf(this.path, step.name, element),
        options: step.node.options,
        scope: this.scope,
        retried,
        failed: (error, attempts) => this.failed(step, error, inputs, element, attempts),
      },
      (scope) => this.once(step, inputs, element, scope),
    );
  }

  failed(step: Step, error: unknown, inputs: readonly unknown[], element: number | undefined, attempts: number) {
    return nodeError(error, { step, path: this.path, element, inputs, attempts });
  }

  /** One call, in a scope. */
  private once(step: Step, inputs: readonly unknown[], element: number | undefined, scope: Scope): unknown {
    const child = this.program.children[step.index];
    if (child !== undefined) return this.runChild(step, child, inputs, element, scope);
    const method = this.program.methods[step.index]!;
    const call = () => method.apply(this.program.self, inputs as unknown[]);
    if (scope === this.scope) return call();
    return within(this.run.currentIn(scope), this.program.anyAsync, call);
  }

  private runChild(
    step: Step,
    child: ChildProgram,
    inputs: readonly unknown[],
    element: number | undefined,
    scope: Scope,
  ): unknown {
    const values = child.values.slice();
    const lists = child.elementSlots.length;
    for (let i = 0; i < inputs.length; i++) {
      // An undefined value leaves the child its default, as if the input were not wired.
      if (inputs[i] === undefined) continue;
      if (i < lists) for (const slot of child.elementSlots[i]!) values[slot] = inputs[i];
      else if (child.argumentSlots[i - lists]! >= 0) values[child.argumentSlots[i - lists]!] = inputs[i];
    }
    const execution = new Execution(child.program, values, this.run, scope, this.settingsFor(step, child), {
      outer: this,
      step,
      element,
    });
    const checking = child.checks?.violations(values);
    if (checking === undefined) return execution.finish(child.pick);
    return checking.then((violations) => {
      if (violations.length > 0) throw inputError(execution.path, violations);
      return execution.finish(child.pick);
    });
  }

  /** Runs, and gives the result: at once, or a promise of it. */
  finish(pick = -1): unknown {
    const running = this.start();
    return running === undefined ? this.result(pick) : running.then(() => this.result(pick));
  }

  private settingsFor(step: Step, child: ChildProgram): Settings {
    this.childSettings ??= [];
    this.childSettings[step.index] ??= settingsOf(
      childChoices(this.settings.choices as Choices, child.nested),
      child.plan.graph.pipeline,
    );
    return this.childSettings[step.index]!;
  }

  // Maps.

  /** Begins a map, and with it the maps that take its elements as they come and lack nothing else. */
  private beginMap(first: Step): void {
    const chain = new Chain(this);
    const pending = [first];
    for (let step = pending.shift(); step !== undefined; step = pending.shift()) {
      if (!this.addMap(step, chain)) return;
      for (const index of step.map!.followers) {
        if (--this.waiting![index]! > 0 || this.begun![index] === 1) continue;
        this.begun![index] = 1;
        pending.push(this.plan.steps[index]!);
      }
    }
    chain.pump();
  }

  /** @returns false if it can't be mapped: the execution has failed. */
  private addMap(step: Step, chain: Chain): boolean {
    this.maps ??= [];
    const values = step.map!.lists.map((list) => this.read(list));
    const missing = this.plan.collects ? values.find((value) => value instanceof NodeError) : undefined;
    if (missing !== undefined) {
      this.end(step, missing);
      return true;
    }
    let map: MapRun;
    try {
      const flowing = step.map!.flowsFrom.map((index) => (index < 0 ? undefined : this.maps![index]));
      map = new MapRun(this, step, values, flowing, (results) => this.mapEnded(step, results));
    } catch (error) {
      this.fail(error);
      return false;
    }
    this.maps[step.index] = map;
    this.values[step.slot] = map.results;
    this.underWay++;
    chain.add(map);
    return true;
  }

  private mapEnded(step: Step, value: unknown): void {
    this.underWay--;
    this.end(step, value);
  }

  /** Waits for a promise that is part of this execution, then goes on. */
  later(promise: PromiseLike<unknown>, ended: (value: unknown) => void, failed: (error: unknown) => void): void {
    this.keepCount();
    this.underWay++;
    this.run.waits();
    promise.then(
      (value) => this.goOn(ended, value),
      (error: unknown) => this.goOn(failed, error),
    );
  }

  private goOn(then: (settled: unknown) => void, settled: unknown): void {
    this.underWay--;
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

  private end(step: Step, value: unknown): void {
    this.values[step.slot] = value;
    if (this.waiting === undefined) return;
    for (const next of step.next) {
      if (--this.waiting[next]! === 0 && next < this.cursor && this.begun![next] === 0) this.ready.push(next);
    }
  }

  fail(error: unknown): void {
    this.failure ??= { error: this.scope.stopped ? this.scope.reason : error };
  }

  tellMap(step: Step, more: object): void {
    this.run.tell?.({ type: "map", path: placeOf(this.path, step.name), name: step.name, ...more } as Happening);
  }

  placeOf(step: Step, element?: number): string {
    return placeOf(this.path, step.name, element);
  }
}

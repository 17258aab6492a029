import { HypernodesError, type NodeError } from "../errors.js";
import { type Argument, nameAt, type Plan, type Step } from "../graph/plan.js";
import { describeChain } from "../util/describe.js";
import { getOrCreate } from "../util/get-or-create.js";
import { convertInputs } from "./elements/convert-inputs.js";
import { type List, resolveLists, toArrayLike } from "./elements/lists.js";
import type { MapSlice } from "./elements/map-slice.js";
import { CollectedError, withErrors } from "./failures/collected.js";
import { nodeError, pathOf } from "./failures/node-errors.js";
import type { CancelScope } from "./lifecycle/cancel-scope.js";
import type { CurrentRun } from "./lifecycle/current-run.js";
import { type DetailsOf, now } from "./lifecycle/events.js";
import type { RunContext } from "./lifecycle/run-context.js";
import type { Program } from "./program/program.js";
import type { ResolvedExecution } from "./settings.js";

/** The position of an execution that is not at the top of a run. */
export interface PathContext {
  /** The path of the pipeline: `Corpus.essays[3]`. */
  readonly path: string;
  /** The execution that it is a nested step of, in this thread. */
  readonly parent?: ExecutionContext;
}

/**
 * The data of one execution of a plan: the program, the values in their slots, the settings and the path. It schedules nothing,
 * routes nothing and caches nothing: every part of the engine is handed it, and it knows none of them.
 */
export class ExecutionContext {
  readonly plan: Plan;
  readonly currentRun: CurrentRun;
  /** The time of the execution's start, in milliseconds since the Unix epoch; 0 without a listener. */
  protected readonly startedAt: number = 0;
  /** The time when each slot got its value; undefined without a listener. */
  protected readonly endedAt: Float64Array | undefined;
  /** Lists that contain collected errors, as nodes see them. */
  private listsWithErrors: WeakMap<object, unknown> | undefined;

  /**
   * @param values by slot.
   * @param slice the part of a map that this execution computes, where it is not all of it.
   */
  constructor(
    readonly program: Program,
    readonly values: unknown[],
    readonly run: RunContext,
    readonly scope: CancelScope,
    readonly settings: ResolvedExecution,
    private readonly position?: PathContext,
    readonly slice?: MapSlice,
  ) {
    this.plan = program.plan;
    this.currentRun = position?.parent?.scope === scope ? position.parent.currentRun : run.currentIn(scope);
    if (run.emit === undefined) return;
    this.startedAt = now();
    this.endedAt = new Float64Array(this.plan.slots);
  }

  /** The path of the pipeline: `Corpus.essays[3]`. */
  get path(): string {
    return this.position === undefined ? this.plan.graph.pipeline : this.position.path;
  }

  pathOf(step: Step, element?: number): string {
    return pathOf(this.path, step.name, element);
  }

  /** The arguments of every call of a step, after its elements. */
  inputsOf(step: Step): unknown[] {
    return step.arguments.map((argument) => this.input(argument));
  }

  /** The value that a node gets for an argument. */
  input({ slot, path }: Argument): unknown {
    const value = this.plan.collectsErrors ? this.withErrorsIn(slot) : this.values[slot];
    return path === undefined ? value : this.valueAt(value, slot, path);
  }

  /** The same with collected errors as what they are. */
  read({ slot, path }: Argument): unknown {
    const value = this.values[slot];
    return path === undefined || CollectedError.is(value) ? value : this.valueAt(value, slot, path);
  }

  /** The value in a slot as nodes see it: the same list for all of them. */
  protected withErrorsIn(slot: number): unknown {
    const value = this.values[slot];
    if (!Array.isArray(value)) return withErrors(value);
    this.listsWithErrors ??= new WeakMap();
    return getOrCreate(this.listsWithErrors, value, () => withErrors(value));
  }

  /** Notes that elements of a list were replaced in place, so that nodes do not see those before. */
  listChanged(list: object): void {
    this.listsWithErrors?.delete(list);
  }

  private valueAt(whole: unknown, slot: number, path: readonly string[]): unknown {
    let value = whole;
    try {
      for (const key of path) {
        // A collected error stands for everything that would be in the value.
        if (CollectedError.is(value)) return value;
        value = (value as Record<string, unknown> | null | undefined)?.[key];
      }
    } catch (cause) {
      const name = nameAt(this.plan, slot);
      throw new HypernodesError({
        ...{ code: "UNREADABLE_PATH", where: pathOf(this.path, [name, ...path].join(".")), cause },
        problem: `reading it failed with ${describeChain(cause)}`,
        advice: `A getter or a Proxy in the value of "${name}" threw the error.`,
      });
    }
    // The record could not be converted as a whole.
    return convertInputs(value, undefined);
  }

  /** The list of a mapped dependency; undefined if its value is not a list. */
  listAt(argument: Argument): List | undefined {
    return toArrayLike(this.read(argument), this.run.lists);
  }

  /** @throws {InputError} if the values that a mapped step goes over are no lists, or differ in length. */
  listsOf(step: Step, values: readonly unknown[]): List[] {
    return resolveLists(step, values, this.pathOf(step), this.run.lists);
  }

  /** The collected error of a dependency of a step, if there is one: it takes the place of the step's value. */
  collectedBefore(step: Step): CollectedError | undefined {
    if (!this.plan.collectsErrors) return undefined;
    const { resources } = this.plan;
    return this.collectedIn([...step.arguments, ...step.resources.flatMap((index) => resources[index]!.arguments)]);
  }

  /** The first collected error among some arguments. */
  collectedIn(args: readonly Argument[]): CollectedError | undefined {
    if (!this.plan.collectsErrors) return undefined;
    for (const argument of args) {
      const value = this.read(argument);
      if (CollectedError.is(value)) return value;
    }
    return undefined;
  }

  /**
   * The value in a slot, or the record of the outputs.
   *
   * @param pick a slot; -1: the record of the outputs.
   * @param keepsCollected whether collected errors stay what they are: the execution is a part of one in another process.
   */
  result(pick = -1, keepsCollected = false): unknown {
    if (!this.plan.collectsErrors || keepsCollected) return resultOf(this.plan, this.values, pick);
    const values = this.values.slice();
    for (const { slot } of this.plan.outputs) values[slot] = this.withErrorsIn(slot);
    return resultOf(this.plan, values, pick);
  }

  /** The error of a step's call that failed. */
  failed(step: Step, error: unknown): NodeError {
    return nodeError(error, { step, path: this.path, element: undefined, inputs: this.inputsOf(step), attempts: 1 });
  }

  emitMapEvent(step: Step, more: DetailsOf<"map">): void {
    // A worker has a part of the map; the events of the whole map are emitted where it is divided.
    if (this.slice !== undefined) return;
    this.run.emit?.({ type: "map", path: this.pathOf(step), name: step.name, ...more });
  }

  /**
   * The queue time of a step: milliseconds for which it was ready before it started.
   *
   * @param at the time of its start, in milliseconds since the Unix epoch.
   * @returns undefined where it is not known: in a worker thread, whose values are older.
   */
  queuedMs(step: Step, at: number): number | undefined {
    if (this.slice !== undefined || this.endedAt === undefined) return undefined;
    let readyAt = this.startedAt;
    for (const { slot } of step.arguments) readyAt = Math.max(readyAt, this.endedAt[slot]!);
    return at - readyAt;
  }
}

/** The position of a nested pipeline. Its path is made on demand. */
export class NestedPath implements PathContext {
  constructor(
    readonly parent: ExecutionContext,
    private readonly step: Step,
    private readonly element: number | undefined,
  ) {}

  get path(): string {
    return this.parent.pathOf(this.step, this.element);
  }
}

/** The value in a slot; for -1 the record of a plan's outputs. */
export function resultOf(plan: Plan, values: readonly unknown[], pick: number): unknown {
  if (pick >= 0) return values[pick];
  const outputs: Record<string, unknown> = {};
  for (const { name, slot } of plan.outputs) outputs[name] = values[slot];
  return outputs;
}

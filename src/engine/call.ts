import { NodeError } from "../errors.js";
import type { Step } from "../graph/plan.js";
import { attempt, isGuarded } from "./attempt.js";
import { type CallPlace, ended, failedWith, retried, started } from "./call-events.js";
import { CollectedError } from "./collected.js";
import { within } from "./current-run.js";
import { runChildElsewhere } from "./elsewhere.js";
import { now } from "./events.js";
import type { Execution } from "./execution.js";
import { hasChangedInput, nodeError, placeOf } from "./failure.js";
import { land } from "./landing.js";
import type { ChildProgram } from "./program.js";

import { resultOf } from "./result.js";
import type { Scope } from "./scope.js";
import { runStraight } from "./straight.js";
import { adopted, isPrimitive, isPromise, promiseOf } from "./thenable.js";

/** One call of a step: for the step as a whole, for an element, or for a batch that begins with it. */
export interface Call {
  readonly execution: Execution;
  readonly step: Step;
  readonly inputs: readonly unknown[];
  readonly element: number | undefined;
}

type Retried = (error: unknown, attempt: number, delayMs: number) => void;

/**
 * Calls a step's method or nested pipeline, as its options say, and tells of it.
 *
 * @param size how many elements a batch has.
 * @returns the value, or a promise of it if the call takes one.
 * @throws {NodeError}
 */
export function perform(
  execution: Execution,
  step: Step,
  inputs: readonly unknown[],
  element: number | undefined,
  size?: number,
): unknown {
  const call: Call = { execution, step, inputs, element };
  const guarded = isGuarded(step.node.options);
  if (execution.run.tell !== undefined) return performTold(call, size, guarded);
  if (guarded) return attempts(call, undefined);
  return settling(
    () => once(call, execution.scope),
    undefined,
    (error) => failed(call, error),
  );
}

/** Where a step collects, its error takes the place of its value. */
export function collecting({ scope }: Execution, step: Step, call: () => unknown): unknown {
  if (step.node.options.onError !== "collect") return call();
  const collected = (error: unknown): unknown => {
    if (scope.stopped || !(error instanceof NodeError) || hasChangedInput(error)) throw error;
    return new CollectedError(error);
  };
  try {
    const value = call();
    return isPromise(value) ? value.then(undefined, collected) : value;
  } catch (error) {
    return collected(error);
  }
}

function performTold(call: Call, size: number | undefined, guarded: boolean): unknown {
  const { execution, step, element } = call;
  const { run } = execution;
  const path = placeOf(execution.path, step.name, element);
  const tell = run.tell!;
  const place: CallPlace = { path, name: step.name, element, size };
  const at = now();
  const again: Retried = (error, attempt, delayMs) => tell(retried(place, error, attempt, delayMs));
  tell(started(place, element === undefined ? execution.waitedMs(step, at) : undefined));
  const compute = () => (guarded ? attempts(call, again) : once(call, execution.scope));
  return settling(
    run.context === undefined ? compute : () => run.context!.within(run.id, path, compute),
    () => tell(ended(place, now() - at)),
    (thrown) => {
      const error = guarded ? thrown : failed(call, thrown);
      tell(failedWith(place, error, now() - at));
      return error;
    },
  );
}

function attempts(call: Call, retried: Retried | undefined): unknown {
  const { execution, step, element } = call;
  return attempt(
    {
      where: () => placeOf(execution.path, step.name, element),
      options: step.node.options,
      scope: execution.scope,
      retried,
      failed: (error, tries) => failed(call, error, tries),
    },
    (scope) => once(call, scope),
  );
}

/** The error of a call that failed. */
export function failed({ execution, step, inputs, element }: Call, error: unknown, tries = 1): NodeError {
  return nodeError(error, { step, path: execution.path, element, inputs, attempts: tries });
}

/** One attempt, in a scope. */
function once(call: Call, scope: Scope): unknown {
  if (!call.execution.settings.check) return onceUnchecked(call, scope);
  return call.execution.run.purity.call(call, call.inputs, () => onceUnchecked(call, scope));
}

function onceUnchecked(call: Call, scope: Scope): unknown {
  const { execution, step, inputs } = call;
  const { children, methods, self, anyAsync } = execution.program;
  const child = children[step.index];
  if (child !== undefined) return runChild(call, child, scope);
  const method = methods[step.index]!;
  const compute = () => method.apply(self, inputs as unknown[]) as unknown;
  const value = scope === execution.scope ? compute() : within(execution.run.currentIn(scope), anyAsync, compute);
  if (isPrimitive(value)) return value;
  const promise = promiseOf(value);
  const landed = (settled: unknown) => land(settled, step.uses, execution.run.lists);
  if (step.map !== undefined && step.map.batch > 0) return promise?.then(settledElements) ?? settledElements(value);
  return promise?.then(landed) ?? landed(value);
}

/** The values of a batch: some of them may be promises, as `xs.map(async (x) => ...)` gives them. */
function settledElements(values: unknown): unknown {
  if (!Array.isArray(values)) return values;
  const settling = values.map(adopted);
  return settling.some(isPromise) ? Promise.all(settling) : values;
}

/** True if calls of a nested pipeline need no execution of their own: it has plain methods alone, and nobody watches. */
export function runsStraight(execution: Execution, step: Step, child: ChildProgram): boolean {
  return child.plain && !execution.isElsewhere(step) && execution.isPlainFor(step, child);
}

/** Runs a nested pipeline for a call. One of plain methods alone that nobody watches needs no execution of its own. */
export function runChild({ execution, step, inputs, element }: Call, child: ChildProgram, scope: Scope): unknown {
  const values = childValues(child, inputs, execution);
  if (execution.isElsewhere(step)) return checkedElsewhere({ execution, step, inputs, element }, child, values, scope);
  if (child.plain && execution.isPlainFor(step, child) && scope === execution.scope && !scope.stopped) {
    const left = runStraight(child.program, values, scope, 0, execution.run);
    if (left !== undefined) return execution.nest(child, values, scope, step, element).resume(left, child.pick);
    if (!scope.stopped) return resultOf(child.plan, values, child.pick);
  }
  const inner = execution.nest(child, values, scope, step, element);
  const checking = checkInputs(child, inputs, values, execution, inner.path);
  if (checking === undefined) return inner.finish(child.pick);
  return checking.then(() => inner.finish(child.pick));
}

/** The values of a nested pipeline's slots when a call of it begins. */
export function childValues(child: ChildProgram, inputs: readonly unknown[], execution: Execution): unknown[] {
  const values = child.values.slice();
  const lists = child.elementSlots.length;
  for (let i = 0; i < inputs.length; i++) {
    // An undefined value leaves the child its default, as if the input were not wired.
    if (inputs[i] === undefined) continue;
    if (i < lists) putElement(child, values, i, inputs[i], execution);
    else if (child.argumentSlots[i - lists]! >= 0) values[child.argumentSlots[i - lists]!] = inputs[i];
  }
  return values;
}

/** Decorators are given lists where iterators were, and may make iterators of them again. */
export function checkInputs(
  { checks, elementUses }: ChildProgram,
  inputs: readonly unknown[],
  values: unknown[],
  { run }: Execution,
  where: string,
): Promise<void> | undefined {
  const relanded = (): undefined => {
    for (const [slot, uses] of elementUses ?? []) values[slot] = land(values[slot], uses, run.lists);
  };
  const checking = checks?.check(
    inputs.map((input) => land(input, undefined)),
    values,
    where,
  );
  if (checking !== undefined) return checking.then(relanded);
  if (checks !== undefined) relanded();
  return undefined;
}

/**
 * Puts an element of a list into the slots of the inputs that get it. It was no part of what landed as a whole: it lands where
 * it becomes an input. An undefined one leaves the child its default.
 */
export function putElement(
  { elementSlots, elementUses }: ChildProgram,
  values: unknown[],
  list: number,
  element: unknown,
  { run }: Execution,
): void {
  if (element === undefined) return;
  for (const slot of elementSlots[list]!) {
    values[slot] = elementUses === undefined ? element : land(element, elementUses.get(slot), run.lists);
  }
}

/** What is wrong with its inputs is told here, before they go anywhere. */
async function checkedElsewhere(call: Call, child: ChildProgram, values: unknown[], scope: Scope): Promise<unknown> {
  const { execution, step, inputs, element } = call;
  await checkInputs(child, inputs, values, execution, placeOf(execution.path, step.name, element));
  return runChildElsewhere(call, child, values, scope);
}

/** Calls, and does the same after an end at once as after one that is waited for. */
export function settling(
  call: () => unknown,
  ended: ((value: unknown) => void) | undefined,
  failure: (error: unknown) => unknown,
): unknown {
  const fail = (error: unknown): never => {
    throw failure(error);
  };
  const end =
    ended === undefined
      ? undefined
      : (value: unknown): unknown => {
          ended(value);
          return value;
        };
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    return fail(error);
  }
  if (isPromise(value)) return value.then(end, fail);
  return end === undefined ? value : end(value);
}

import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { adopted, isPrimitive, isPromise, promiseOf } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import type { RunningExecution, StepCall } from "../executor.js";
import { CollectedError } from "../failures/collected.js";
import { hasChangedInput, nodeError, pathOf } from "../failures/node-errors.js";
import { isGuarded } from "../failures/retry-policy.js";
import { settle } from "../failures/settle.js";
import { type CallPath, ended, failedWith, retried, started } from "../lifecycle/call-events.js";
import type { CancelScope } from "../lifecycle/cancel-scope.js";
import { withRun } from "../lifecycle/current-run.js";
import { now } from "../lifecycle/events.js";
import type { NestedProgram } from "../program/program.js";
import { callWithPolicy } from "./retry.js";

type RetryHook = (error: unknown, attempt: number, delayMs: number) => void;

/**
 * Calls a step's method or nested pipeline, as its options say, and emits the events of the call.
 *
 * @param size the number of elements of a batch.
 * @returns the value, or a promise of it if the call takes one.
 * @throws {NodeError}
 */
export function invokeStep(
  execution: RunningExecution,
  step: Step,
  inputs: readonly unknown[],
  element: number | undefined,
  size?: number,
): unknown {
  const call: StepCall = { execution, step, inputs, element };
  const guarded = isGuarded(step.node.options);
  if (execution.run.emit !== undefined) return invokeWithEvents(call, size, guarded);
  if (guarded) return invokeWithPolicy(call, undefined);
  return settle(
    () => invokeOnce(call, execution.scope),
    undefined,
    (error) => toNodeError(call, error),
  );
}

/** Collects the error of a step, if its options say so: it takes the place of the value. */
export function collectError({ scope }: RunningExecution, step: Step, call: () => unknown): unknown {
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

function invokeWithEvents(call: StepCall, size: number | undefined, guarded: boolean): unknown {
  const { execution, step, element } = call;
  const { run } = execution;
  const path = pathOf(execution.path, step.name, element);
  const emit = run.emit!;
  const place: CallPath = { path, name: step.name, element, size };
  const at = now();
  const again: RetryHook = (error, attempt, delayMs) => emit(retried(place, error, attempt, delayMs));
  emit(started(place, element === undefined ? execution.queuedMs(step, at) : undefined));
  const compute = () => (guarded ? invokeWithPolicy(call, again) : invokeOnce(call, execution.scope));
  return settle(
    run.context === undefined ? compute : () => run.context!.withSpan(run.id, path, compute),
    () => emit(ended(place, now() - at)),
    (thrown) => {
      const error = guarded ? thrown : toNodeError(call, thrown);
      emit(failedWith(place, error, now() - at));
      return error;
    },
  );
}

function invokeWithPolicy(call: StepCall, retried: RetryHook | undefined): unknown {
  const { execution, step, element } = call;
  return callWithPolicy(
    {
      path: () => pathOf(execution.path, step.name, element),
      options: step.node.options,
      scope: execution.scope,
      retried,
      failed: (error, tries) => toNodeError(call, error, tries),
    },
    (scope) => invokeOnce(call, scope),
  );
}

/** The error of a call that failed. */
export function toNodeError({ execution, step, inputs, element }: StepCall, error: unknown, tries = 1): NodeError {
  return nodeError(error, { step, path: execution.path, element, inputs, attempts: tries });
}

/** One attempt, in a scope. */
function invokeOnce(call: StepCall, scope: CancelScope): unknown {
  if (!call.execution.settings.check) return invokeUnchecked(call, scope);
  return call.execution.run.purity.call(call, call.inputs, () => invokeUnchecked(call, scope));
}

function invokeUnchecked(call: StepCall, scope: CancelScope): unknown {
  const { execution, step, inputs } = call;
  const { children, methods, self, hasAsyncMethod: anyAsync } = execution.program;
  const child = children[step.index];
  if (child !== undefined) return execution.callNested(call, child, scope);
  const method = methods[step.index]!;
  const compute = () => method.apply(self, inputs as unknown[]) as unknown;
  const value = scope === execution.scope ? compute() : withRun(execution.run.currentIn(scope), anyAsync, compute);
  if (isPrimitive(value)) return value;
  const promise = promiseOf(value);
  const convert = (settled: unknown) => convertInputs(settled, step.uses, execution.run.lists);
  if (step.map !== undefined && step.map.batch > 0) return promise?.then(settleElements) ?? settleElements(value);
  return promise?.then(convert) ?? convert(value);
}

/** The values of a batch: some of them may be promises, as `xs.map(async (x) => ...)` gives them. */
function settleElements(values: unknown): unknown {
  if (!Array.isArray(values)) return values;
  const settling = values.map(adopted);
  return settling.some(isPromise) ? Promise.all(settling) : values;
}

/** The values of a nested pipeline's slots when a call of it begins. */
export function childValues(child: NestedProgram, inputs: readonly unknown[], execution: RunningExecution): unknown[] {
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
  { checks, plan }: NestedProgram,
  inputs: readonly unknown[],
  values: unknown[],
  { run }: RunningExecution,
  where: string,
): Promise<void> | undefined {
  const convertAgain = (): undefined => {
    for (const { slot, uses } of plan.inputs) values[slot] = convertInputs(values[slot], uses, run.lists);
  };
  const checking = checks?.check(
    inputs.map((input) => convertInputs(input, undefined)),
    values,
    where,
  );
  if (checking !== undefined) return checking.then(convertAgain);
  if (checks !== undefined) convertAgain();
  return undefined;
}

/**
 * Puts an element of a list into the slots of the inputs that get it. The list as a whole was converted without it: it is
 * converted where it becomes an input. An undefined one leaves the child its default.
 */
export function putElement(
  { elementSlots, elementUses }: NestedProgram,
  values: unknown[],
  list: number,
  element: unknown,
  { run }: RunningExecution,
): void {
  if (element === undefined) return;
  for (const slot of elementSlots[list]!) {
    values[slot] = elementUses === undefined ? element : convertInputs(element, elementUses.get(slot), run.lists);
  }
}

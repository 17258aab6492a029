import { NodeError } from "../../errors.js";
import { type Dependency, formatDependency, mappedDependencies } from "../../graph/graph.js";
import type { Plan, Step } from "../../graph/plan.js";
import { printPath } from "../../values/object-kinds.js";
import { Snapshot } from "../../values/snapshot.js";
import { CHANGED_INPUT, pathOf } from "../failures/node-errors.js";

/** A value that calls in flight have taken. */
interface RecordedValue {
  /** Its state when the first of them took it. */
  readonly before: Snapshot;
  /** The places of these calls. */
  readonly by: string[];
}

/** An input of a call, with its origin: `what Lists.split made`. */
interface RecordedArgument {
  readonly value: object;
  readonly from: string;
}

/** The step or resource that may have changed its inputs. */
interface CallerPath {
  readonly place: string;
  readonly node: string;
  readonly element: number | undefined;
}

/** The execution of a checked call. */
interface CheckedExecution {
  readonly plan: Plan;
  readonly path: string;
  pathOf(step: Step, element?: number): string;
}

/** One call of a step, for the check. */
export interface CheckedCall {
  readonly execution: CheckedExecution;
  readonly step: Step;
  readonly element: number | undefined;
}

/**
 * Finds nodes that change what they take, and objects that are in two results: `execution: { check: true }`. A value is
 * looked at when a call takes it, and again when the call has ended.
 */
export class PurityCheck {
  private readonly records = new WeakMap<object, RecordedValue>();
  /** The origins of objects, for nested pipelines that are given them. */
  private readonly sources = new WeakMap<object, string>();
  /** The places of the calls that gave objects. */
  private readonly givers = new WeakMap<object, string>();

  /** @param warn says something, once for all that it is about. */
  constructor(private readonly warn: (message: string, about: string) => void) {}

  /**
   * Makes a call, and looks whether it has changed what it took.
   *
   * @param inputs its elements, then what it shares with others: for a map, that is looked at as a whole, by `watch`.
   * @throws {NodeError} `CHANGED_INPUT`
   */
  call(call: CheckedCall, inputs: readonly unknown[], compute: () => unknown): unknown {
    const { execution, step } = call;
    const taking = step.map === undefined ? sharedOf(execution, step, inputs) : elementsOf(call, inputs);
    if (step.child !== undefined) {
      // The nodes inside of it are looked at, not the pipeline.
      for (const { value, from } of taking) if (!this.sources.has(value)) this.sources.set(value, from);
      return compute();
    }
    return this.around(callerOf(call), taking, compute, (value) => {
      this.gave(execution.pathOf(step, call.element), value);
    });
  }

  /** Records the inputs that all calls of a map share. @returns a function that checks at its end that they did not change. */
  shared(execution: CheckedExecution, step: Step, inputs: readonly unknown[]): () => void {
    if (step.child !== undefined) return () => {};
    return this.watch(callerOf({ execution, step, element: undefined }), sharedOf(execution, step, inputs));
  }

  /**
   * Builds a resource, and looks whether that has changed what it is built from.
   *
   * @throws {NodeError} `CHANGED_INPUT`
   */
  resource(execution: CheckedExecution, name: string, inputs: readonly unknown[], build: () => unknown): unknown {
    const { dependencies } = execution.plan.graph.nodes.find((node) => node.name === name)!;
    const caller = { place: pathOf(execution.path, name), node: name, element: undefined };
    return this.around(caller, argumentsOf(execution, name, dependencies, inputs), build, () => {});
  }

  /** Computes something, and looks whether that, failed or not, has changed what it took. */
  private around(
    caller: CallerPath,
    taking: readonly RecordedArgument[],
    compute: () => unknown,
    onValue: (value: unknown) => void,
  ): unknown {
    const end = this.watch(caller, taking);
    const fail = (error: unknown): never => {
      end(error);
      throw error;
    };
    const done = (value: unknown): unknown => {
      end();
      onValue(value);
      return value;
    };
    let value: unknown;
    try {
      value = compute();
    } catch (error) {
      return fail(error);
    }
    return value instanceof Promise ? value.then(done, fail) : done(value);
  }

  /** @returns what looks whether anything was changed, and throws if it was. */
  private watch(caller: CallerPath, taking: readonly RecordedArgument[]): (cause?: unknown) => void {
    const { place } = caller;
    for (const { value } of taking) {
      const known = this.records.get(value);
      if (known === undefined) this.records.set(value, { before: new Snapshot(value), by: [place] });
      else known.by.push(place);
    }
    return (cause) => {
      const errors = taking.map((each) => this.end(caller, each, cause));
      const error = errors.find((each) => each !== undefined);
      if (error !== undefined) throw error;
    };
  }

  private end(
    { place, node, element }: CallerPath,
    { value, from }: RecordedArgument,
    cause: unknown,
  ): NodeError | undefined {
    const { before, by } = this.records.get(value)!;
    by.splice(by.indexOf(place), 1);
    if (by.length === 0) this.records.delete(value);
    const at = before.change();
    if (at === undefined) return undefined;
    const others = [...new Set(by)];
    const who = others.length === 0 ? "it" : `it, or ${others.slice(0, 3).join(" or ")} at the same time,`;
    const source = this.sources.get(value) ?? from;
    return new NodeError({
      code: CHANGED_INPUT,
      where: place,
      problem: `${who} changed ${source}${at.length === 0 ? "" : `, at ${printPath(at).replace(/^\./, "")}`}`,
      advice: "Others take the same value. Change a copy: structuredClone(value), or [...list] before sort().",
      cause,
      node,
      element,
      attempts: 1,
    });
  }

  /** Objects that are in two results: a change of one changes the other. */
  private gave(place: string, value: unknown): void {
    for (const each of Array.isArray(value) ? [value, ...value] : [value]) {
      if (typeof each !== "object" || each === null) continue;
      const before = this.givers.get(each);
      if (before === undefined) this.givers.set(each, place);
      else if (before !== place) {
        const nodes = [before, place].map((one) => one.replaceAll(/\[\d+\]/g, ""));
        this.warn(
          `${before} and ${place} gave the same object: from a cache, or a thread, they are two`,
          `${nodes.join()} gave the same object`,
        );
      }
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The inputs of every call of a step, without resources. */
function sharedOf(execution: CheckedExecution, step: Step, inputs: readonly unknown[]): RecordedArgument[] {
  const shared = inputs.slice(inputs.length - step.arguments.length);
  const dependencies = step.node.dependencies.filter(({ as }) => as === "value");
  return argumentsOf(execution, step.name, dependencies, shared);
}

function argumentsOf(
  execution: CheckedExecution,
  name: string,
  dependencies: readonly Dependency[],
  values: readonly unknown[],
): RecordedArgument[] {
  return dependencies.flatMap((dependency, i) => {
    const value = values[i];
    if (!isObject(value) || roleOf(execution, dependency) === "resource") return [];
    return [{ value, from: sourceOf(execution, name, dependency) }];
  });
}

function callerOf({ execution, step, element }: CheckedCall): CallerPath {
  return { place: execution.pathOf(step, element), node: step.name, element };
}

/** The elements that a call takes, or those of its batch. */
function elementsOf({ execution, step, element }: CheckedCall, inputs: readonly unknown[]): RecordedArgument[] {
  const { batch, product } = step.map!;
  return mappedDependencies(step.node).flatMap((list, i) => {
    const source = sourceOf(execution, step.name, list);
    // Of a pair, or in a batch, an element has another index than the call.
    const from = batch > 0 || product ? `an element of ${source}` : `element ${element} of ${source}`;
    const values = batch > 0 ? (inputs[i] as readonly unknown[]) : [inputs[i]];
    return values.filter(isObject).map((value) => ({ value, from }));
  });
}

function sourceOf(execution: CheckedExecution, taker: string, dependency: Dependency): string {
  const role = roleOf(execution, dependency);
  if (role !== undefined && role !== "input")
    return `the value of ${pathOf(execution.path, formatDependency(dependency))}`;
  return `the input ${formatDependency(dependency)} of ${execution.path || taker}`;
}

function roleOf({ plan }: CheckedExecution, { on }: Dependency): string | undefined {
  return plan.graph.nodes.find(({ name }) => name === on)?.role;
}

import { NodeError } from "../../errors.js";
import { type Dependency, formatDependency, mappedDependencies } from "../../graph/graph.js";
import type { Plan, Step } from "../../graph/plan.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { printPath } from "../../values/object-kinds.js";
import { Snapshot } from "../../values/snapshot.js";
import { CHANGED_INPUT, pathOf } from "../failures/node-errors.js";
import { settle } from "../failures/settle.js";

/** A value that calls in flight have taken. */
interface RecordedValue {
  /** Its state when the first of them took it. */
  readonly before: Snapshot;
  /** The places of these calls. */
  readonly by: string[];
}

/** An input of a call, with its origin, which only an error needs: `the value of Lists.split`. */
interface RecordedArgument {
  readonly value: object;
  readonly from: () => string;
}

/** By input of a nested pipeline, the origin of its value: `the value of Lists.split`. */
export type InputOrigins = Readonly<Record<string, string>>;

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
  /** The origins of the inputs of nested pipelines in progress, by the pipeline's path. */
  private readonly inputs = new Map<string, InputOrigins>();
  /** The dependencies that mapped steps take elements of. */
  private readonly lists = new WeakMap<Step, readonly Dependency[]>();
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
    const { execution, step, element } = call;
    const place = execution.pathOf(step, element);
    if (step.child !== undefined) {
      // The nodes inside of it are looked at, not the pipeline.
      this.inputs.set(place, this.originsIn(call));
      const ended = () => void this.inputs.delete(place);
      return settle(compute, ended, (error) => {
        ended();
        return error;
      });
    }
    const taking = step.map === undefined ? this.sharedOf(execution, step, inputs) : this.elementsOf(call, inputs);
    return this.around(callerOf(call), taking, compute, (value) => this.gave(place, value));
  }

  /** The origins of the inputs of the pipeline at a path, for the host that computes a part of it. */
  originsAt(path: string): InputOrigins | undefined {
    return this.inputs.get(path);
  }

  /** Sets the origins of the inputs of the pipeline at a path, a part of which is computed here. */
  setOriginsAt(path: string, origins: InputOrigins): void {
    this.inputs.set(path, origins);
  }

  /** Records the inputs that all calls of a map share. @returns a function that checks at its end that they did not change. */
  shared(execution: CheckedExecution, step: Step, inputs: readonly unknown[]): () => void {
    if (step.child !== undefined) return () => {};
    return this.watch(callerOf({ execution, step, element: undefined }), this.sharedOf(execution, step, inputs));
  }

  /**
   * Builds a resource, and looks whether that has changed what it is built from.
   *
   * @throws {NodeError} `CHANGED_INPUT`
   */
  resource(execution: CheckedExecution, name: string, inputs: readonly unknown[], build: () => unknown): unknown {
    const { dependencies } = execution.plan.graph.nodes.find((node) => node.name === name)!;
    const caller = { place: pathOf(execution.path, name), node: name, element: undefined };
    return this.around(caller, this.argumentsOf(execution, name, dependencies, inputs), build, () => {});
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
    return new NodeError({
      code: CHANGED_INPUT,
      where: place,
      problem: `${who} changed ${from()}${at.length === 0 ? "" : `, at ${printPath(at).replace(/^\./, "")}`}`,
      advice: "Others take the same value. Change a copy: structuredClone(value), or [...list] before sort().",
      cause,
      node,
      element,
      attempts: 1,
    });
  }

  /** Objects that are in two results: a change of one changes the other. */
  private gave(place: string, value: unknown): void {
    for (const each of Array.isArray(value) ? [value, ...Object.values(value)] : [value]) {
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

  /** The inputs of every call of a step, without resources. */
  private sharedOf(execution: CheckedExecution, step: Step, inputs: readonly unknown[]): RecordedArgument[] {
    const shared = inputs.slice(inputs.length - step.arguments.length);
    const dependencies = step.node.dependencies.filter(({ as }) => as === "value");
    return this.argumentsOf(execution, step.name, dependencies, shared);
  }

  private argumentsOf(
    execution: CheckedExecution,
    name: string,
    dependencies: readonly Dependency[],
    values: readonly unknown[],
  ): RecordedArgument[] {
    return dependencies.flatMap((dependency, i) => {
      const value = values[i];
      if (!isObject(value) || roleOf(execution, dependency) === "resource") return [];
      return [{ value, from: () => this.sourceOf(execution, name, dependency) }];
    });
  }

  /** The elements that a call takes, or those of its batch. */
  private elementsOf(call: CheckedCall, inputs: readonly unknown[]): RecordedArgument[] {
    const { step } = call;
    const lists = getOrCreate(this.lists, step, () => mappedDependencies(step.node));
    return lists.flatMap((list, i) => {
      const from = () => this.elementOf(call, list);
      const values = step.map!.batch > 0 ? (inputs[i] as readonly unknown[]) : [inputs[i]];
      return values.filter(isObject).map((value) => ({ value, from }));
    });
  }

  private elementOf({ execution, step, element }: CheckedCall, list: Dependency): string {
    const { batch, product } = step.map!;
    // Of a pair, or in a batch, an element has another index than the call.
    const which = batch > 0 || product ? "an element" : `element ${element}`;
    return `${which} of ${this.sourceOf(execution, step.name, list)}`;
  }

  private originsIn(call: CheckedCall): InputOrigins {
    const { execution, step } = call;
    return Object.fromEntries(
      step.node.dependencies.map((dependency) => [
        dependency.input!,
        dependency.as === "element"
          ? this.elementOf(call, dependency)
          : this.sourceOf(execution, step.name, dependency),
      ]),
    );
  }

  private sourceOf(execution: CheckedExecution, taker: string, dependency: Dependency): string {
    const role = roleOf(execution, dependency);
    if (role !== undefined && role !== "input")
      return `the value of ${pathOf(execution.path, formatDependency(dependency))}`;
    const { on, path } = dependency;
    const origin = this.inputs.get(execution.path)?.[on];
    if (origin !== undefined) return path.length === 0 ? origin : `${path.join(".")} of ${origin}`;
    return `the input ${formatDependency(dependency)} of ${execution.path || taker}`;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function callerOf({ execution, step, element }: CheckedCall): CallerPath {
  return { place: execution.pathOf(step, element), node: step.name, element };
}

function roleOf({ plan }: CheckedExecution, { on }: Dependency): string | undefined {
  return plan.graph.nodes.find(({ name }) => name === on)?.role;
}

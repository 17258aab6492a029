import { types } from "node:util";
import type { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { asError } from "../../util/as-error.js";
import { isAsync } from "../../util/is-async.js";
import { isPrimitive, isPromise, promiseOf } from "../../util/thenable.js";
import { convertInputs } from "../elements/convert-inputs.js";
import { type ElementSelection, MAX_NAMED, mapEndCounts } from "../elements/element-selection.js";
import { MapElements } from "../elements/elements.js";
import { snapshot } from "../elements/lists.js";
import { resultOf } from "../execution-context.js";
import type { RunningExecution } from "../executor.js";
import { CollectedError } from "../failures/collected.js";

import { now } from "../lifecycle/events.js";
import { runFastPath } from "../scheduler/fast-path.js";
import { callBatch } from "./batch-call.js";
import { buildResources } from "./build-resources.js";
import type { ChainedMap, MapChain, Place } from "./map-chain.js";
import { callElement, type FusedMap } from "./map-fast-path.js";
import { childValues, collectError, invokeStep, putElement, toNodeError } from "./step-call.js";

/** A mapped step in progress: its units (an element, or a batch of them), their results in order. */
export class MapTask implements ChainedMap {
  readonly results: unknown[];
  private chain!: MapChain;
  private readonly elements: MapElements;
  private readonly length: number;
  private readonly units: number;
  private readonly unitCount: number;
  private readonly followers: MapTask[] = [];
  /** The number of maps whose elements it takes as they come. */
  private readonly sources: number;
  /** For each unit, the number of elements that it waits for; made when the first one comes. */
  private missingInputs: Uint32Array | undefined;
  private readonly arrived: Uint8Array | undefined;
  private readonly startedAt: number;
  /** True if a call needs nothing around it. */
  private readonly direct: boolean;
  /** True if it is a map of a method, without a listener. */
  private readonly isPlain: boolean;
  /** True if, moreover, each call gives a promise, and no other map takes elements from it or gives it some. */
  private readonly isPlainAsync: boolean;
  private next = 0;
  private remaining: number;
  private failures = 0;
  private shared: unknown[] | undefined;
  /** Looks whether what all elements share was changed, if that is asked for. */
  private checkShared: (() => void) | undefined;
  /** The collected error of what all elements share, if there is one. */
  private sharedUpstreamError: CollectedError | undefined;
  private building: Promise<void> | undefined;
  private lanes: FusedMap | undefined;

  constructor(
    private readonly execution: RunningExecution,
    private readonly step: Step,
    values: readonly unknown[],
    private readonly flowing: readonly (MapTask | undefined)[],
    private readonly ended: (results: unknown[]) => void,
    private readonly selection?: ElementSelection,
  ) {
    const map = step.map!;
    this.direct =
      execution.program.isBareCall[step.index]! &&
      execution.run.emit === undefined &&
      !execution.settings.check &&
      !execution.plan.collectsErrors &&
      map.batch === 0 &&
      !map.product;
    const lists = execution.listsOf(step, values);
    // What another map is still making is read as it comes.
    const fixed = lists.map((list, i) => (flowing[i] === undefined ? snapshot(list) : list));
    this.elements = new MapElements(fixed, map.product, selection ?? execution.slice);
    this.isPlain = this.direct && execution.slice === undefined && execution.program.methods[step.index] !== undefined;
    this.isPlainAsync =
      this.isPlain &&
      selection === undefined &&
      types.isAsyncFunction(execution.program.methods[step.index]) &&
      map.streamsTo.length === 0 &&
      flowing.every((source) => source === undefined);
    this.length = this.elements.length;
    this.unitCount = map.batch || 1;
    this.units = Math.ceil(this.length / this.unitCount);
    this.remaining = this.units;
    this.results = new Array(this.length);
    this.sources = flowing.filter((source) => source !== undefined).length;
    if (map.streamsTo.length > 0) this.arrived = new Uint8Array(this.length);
    this.startedAt = execution.run.emit === undefined ? 0 : now();
    execution.emitMapEvent(step, { phase: "start", elements: selection?.of ?? this.length });
  }

  /** Takes the elements that the maps it flows from have already, and asks them for the others. */
  join(chain: MapChain): void {
    this.chain = chain;
    for (const source of this.flowing) {
      if (source === undefined) continue;
      source.followers.push(this);
      for (let i = source.length - 1; i >= 0; i--) if (source.arrived![i] === 1) this.onInput(i);
    }
  }

  endIfEmpty(): void {
    if (this.length === 0 && this.remaining === 0) this.finish();
  }

  /** Runs elements through a nested pipeline of plain methods one after another, until one has to be waited for. */
  startFastPathChildren(): void {
    const { execution, step, results } = this;
    const child = execution.program.children[step.index];
    const isAlone = this.sources === 0 && this.arrived === undefined && this.selection === undefined;
    if (child === undefined || !this.direct || !isAlone || execution.slice !== undefined) return;
    if (step.resources.length > 0 || this.remaining === 0 || !execution.isFastPathChild(step, child)) return;
    this.shared = execution.inputsOf(step);
    const { lists } = this.elements;
    const template = childValues(child, [...lists.map(() => undefined), ...this.shared], execution);
    let element = 0;
    let left: { readonly promise: Promise<unknown> } | { readonly error: unknown } | undefined;
    try {
      for (; element < this.length && !execution.stopped; element++) {
        const values = template.slice();
        for (let i = 0; i < lists.length; i++) putElement(child, values, i, lists[i]![element], execution);
        const exit = runFastPath(child.program, values, execution.scope, 0, execution.run);
        if (exit !== undefined) {
          left = { promise: Promise.resolve(execution.resumeNested(child, values, step, element, exit)) };
          break;
        }
        results[element] = resultOf(child.plan, values, child.pick);
      }
    } catch (error) {
      left = { error };
    }
    this.advanceTo(element);
    if (left !== undefined) this.failOrAwait(element, left);
  }

  /** The map as a lane of the fast path, if nothing prevents that. */
  fastPathLane(): FusedMap | undefined {
    const { execution, step } = this;
    const method = execution.program.methods[step.index];
    const isBuilt = step.resources.every((i) => execution.values[execution.plan.resources[i]!.slot] !== undefined);
    // A map that joins one in progress takes its elements as they come.
    const isFirst = this.flowing.every((source) => source === undefined || source.chain === this.chain);
    const isPlain = this.direct && this.selection === undefined;
    if (!isPlain || method === undefined || isAsync(method) || !isBuilt || !isFirst || this.remaining === 0)
      return undefined;
    this.shared = execution.inputsOf(step);
    return this.openLane();
  }

  private openLane(): FusedMap {
    if (this.lanes !== undefined) return this.lanes;
    const { step, results } = this;
    const { methods, self } = this.execution.program;
    const { lists } = this.elements;
    this.lanes = { step: step.index, method: methods[step.index]!, self, lists, shared: this.shared!, results };
    return this.lanes;
  }

  /** The fast path has done the first elements. */
  advanceTo(done: number): void {
    this.next = done;
    this.remaining -= done;
    this.arrived?.fill(1, 0, done);
    if (this.remaining === 0) this.finish();
  }

  /** The fast path has done this element, too, and stopped in a later map of the chain. */
  advancePast(element: number): void {
    this.next = element + 1;
    this.setResult(element, this.results[element]);
    if (--this.remaining === 0) this.finish();
  }

  /** The fast path stopped in a call of this map. */
  failOrAwait(element: number, left: { readonly promise: Promise<unknown> } | { readonly error: unknown }): void {
    this.next = element + 1;
    if ("error" in left) this.execution.fail(this.failed(element, left.error));
    else this.chain.awaitUnit(this, element, left.promise);
  }

  /** Begins the next unit of whole lists. @returns false if there is none. */
  startNext(): boolean {
    if (this.sources > 0 || this.next >= this.units) return false;
    this.start(this.next++);
    return true;
  }

  private onInput(element: number): void {
    // The fast path has done it.
    if (element < this.next) return;
    const unit = Math.floor(element / this.unitCount);
    this.missingInputs ??= Uint32Array.from(
      { length: this.units },
      (_, i) => (this.end(i) - i * this.unitCount) * this.sources,
    );
    if (--this.missingInputs[unit]! === 0) this.chain.enqueue(this, unit);
  }

  start(unit: number): void {
    if (this.shared === undefined && !this.prepare(unit)) return;
    if (this.isPlain) {
      this.startPlainly(unit);
      return;
    }
    let value: unknown;
    try {
      this.execution.slice?.start(this.step.index, unit * this.unitCount, this.end(unit));
      value = this.call(unit);
    } catch (error) {
      this.execution.fail(error);
      return;
    }
    if (isPromise(value)) this.chain.awaitUnit(this, unit, value);
    else this.setStored(unit, value);
  }

  /** A method with nothing around it, and nobody who watches. */
  private startPlainly(unit: number): void {
    let value: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      value = callElement(this.openLane(), unit);
      promise = promiseOf(value);
      if (promise === undefined) value = convertInputs(value, undefined);
    } catch (error) {
      this.execution.fail(this.failed(unit, error));
      return;
    }
    if (promise === undefined) this.setStored(unit, value);
    else this.chain.awaitUnit(this, unit, promise);
  }

  settle(unit: number, settled: unknown): void {
    let value: unknown;
    try {
      value = convertInputs(settled, undefined);
    } catch (error) {
      this.execution.fail(this.failed(unit, error));
      return;
    }
    this.setStored(unit, value);
  }

  replaceUnit(place: Place, value: unknown): Promise<unknown> | undefined {
    if (!this.isPlainAsync || !isPrimitive(value) || this.next >= this.units) return undefined;
    this.results[place.unit] = value;
    this.remaining--;
    place.unit = this.next++;
    // An async function returns a promise of its own; asking Node if it is one takes a tenth of the whole time.
    return callElement(this.openLane(), place.unit) as Promise<unknown>;
  }

  reject(unit: number, error: unknown): void {
    this.execution.fail(this.direct ? this.failed(unit, error) : error);
  }

  /** Reads what all elements share, once. @returns false if a resource is still being built: the unit comes again. */
  private prepare(unit: number): boolean {
    this.sharedUpstreamError = this.execution.collectedBefore(this.step);
    if (this.sharedUpstreamError !== undefined) {
      this.shared = [];
      return true;
    }
    try {
      this.building ??= buildResources(this.execution, this.step);
    } catch (error) {
      this.execution.fail(error);
      return false;
    }
    if (this.building !== undefined) {
      this.chain.async(this.building, () => {
        this.shared ??= this.takeShared();
        this.chain.enqueue(this, unit);
      });
      return false;
    }
    this.shared = this.takeShared();
    return true;
  }

  private takeShared(): unknown[] {
    const { execution, step } = this;
    const shared = execution.inputsOf(step);
    if (execution.settings.check) this.checkShared = execution.run.purity.shared(execution, step, shared);
    return shared;
  }

  /** The first elements that are in flight. */
  elementsInFlight(): number[] {
    const inFlight: number[] = [];
    for (let i = 0; i < this.length && inFlight.length < MAX_NAMED; i++) {
      const hasCome =
        this.sources > 0
          ? this.flowing.every((from) => from === undefined || from.arrived![i] === 1)
          : this.hasStarted(i);
      if (hasCome && !(i in this.results)) inFlight.push(this.elements.index(i));
    }
    return inFlight;
  }

  private hasStarted(element: number): boolean {
    return Math.floor(element / this.unitCount) < this.next;
  }

  /** Emits that it ends before its last element. */
  close(error: unknown): void {
    if (this.remaining < 0) return;
    this.execution.emitMapEvent(this.step, {
      phase: "failed",
      error: asError(error),
      durationMs: now() - this.startedAt,
    });
  }

  private call(unit: number): unknown {
    const known = this.execution.slice?.knownFailure(this.step.index, this.elements.index(unit));
    if (known !== undefined) {
      const failed = new CollectedError(known);
      return this.step.map!.batch > 0 ? [failed] : failed;
    }
    if (this.direct) return this.callDirectly(unit);
    const { execution, step } = this;
    if (this.step.map!.batch > 0) return this.callBatch(unit);
    if (execution.plan.collectsErrors) {
      const carried = this.upstreamError(unit);
      if (carried !== undefined) return carried;
    }
    return collectError(execution, step, () =>
      invokeStep(execution, step, this.inputsAt(unit), this.elements.index(unit)),
    );
  }

  private callDirectly(unit: number): unknown {
    const { execution, step } = this;
    try {
      const child = execution.program.children[step.index];
      if (child === undefined) {
        const value = callElement(this.openLane(), unit);
        return promiseOf(value) ?? convertInputs(value, undefined);
      }
      const call = { execution, step, inputs: this.inputsAt(unit), element: this.elements.index(unit) };
      return execution.callNested(call, child, execution.scope);
    } catch (error) {
      throw this.failed(unit, error);
    }
  }

  private failed(unit: number, error: unknown): NodeError {
    const { execution, step } = this;
    return toNodeError({ execution, step, inputs: this.inputsAt(unit), element: this.elements.index(unit) }, error);
  }

  private inputsAt(index: number): unknown[] {
    return [...this.elements.inputs(index), ...this.shared!];
  }

  /** An element that has failed before does not come to a method: its error goes on in its place. */
  private upstreamError(index: number): CollectedError | undefined {
    return this.sharedUpstreamError ?? this.elements.inputs(index).find(CollectedError.is);
  }

  /** The values of a batch's elements: an element that has failed before keeps its error. */
  private callBatch(unit: number): unknown {
    const { execution, step, shared } = this;
    const first = unit * this.unitCount;
    const values = Array.from({ length: this.end(unit) - first }, (_, i) =>
      execution.plan.collectsErrors ? this.upstreamError(first + i) : undefined,
    );
    const indices = values.flatMap((carried, i) => (carried === undefined ? [first + i] : []));
    const place = (computed: readonly unknown[]): unknown[] => {
      let next = 0;
      return values.map((carried) => carried ?? computed[next++]);
    };
    const results = callBatch({ execution, step, indices, elements: this.elements, shared: shared! });
    return isPromise(results) ? (results as Promise<unknown[]>).then(place) : place(results as unknown[]);
  }

  private end(unit: number): number {
    return Math.min((unit + 1) * this.unitCount, this.length);
  }

  private setStored(unit: number, value: unknown): void {
    this.execution.slice?.end(unit * this.unitCount, this.end(unit));
    if (this.step.map!.batch > 0) {
      for (let i = unit * this.unitCount; i < this.end(unit); i++)
        this.setResult(i, (value as unknown[])[i - unit * this.unitCount]);
    } else this.setResult(unit, value);
    if (--this.remaining === 0) this.finish();
  }

  private setResult(index: number, value: unknown): void {
    this.results[index] = value;
    this.selection?.computed(index, value);
    if (this.execution.plan.collectsErrors && CollectedError.is(value)) this.failures++;
    if (this.arrived === undefined) return;
    this.arrived[index] = 1;
    for (let i = this.followers.length - 1; i >= 0; i--) {
      const follower = this.followers[i]!;
      follower.onInput(index);
      // A follower that joined late has a chain of its own, which nobody else pumps.
      if (follower.chain !== this.chain) follower.chain.drain();
    }
  }

  private finish(): void {
    this.remaining = -1;
    try {
      this.checkShared?.();
    } catch (error) {
      this.execution.fail(error);
      return;
    }
    this.execution.emitMapEvent(this.step, {
      phase: "end",
      ...mapEndCounts(this.length, this.failures, this.selection),
      durationMs: now() - this.startedAt,
    });
    this.ended(this.results);
  }
}

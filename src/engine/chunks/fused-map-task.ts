import { type Argument, argumentKey, type Plan, type Step } from "../../graph/plan.js";
import { extractSubPlan } from "../../graph/sub-plan.js";
import { asError } from "../../util/as-error.js";
import { type ElementSelection, mapEndCounts } from "../elements/element-selection.js";
import { type ElementRange, MapElements } from "../elements/elements.js";
import { type List, snapshot } from "../elements/lists.js";
import type { RunningExecution } from "../executor.js";
import { now } from "../lifecycle/events.js";
import { wrongResult } from "./checked-result.js";
import type { ChunkExecutor, ChunkExecutorFactory, RestoredChunk } from "./chunk-executor.js";
import { threadConcurrency } from "./concurrency.js";
import { type ChunkIo, Dispatcher } from "./dispatcher.js";
import type { ChunkResult } from "./protocol.js";
import { Stage } from "./stage.js";

/** Maps that run in threads: chunks of elements, each through all of them in one task. */
export class FusedMapTask implements ChunkIo {
  private readonly executor: ChunkExecutor;
  private readonly dispatcher: Dispatcher;
  private readonly sliced: readonly Argument[];
  private readonly lists: readonly List[];
  private readonly length: number;
  private readonly wanted: readonly Step[];
  /** For each wanted step its values in order. */
  private readonly results: readonly unknown[][];
  private readonly errors: number[];
  private readonly startedAt = now();
  private remaining: number;
  private closed = false;

  /** @throws {InputError} if the lists do not fit. */
  constructor(
    private readonly execution: RunningExecution,
    private readonly steps: readonly Step[],
    executorFor: ChunkExecutorFactory,
    private readonly ended: (step: Step, results: unknown[] | undefined) => void,
    /** Of a single map, the elements that are to be computed, and what they bring of each list. */
    private readonly selection?: ElementSelection & { readonly lists: readonly List[] },
  ) {
    const { plan, settings } = execution;
    this.length = selection?.count ?? execution.slice?.count ?? lengthOf(execution, steps);
    this.remaining = this.length;
    this.wanted = steps.filter((step) => isWanted(step, steps, plan));
    this.results = this.wanted.map(() => new Array(this.length));
    this.errors = steps.map(() => 0);
    const indices = steps.map(({ index }) => index);
    const { slicedLists } = extractSubPlan(plan, indices, []);
    this.sliced = slicedLists;
    this.lists = slicedLists.map((cut) => this.listAt(cut));
    const { elementConcurrency } = threadConcurrency(settings);
    this.executor = executorFor(new Stage(execution, steps, this.wanted, slicedLists, elementConcurrency));
    this.dispatcher = new Dispatcher(this.executor, this);
    const elements = selection?.of ?? this.length;
    for (const step of steps) execution.emitMapEvent(step, { phase: "start", elements });
  }

  start(): void {
    if (this.length === 0) this.finish();
    else if (this.executor.open === undefined) this.send([]);
    else {
      const elements = this.indices === undefined ? (part: ElementRange) => this.elements(part) : undefined;
      const opening = this.executor.open(this.length, elements);
      this.execution.whenSettled(
        opening,
        (found) => this.send(found as readonly RestoredChunk[]),
        (error) => this.failed(error),
      );
    }
  }

  /** Sends what was not done before. */
  private send(recovered: readonly RestoredChunk[]): void {
    if (this.closed) return;
    let next = 0;
    for (const { range: part, result } of recovered) {
      const wrong = wrongResult(result, part.count, this.outputs, this.execution.pathOf(this.steps[0]!));
      if (wrong !== undefined) {
        this.failed(wrong);
        return;
      }
      this.dispatcher.add(part.first - next);
      this.dispatcher.markDone(part.count);
      next = part.first + part.count;
      this.onResult(part, result);
    }
    if (next < this.length) this.dispatcher.add(this.length - next);
    this.dispatcher.drain();
  }

  /** Emits that they end before their last element. */
  close(error: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.dispatcher.close();
    for (const step of this.steps) {
      this.execution.emitMapEvent(step, { phase: "failed", error: asError(error), durationMs: now() - this.startedAt });
    }
  }

  /** The elements that are in flight in a step. */
  elementsInFlight(step: Step): number[] {
    return this.dispatcher.inFlightElements(step).map((position) => this.indices?.[position] ?? position);
  }

  get outputs(): number {
    return this.wanted.length;
  }

  elements({ first, count }: ElementRange): readonly List[] {
    return this.lists.map((list) => (list as unknown[]).slice(first, first + count));
  }

  get indices(): readonly number[] | undefined {
    return this.selection?.indices ?? this.execution.slice?.indices;
  }

  inputs({ map }: Step, element: number): readonly unknown[] {
    if (this.selection !== undefined) return this.selection.lists.map((list) => list[element]);
    const isInside = (from: number) => this.steps.some(({ index }) => index === from);
    if (map!.product || map!.streamsFrom.some(isInside)) return [];
    return map!.lists.map(
      (list) => this.lists[this.sliced.findIndex((cut) => argumentKey(cut) === argumentKey(list))]![element],
    );
  }

  /** A list that is cut up, as it is when the maps begin. */
  private listAt(cut: Argument): List {
    const list =
      this.selection?.lists[this.steps[0]!.map!.lists.findIndex((list) => argumentKey(list) === argumentKey(cut))];
    return list ?? snapshot(this.execution.listAt(cut)!);
  }

  onResult({ first, count }: ElementRange, { values, failed }: ChunkResult): void {
    for (const [i, computed] of values.entries()) {
      const results = this.results[i]!;
      for (let element = 0; element < computed.length; element++) {
        results[first + element] = computed[element];
        this.selection?.computed(first + element, computed[element]);
      }
    }
    for (const [i, errors] of failed.entries()) this.errors[i]! += errors;
    this.remaining -= count;
    if (this.remaining === 0) this.finish();
  }

  failed(error: unknown): void {
    this.execution.fail(error);
  }

  private finish(): void {
    this.closed = true;
    this.dispatcher.close();
    for (const [i, step] of this.steps.entries()) {
      const ends = mapEndCounts(this.length, this.errors[i]!, this.selection);
      this.execution.emitMapEvent(step, { phase: "end", ...ends, durationMs: now() - this.startedAt });
    }
    for (const step of this.steps) this.ended(step, this.results[this.wanted.indexOf(step)]);
  }
}

/** The number of elements of the maps. */
function lengthOf(execution: RunningExecution, steps: readonly Step[]): number {
  const inside = new Set(steps.map(({ index }) => index));
  let length: number | undefined;
  for (const step of steps) {
    const { lists, streamsFrom: flowsFrom, product } = step.map!;
    const values = lists.map((list, i) => (inside.has(flowsFrom[i]!) ? new Array(length) : execution.read(list)));
    const resolved = execution.listsOf(step, values);
    length ??= new MapElements(resolved, product, undefined).length;
  }
  return length!;
}

/** Tells if anything outside takes a step's values. */
function isWanted({ slot }: Step, among: readonly Step[], plan: Plan): boolean {
  const reads = (argument: { readonly slot: number }) => argument.slot === slot;
  return (
    plan.outputs.some(reads) ||
    plan.resources.some((resource) => resource.arguments.some(reads)) ||
    plan.steps.some((step) => !among.includes(step) && [...step.arguments, ...(step.map?.lists ?? [])].some(reads))
  );
}

import { NodeError } from "../../errors.js";
import type { Argument, Plan, Step } from "../../graph/plan.js";
import { planPart } from "../../graph/plan-part.js";
import { now } from "../events.js";
import type { Execution } from "../execution.js";
import { asList, type List, listsOf } from "../lists.js";
import { isOneAtATime, type Settings } from "../settings.js";
import { ChunkSizes } from "./chunks.js";
import { Fragment } from "./fragment.js";
import { barren, Losses, type LostCall, MOST_BARREN, tellFailed } from "./losses.js";
import type { KnownFailure, VisitResult } from "./protocol.js";
import { THREADS } from "./threads.js";
import type { Outcome, Range, Visit } from "./visit.js";

/**
 * The maps that go to threads together: a first one, and those that take its elements as they come and lack nothing else.
 *
 * @param lacks how many steps a step that has not begun still waits for; undefined: it can't go along.
 */
export function fusedFrom(first: Step, plan: Plan, lacks: (step: Step) => number | undefined): Step[] {
  const fused = [first];
  let size = first.map!.batch || 1;
  for (const step of plan.steps.slice(first.index + 1)) {
    const sources = step.map?.flowsFrom.filter((from) => fused.some(({ index }) => index === from)) ?? [];
    if (sources.length === 0 || lacks(step) !== sources.length) continue;
    const batch = step.map!.batch || 1;
    // Chunks are multiples of all batches: sizes of which none divides the other would make them too large.
    if (size % batch !== 0 && batch % size !== 0) continue;
    size = Math.max(size, batch);
    fused.push(step);
  }
  return fused;
}

/** How a map is spread: how many visits are under way at once, and how many elements in each. */
export function spread({ maps, maxWorkers }: Settings): { readonly visitors: number; readonly overlapping: number } {
  if (isOneAtATime(maps)) return { visitors: Math.min(THREADS, maxWorkers), overlapping: 1 };
  // Two visits to each thread: when one comes to its end, the other keeps the thread busy.
  const visitors = Math.min(2 * THREADS, maxWorkers);
  return { visitors, overlapping: Math.floor(maxWorkers / visitors) };
}

/** Maps that go to threads: chunks of elements, each through all of them in one visit. */
export class FusedMaps {
  private readonly fragment: Fragment;
  private readonly lists: readonly List[];
  private readonly length: number;
  private readonly wanted: readonly Step[];
  /** For each wanted step its values in order. */
  private readonly results: unknown[][];
  private readonly failed: number[];
  private readonly sizes: ChunkSizes;
  private readonly visitors: number;
  private readonly alone: boolean;
  private readonly startedAt = now();
  /** Elements that have to go again. */
  private readonly again: Range[] = [];
  private readonly underWay = new Map<Range, Visit | undefined>();
  private readonly losses = new Losses();
  private barren = 0;
  private next = 0;
  private left: number;
  private closed = false;
  /** The failure of the first element that failed: as if they had gone one after another. */
  private failure: { readonly element: number; readonly error: unknown } | undefined;

  constructor(
    private readonly execution: Execution,
    private readonly steps: readonly Step[],
    private readonly ended: (step: Step, results: unknown[] | undefined) => void,
  ) {
    const length = lengthOf(execution, steps);
    this.length = length;
    this.left = length;
    const indices = steps.map(({ index }) => index);
    const { cuts } = planPart(execution.plan, indices, []);
    this.lists = cuts.map((list) => asList(execution.read(list))!);
    this.wanted = steps.filter((step) => isWanted(step, steps, execution.plan));
    this.results = this.wanted.map(() => new Array(length));
    this.failed = steps.map(() => 0);
    const { visitors, overlapping } = spread(execution.settings);
    this.visitors = visitors;
    this.alone = isOneAtATime(execution.settings.maps);
    this.sizes = new ChunkSizes(visitors, Math.max(...steps.map((step) => step.map!.batch || 1)));
    this.fragment = new Fragment(execution, steps, this.wanted, cuts, overlapping);
    for (const step of steps) execution.tellMap(step, { phase: "start", elements: length });
  }

  /** Sends chunks for as long as there are free places. */
  pump(): void {
    if (this.length === 0 && !this.closed) this.finish();
    while (this.underWay.size < this.visitors && !this.execution.stopped) {
      const range = this.nextRange();
      if (range === undefined) break;
      this.send(range);
    }
  }

  /** Tells that they end before their last element. */
  close(error: unknown): void {
    if (this.closed) return;
    this.closed = true;
    for (const visit of this.underWay.values()) visit?.stop();
    void this.fragment.end();
    for (const step of this.steps) {
      this.execution.tellMap(step, { phase: "failed", error, durationMs: now() - this.startedAt });
    }
  }

  private nextRange(): Range | undefined {
    const before = this.failure?.element ?? Number.POSITIVE_INFINITY;
    const i = this.again.findIndex(({ first }) => first < before);
    if (i >= 0) return this.again.splice(i, 1)[0];
    if (this.next >= this.length || this.next >= before) return undefined;
    const range = { first: this.next, count: this.sizes.next(this.length - this.next), suspected: false, known: [] };
    this.next += range.count;
    return range;
  }

  private send(range: Range): void {
    this.underWay.set(range, undefined);
    const elements = this.lists.map((list) => slice(list, range));
    const visited = this.fragment.visit(range, elements, this.alone || range.suspected).then((visit) => {
      this.underWay.set(range, visit);
      if (this.closed) visit.stop();
      return visit.outcome;
    });
    const at = now();
    this.execution.later(
      visited,
      (outcome) => {
        this.underWay.delete(range);
        this.settle(range, outcome as Outcome, at);
      },
      (error) => {
        this.underWay.delete(range);
        this.fail(error instanceof NodeError ? (error.element ?? range.first) : range.first, error);
      },
    );
  }

  private settle(range: Range, outcome: Outcome, at: number): void {
    if (outcome.kind === "home") this.home(range, outcome.result);
    else if (outcome.kind === "dragged") this.again.push(range);
    else if (outcome.kind === "lost") this.lost(range, outcome, at);
    this.failWhenFirst();
    this.pump();
  }

  private home(range: Range, result: VisitResult): void {
    for (const event of result.events) this.execution.run.relay(event);
    if (result.failure !== undefined) {
      const { error } = result.failure;
      this.fail(error instanceof NodeError ? (error.element ?? range.first) : range.first, error);
      return;
    }
    this.sizes.took(range.count, result.tookMs);
    for (const [i, values] of result.values.entries()) {
      const results = this.results[i]!;
      for (let element = 0; element < values.length; element++) results[range.first + element] = values[element];
    }
    for (const [i, count] of result.failed.entries()) this.failed[i]! += count;
    this.left -= range.count;
    if (this.left === 0) this.finish();
  }

  /** A thread has ended under a visit: what it held is tried again as its retries say, everything else just so. */
  private lost(range: Range, { held, crowded, cause }: Outcome & { kind: "lost" }, at: number): void {
    if (held.length === 0) {
      if (++this.barren >= MOST_BARREN) this.execution.fail(barren(cause));
      else this.again.push(range);
      return;
    }
    let from = 0;
    for (const { index } of held) {
      this.sendAgain(range, from, index);
      from = index + 1;
    }
    this.sendAgain(range, from, range.count);
    // Of several that were in the thread it is not known who ended it: each goes again, alone.
    const isCertain = held.length === 1 && (!crowded || range.suspected);
    for (const { index, step } of held) {
      const element = range.first + index;
      if (isCertain) this.charge(range, element, step, cause, at);
      else this.again.unshift({ ...range, first: element, count: 1, suspected: true });
    }
  }

  private sendAgain(range: Range, from: number, to: number): void {
    if (to > from) this.again.unshift({ ...range, first: range.first + from, count: to - from, suspected: false });
  }

  private charge(range: Range, element: number, stepIndex: number, cause: Error, at: number): void {
    const { execution } = this;
    const step = this.steps[stepIndex]!;
    const inputs = step === this.steps[0] && !step.map!.product ? this.lists.map((list) => list[element]) : [];
    const call: LostCall = { execution, step, element, inputs, cause };
    const alone = (known: readonly KnownFailure[]): Range => ({ first: element, count: 1, suspected: true, known });
    const counted = this.losses.count(call);
    if ("wait" in counted) {
      const again = alone(range.known);
      this.underWay.set(again, undefined);
      const go = () => {
        this.underWay.delete(again);
        this.again.unshift(again);
        this.pump();
      };
      execution.later(counted.wait, go, go);
      return;
    }
    tellFailed(call, counted.error, at);
    if (step.node.options.onError !== "collect") this.fail(element, counted.error);
    else this.again.unshift(alone([...range.known, { step: stepIndex, element, error: counted.error }]));
  }

  /** An element has failed. Those before it are waited for: the first one that fails is the one that counts. */
  private fail(element: number, error: unknown): void {
    if (this.failure === undefined || element < this.failure.element) this.failure = { element, error };
    for (const [range, visit] of this.underWay) if (range.first > this.failure.element) visit?.stop();
    this.failWhenFirst();
  }

  private failWhenFirst(): void {
    const { failure } = this;
    if (failure === undefined) return;
    const isBefore = ({ first }: Range) => first < failure.element;
    if (this.again.some(isBefore) || [...this.underWay.keys()].some(isBefore)) return;
    this.execution.fail(failure.error);
  }

  private finish(): void {
    this.closed = true;
    void this.fragment.end();
    for (const [i, step] of this.steps.entries()) {
      this.execution.tellMap(step, {
        phase: "end",
        elements: this.length,
        failed: this.failed[i]!,
        durationMs: now() - this.startedAt,
      });
    }
    for (const step of this.steps) this.ended(step, this.results[this.wanted.indexOf(step)]);
  }
}

/** How many elements the maps have. @throws {InputError} if their lists do not fit. */
function lengthOf(execution: Execution, steps: readonly Step[]): number {
  const inside = new Set(steps.map(({ index }) => index));
  let length: number | undefined;
  for (const step of steps) {
    const { lists, flowsFrom, product } = step.map!;
    const values = lists.map((list, i) => (inside.has(flowsFrom[i]!) ? new Array(length) : execution.read(list)));
    const found = listsOf(step, values, execution.placeOf(step));
    length ??= product ? found.reduce((all, list) => all * list.length, 1) : found[0]!.length;
  }
  return length!;
}

/** Whether anything outside takes a step's values. */
function isWanted({ slot }: Step, among: readonly Step[], plan: Plan): boolean {
  const reads = (argument: Argument) => argument.slot === slot;
  return (
    plan.outputs.some((output) => output.slot === slot) ||
    plan.resources.some((resource) => resource.arguments.some(reads)) ||
    plan.steps.some((step) => !among.includes(step) && [...step.arguments, ...(step.map?.lists ?? [])].some(reads))
  );
}

function slice(list: List, { first, count }: Range): List {
  return (list as unknown[]).slice(first, first + count);
}

import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { elementIndex } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import type { RunningExecution } from "../executor.js";
import { now } from "../lifecycle/events.js";
import { wrongResult } from "./checked-result.js";
import type { ChunkExecutor, ChunkHandle } from "./chunk-executor.js";
import { isolationFor } from "./concurrency.js";
import {
  type CrashedCall,
  CrashRetries,
  crashLoopError,
  emitCrashFailure,
  MAX_STARTUP_CRASHES,
} from "./crash-retries.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult, Isolation } from "./protocol.js";
import { isUnread, messageOf } from "./unread-element.js";

/** Where elements come from, and where results go. */
export interface ChunkIo {
  /** What a visit takes along of each list. */
  elements(range: ChunkRangeState): readonly List[];
  /** How many steps' values are wanted. */
  readonly outputs: number;
  /** The index that each element has in the whole map, where they are not all there. What is asked and told here goes by position. */
  readonly indices?: readonly number[] | undefined;
  /** What a step's call for an element got, as far as it is known here. */
  inputs(step: Step, element: number): readonly unknown[];
  onResult(range: ChunkRangeState, result: ChunkResult): void;
  failed(error: unknown): void;
}

/** Keeps a destination busy with elements, and does again what was lost there. */
export class Dispatcher {
  private readonly execution: RunningExecution;
  private readonly isolation: Isolation;
  /** What no visit has, or what has to go again: the last comes first. */
  private readonly pending: ChunkRangeState[] = [];
  /** How many elements these are. */
  private left = 0;
  private readonly inFlight = new Map<ChunkRangeState, ChunkHandle | undefined>();
  private readonly crashes = new CrashRetries();
  private startupCrashes = 0;
  private offered = 0;
  private closed = false;
  /** The failure of the first element that failed: as if they had gone one after another. */
  private failure: { readonly element: number; readonly error: unknown } | undefined;

  constructor(
    private readonly destination: ChunkExecutor,
    private readonly ends: ChunkIo,
  ) {
    this.execution = destination.execution;
    this.isolation = isolationFor(this.execution.settings.maps);
  }

  /** Elements have come: the next ones after those that came before. */
  add(count: number): void {
    if (count === 0) return;
    const newest = this.pending[0];
    const first = this.offered;
    this.offered += count;
    this.left += count;
    if (newest !== undefined && !newest.suspected && newest.first + newest.count === first) {
      this.pending[0] = { ...newest, count: newest.count + count };
    } else this.pending.unshift({ first, count, budgetMs: undefined, suspected: false, known: [] });
  }

  /** The next elements are there already. */
  markDone(count: number): void {
    this.offered += count;
  }

  /** Sends elements for as long as there are free places. */
  drain(): void {
    while (!this.closed && this.inFlight.size < this.destination.maxInFlight && !this.execution.stopped) {
      const range = this.nextRange();
      if (range === undefined) break;
      this.send(range);
    }
  }

  /** The positions of the elements that are in a step. */
  inFlightElements(step: Step): number[] {
    const index = this.destination.steps.indexOf(step);
    return [...this.inFlight].flatMap(([{ first }, visit]) =>
      (visit?.inFlight?.() ?? []).filter((held) => held.step === index).map((held) => first + held.index),
    );
  }

  /** No more is wanted, and threads may drop what was shared. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const visit of this.inFlight.values()) visit?.stop();
    void this.destination.close();
  }

  private nextRange(): ChunkRangeState | undefined {
    const before = this.failure?.element ?? Number.POSITIVE_INFINITY;
    const i = this.pending.findLastIndex(({ first }) => first < before);
    const range = this.pending[i];
    if (range === undefined) return undefined;
    const { count, budgetMs } = this.destination.sizer.next(this.left);
    const taken = range.suspected || count >= range.count ? range : { ...range, count };
    if (taken === range) this.pending.splice(i, 1);
    else this.pending[i] = { ...range, first: range.first + count, count: range.count - count };
    this.left -= taken.count;
    return { ...taken, budgetMs };
  }

  private requeue(range: ChunkRangeState): void {
    this.pending.push(range);
    this.left += range.count;
  }

  private send(range: ChunkRangeState): void {
    this.inFlight.set(range, undefined);
    const at = now();
    const company = range.suspected ? "none" : this.isolation;
    const indices = this.ends.indices?.slice(range.first, range.first + range.count);
    const elements = this.ends.elements(range);
    const readable = range.isUnread ? elements.map(() => [undefined]) : elements;
    const visited = this.destination.submit({ ...range, indices }, readable, company);
    const outcome = visited.then((visit) => {
      this.inFlight.set(range, visit);
      if (this.closed) visit.stop();
      return visit.outcome;
    });
    this.execution.whenSettled(
      outcome,
      (ended) => {
        this.inFlight.delete(range);
        this.settle(range, ended as ChunkOutcome, at);
      },
      (error) => {
        this.inFlight.delete(range);
        this.fail(range, error);
        this.drain();
      },
    );
  }

  private settle(range: ChunkRangeState, outcome: ChunkOutcome, at: number): void {
    if (outcome.kind === "home") this.onResult(range, outcome.result);
    else if (outcome.kind === "dragged") this.requeue(range);
    else if (outcome.kind === "halved") this.bisect(range);
    else if (outcome.kind === "lost") this.onCrash(range, outcome, at);
    this.failInOrder();
    this.drain();
  }

  private onResult(range: ChunkRangeState, result: ChunkResult): void {
    if (result.failure !== undefined) {
      const { error } = result.failure;
      if (!this.leaveOut(range, error)) this.fail(range, error);
      return;
    }
    const wrong = wrongResult(
      result,
      range.count,
      this.ends.outputs,
      this.execution.pathOf(this.destination.steps[0]!),
    );
    if (wrong !== undefined) {
      this.fail(range, wrong);
      return;
    }
    this.requeueFrom(range, result.done, range.count);
    this.destination.sizer.record(result.done, result.tookMs);
    this.ends.onResult({ ...range, count: result.done }, result);
  }

  /**
   * An element that can't be read where it came to fails alone, where all that take it collect: it goes once more as one
   * that is known to fail, and the others without it. @returns whether it does.
   */
  private leaveOut(range: ChunkRangeState, error: unknown): boolean {
    const element = error instanceof NodeError && isUnread(error) ? error.element : undefined;
    const position = this.positionOf(element) ?? -1;
    const index = position - range.first;
    if (element === undefined || index < 0 || index >= range.count) return false;
    const { steps } = this.destination;
    const takers = steps.filter(({ map }) => map!.streamsFrom.some((from) => from < 0));
    if (!takers.every(({ node }) => node.options.onError === "collect")) return false;
    const at = now();
    const known = takers.map((step) => {
      const call = { execution: this.execution, step, element, inputs: [], cause: error as NodeError };
      const own = messageOf(error as NodeError, step, this.execution.pathOf(step, element));
      emitCrashFailure(call, own, at);
      return { step: steps.indexOf(step), element, error: own };
    });
    this.requeueFrom(range, 0, index);
    this.requeueFrom(range, index + 1, range.count);
    this.requeue({ ...range, first: position, count: 1, known: [...range.known, ...known], isUnread: true });
    return true;
  }

  /** A thread has ended under a visit: what it held is tried again as its retries say, everything else just so. */
  private onCrash(range: ChunkRangeState, { held, crowded, cause }: ChunkOutcome & { kind: "lost" }, at: number): void {
    if (held.length === 0) {
      if (++this.startupCrashes >= MAX_STARTUP_CRASHES) this.fail(range, crashLoopError(cause, this.execution.path));
      else this.requeue(range);
      return;
    }
    let from = 0;
    for (const { index } of held) {
      this.requeueFrom(range, from, index);
      from = index + 1;
    }
    this.requeueFrom(range, from, range.count);
    // Of several that were in the thread it is not known who ended it: each goes again, alone.
    const isCertain = held.length === 1 && (!crowded || range.suspected);
    for (const { index, step } of held) {
      const element = range.first + index;
      if (isCertain) this.chargeAttempt(range, element, step, cause, at);
      else this.requeue({ ...range, first: element, count: 1, suspected: true });
    }
  }

  /** Something among them has ended the process that they were in: the half that has not goes on. */
  private bisect(range: ChunkRangeState): void {
    const half = Math.ceil(range.count / 2);
    this.requeue({ ...range, first: range.first + half, count: range.count - half, suspected: true });
    this.requeue({ ...range, count: half, suspected: true });
  }

  private requeueFrom(range: ChunkRangeState, from: number, to: number): void {
    if (to > from) this.requeue({ ...range, first: range.first + from, count: to - from, suspected: false });
  }

  private chargeAttempt(range: ChunkRangeState, position: number, index: number, cause: Error, at: number): void {
    const { execution, destination } = this;
    const step = destination.steps[index]!;
    const element = elementIndex({ first: 0, indices: this.ends.indices }, position);
    const call: CrashedCall = { execution, step, element, inputs: this.ends.inputs(step, position), cause };
    const counted = this.crashes.count(call);
    const again: ChunkRangeState = { ...range, first: position, count: 1, suspected: true };
    if ("wait" in counted) {
      this.inFlight.set(again, undefined);
      const go = () => {
        this.inFlight.delete(again);
        this.requeue(again);
        this.drain();
      };
      execution.whenSettled(counted.wait, go, go);
      return;
    }
    emitCrashFailure(call, counted.error, at);
    if (step.node.options.onError !== "collect") this.fail(again, counted.error);
    else this.requeue({ ...again, known: [...range.known, { step: index, element, error: counted.error }] });
  }

  /** An element has failed. Those before it are waited for: the first one that fails is the one that counts. */
  private fail(range: ChunkRangeState, error: unknown): void {
    const element = (error instanceof NodeError ? this.positionOf(error.element) : undefined) ?? range.first;
    if (this.failure === undefined || element < this.failure.element) this.failure = { element, error };
    for (const [other, visit] of this.inFlight) if (other.first > this.failure.element) visit?.stop();
    this.failInOrder();
  }

  private positionOf(element: number | undefined): number | undefined {
    const { indices } = this.ends;
    return indices === undefined || element === undefined ? element : indices.indexOf(element);
  }

  private failInOrder(): void {
    const { failure } = this;
    if (failure === undefined) return;
    const isBefore = ({ first }: ChunkRangeState) => first < failure.element;
    if (this.pending.some(isBefore) || [...this.inFlight.keys()].some(isBefore)) return;
    this.ends.failed(failure.error);
  }
}

import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
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

/** The source of elements, and the receiver of results. */
export interface ChunkIo {
  /** The elements of each list that a chunk takes. */
  elements(range: ChunkRangeState): readonly List[];
  /** The number of steps whose values are wanted. */
  readonly outputs: number;
  /** The index of each element in the whole map, if some are left out. All methods go by position. */
  readonly indices?: Pick<readonly number[], "slice" | "indexOf"> | undefined;
  /** The inputs of a step's call for an element, as far as this process knows them. */
  inputs(step: Step, element: number): readonly unknown[];
  onResult(range: ChunkRangeState, result: ChunkResult): void;
  failed(error: unknown): void;
}

/** Keeps an executor busy with chunks, and queues those again that crashed there. */
export class Dispatcher {
  private readonly execution: RunningExecution;
  private readonly isolation: Isolation;
  /** The ranges that are not in flight, or have to be sent again: the last comes first. */
  private readonly pending: ChunkRangeState[] = [];
  /** The number of elements in them. */
  private left = 0;
  private readonly inFlight = new Map<ChunkRangeState, ChunkHandle | undefined>();
  private readonly crashes = new CrashRetries();
  private startupCrashes = 0;
  private offered = 0;
  private closed = false;
  /** The failure of the first element that failed: as if they had gone one after another. */
  private failure: { readonly element: number; readonly error: unknown } | undefined;

  constructor(
    private readonly executor: ChunkExecutor,
    private readonly io: ChunkIo,
  ) {
    this.execution = executor.execution;
    this.isolation = isolationFor(this.execution.settings.maps);
  }

  /** Elements have come: the next ones after those that came before. */
  add(count: number): void {
    if (count === 0) return;
    const newest = this.pending[0];
    const first = this.offered;
    this.offered += count;
    this.left += count;
    if (newest !== undefined && !newest.isSuspect && newest.first + newest.count === first) {
      this.pending[0] = { ...newest, count: newest.count + count };
    } else this.pending.unshift({ first, count, budgetMs: undefined, isSuspect: false, known: [] });
  }

  /** The next elements are there already. */
  markDone(count: number): void {
    this.offered += count;
  }

  /** Sends elements for as long as there are free places. */
  drain(): void {
    while (!this.closed && this.inFlight.size < this.executor.maxInFlight && !this.execution.stopped) {
      const range = this.nextRange();
      if (range === undefined) break;
      this.send(range);
    }
  }

  /** The positions of the elements that are in a step. */
  inFlightElements(step: Step): number[] {
    const index = this.executor.steps.indexOf(step);
    return [...this.inFlight].flatMap(([{ first }, handle]) =>
      (handle?.inFlight?.() ?? []).filter((element) => element.step === index).map((element) => first + element.index),
    );
  }

  /** No more is wanted, and threads may drop what was shared. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const handle of this.inFlight.values()) handle?.stop();
    void this.executor.close();
  }

  private nextRange(): ChunkRangeState | undefined {
    const before = this.failure?.element ?? Number.POSITIVE_INFINITY;
    const i = this.pending.findLastIndex(({ first }) => first < before);
    const range = this.pending[i];
    if (range === undefined) return undefined;
    const { count, budgetMs } = this.executor.sizer.next(this.left);
    const taken = range.isSuspect || count >= range.count ? range : { ...range, count };
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
    const isolation = range.isSuspect ? "exclusive" : this.isolation;
    const indices = this.io.indices?.slice(range.first, range.first + range.count);
    const elements = this.io.elements(range);
    const readable = range.isUnread ? elements.map(() => [undefined]) : elements;
    const submitted = this.executor.submit({ ...range, indices }, readable, isolation);
    const outcome = submitted.then((handle) => {
      this.inFlight.set(range, handle);
      if (this.closed) handle.stop();
      return handle.outcome;
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
    if (outcome.kind === "completed") this.onResult(range, outcome.result);
    else if (outcome.kind === "evicted") this.requeue(range);
    else if (outcome.kind === "bisected") this.bisect(range);
    else if (outcome.kind === "crashed") this.onCrash(range, outcome, at);
    this.failInOrder();
    this.drain();
  }

  private onResult(range: ChunkRangeState, result: ChunkResult): void {
    if (result.failure !== undefined) {
      const { error } = result.failure;
      if (!this.leaveOut(range, error)) this.fail(range, error);
      return;
    }
    const wrong = wrongResult(result, range.count, this.io.outputs, this.execution.pathOf(this.executor.steps[0]!));
    if (wrong !== undefined) {
      this.fail(range, wrong);
      return;
    }
    this.requeueFrom(range, result.done, range.count);
    this.executor.sizer.record(result.done, result.tookMs);
    this.io.onResult({ ...range, count: result.done }, result);
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
    const { steps } = this.executor;
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

  /** A thread has crashed: the calls in flight are retried as their options say, everything else is sent again. */
  private onCrash(
    range: ChunkRangeState,
    { inFlight, hadCoTenants, cause }: ChunkOutcome & { kind: "crashed" },
    at: number,
  ): void {
    if (inFlight.length === 0) {
      if (++this.startupCrashes >= MAX_STARTUP_CRASHES) this.fail(range, crashLoopError(cause, this.execution.path));
      else this.requeue(range);
      return;
    }
    let from = 0;
    for (const { index } of inFlight) {
      this.requeueFrom(range, from, index);
      from = index + 1;
    }
    this.requeueFrom(range, from, range.count);
    // Of several in the thread it is not known which one has ended it: each is sent again, alone.
    const isCertain = inFlight.length === 1 && (!hadCoTenants || range.isSuspect);
    for (const { index, step } of inFlight) {
      const element = range.first + index;
      if (isCertain) this.chargeAttempt(range, element, step, cause, at);
      else this.requeue({ ...range, first: element, count: 1, isSuspect: true });
    }
  }

  /** Something among them has ended the process that they were in: the half that has not goes on. */
  private bisect(range: ChunkRangeState): void {
    const half = Math.ceil(range.count / 2);
    this.requeue({ ...range, first: range.first + half, count: range.count - half, isSuspect: true });
    this.requeue({ ...range, count: half, isSuspect: true });
  }

  private requeueFrom(range: ChunkRangeState, from: number, to: number): void {
    if (to > from) this.requeue({ ...range, first: range.first + from, count: to - from, isSuspect: false });
  }

  private chargeAttempt(range: ChunkRangeState, position: number, index: number, cause: Error, at: number): void {
    const { execution, executor } = this;
    const step = executor.steps[index]!;
    const [element = position] = this.io.indices?.slice(position, position + 1) ?? [];
    const call: CrashedCall = { execution, step, element, inputs: this.io.inputs(step, position), cause };
    const counted = this.crashes.count(call);
    const again: ChunkRangeState = { ...range, first: position, count: 1, isSuspect: true };
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
    for (const [other, handle] of this.inFlight) if (other.first > this.failure.element) handle?.stop();
    this.failInOrder();
  }

  private positionOf(element: number | undefined): number | undefined {
    const { indices } = this.io;
    return indices === undefined || element === undefined ? element : indices.indexOf(element);
  }

  private failInOrder(): void {
    const { failure } = this;
    if (failure === undefined) return;
    const isBefore = ({ first }: ChunkRangeState) => first < failure.element;
    if (this.pending.some(isBefore) || [...this.inFlight.keys()].some(isBefore)) return;
    this.io.failed(failure.error);
  }
}

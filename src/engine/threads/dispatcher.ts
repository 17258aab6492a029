import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { indexIn } from "../elements.js";
import { now } from "../events.js";
import type { Execution } from "../execution.js";
import type { List } from "../lists.js";
import { wrongResult } from "./checked-result.js";
import type { Destination, VisitUnderWay } from "./destination.js";
import { barren, Losses, type LostCall, MOST_BARREN, tellFailed } from "./losses.js";
import type { Company, VisitResult } from "./protocol.js";
import { companyOf } from "./spread.js";
import { isUnread, sayingOf } from "./unread.js";
import type { Outcome, Range } from "./visit.js";

/** Where elements come from, and where results go. */
export interface Ends {
  /** What a visit takes along of each list. */
  elements(range: Range): readonly List[];
  /** How many steps' values are wanted. */
  readonly outputs: number;
  /** The index that each element has in the whole map, where they are not all there. What is asked and told here goes by position. */
  readonly indices?: readonly number[] | undefined;
  /** What a step's call for an element got, as far as it is known here. */
  inputs(step: Step, element: number): readonly unknown[];
  home(range: Range, result: VisitResult): void;
  failed(error: unknown): void;
}

/** Keeps a destination busy with elements, and does again what was lost there. */
export class Dispatcher {
  private readonly execution: Execution;
  private readonly company: Company;
  /** What no visit has, or what has to go again: the last comes first. */
  private readonly todo: Range[] = [];
  /** How many elements these are. */
  private left = 0;
  private readonly underWay = new Map<Range, VisitUnderWay | undefined>();
  private readonly losses = new Losses();
  private barren = 0;
  private offered = 0;
  private closed = false;
  /** The failure of the first element that failed: as if they had gone one after another. */
  private failure: { readonly element: number; readonly error: unknown } | undefined;

  constructor(
    private readonly destination: Destination,
    private readonly ends: Ends,
  ) {
    this.execution = destination.execution;
    this.company = companyOf(this.execution.settings.maps);
  }

  /** Elements have come: the next ones after those that came before. */
  offer(count: number): void {
    if (count === 0) return;
    const newest = this.todo[0];
    const first = this.offered;
    this.offered += count;
    this.left += count;
    if (newest !== undefined && !newest.suspected && newest.first + newest.count === first) {
      this.todo[0] = { ...newest, count: newest.count + count };
    } else this.todo.unshift({ first, count, budgetMs: undefined, suspected: false, known: [] });
  }

  /** The next elements are there already. */
  skip(count: number): void {
    this.offered += count;
  }

  /** Sends elements for as long as there are free places. */
  pump(): void {
    while (!this.closed && this.underWay.size < this.destination.visitors && !this.execution.stopped) {
      const range = this.nextRange();
      if (range === undefined) break;
      this.send(range);
    }
  }

  /** The positions of the elements that are in a step. */
  held(step: Step): number[] {
    const index = this.destination.steps.indexOf(step);
    return [...this.underWay].flatMap(([{ first }, visit]) =>
      (visit?.held?.() ?? []).filter((held) => held.step === index).map((held) => first + held.index),
    );
  }

  /** No more is wanted, and threads may drop what was shared. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const visit of this.underWay.values()) visit?.stop();
    void this.destination.end();
  }

  private nextRange(): Range | undefined {
    const before = this.failure?.element ?? Number.POSITIVE_INFINITY;
    const i = this.todo.findLastIndex(({ first }) => first < before);
    const range = this.todo[i];
    if (range === undefined) return undefined;
    const { count, budgetMs } = this.destination.sizes.next(this.left);
    const taken = range.suspected || count >= range.count ? range : { ...range, count };
    if (taken === range) this.todo.splice(i, 1);
    else this.todo[i] = { ...range, first: range.first + count, count: range.count - count };
    this.left -= taken.count;
    return { ...taken, budgetMs };
  }

  private again(range: Range): void {
    this.todo.push(range);
    this.left += range.count;
  }

  private send(range: Range): void {
    this.underWay.set(range, undefined);
    const at = now();
    const company = range.suspected ? "none" : this.company;
    const indices = this.ends.indices?.slice(range.first, range.first + range.count);
    const elements = this.ends.elements(range);
    const readable = range.isUnread ? elements.map(() => [undefined]) : elements;
    const visited = this.destination.visit({ ...range, indices }, readable, company);
    const outcome = visited.then((visit) => {
      this.underWay.set(range, visit);
      if (this.closed) visit.stop();
      return visit.outcome;
    });
    this.execution.later(
      outcome,
      (ended) => {
        this.underWay.delete(range);
        this.settle(range, ended as Outcome, at);
      },
      (error) => {
        this.underWay.delete(range);
        this.fail(range, error);
        this.pump();
      },
    );
  }

  private settle(range: Range, outcome: Outcome, at: number): void {
    if (outcome.kind === "home") this.home(range, outcome.result);
    else if (outcome.kind === "dragged") this.again(range);
    else if (outcome.kind === "halved") this.halve(range);
    else if (outcome.kind === "lost") this.lost(range, outcome, at);
    this.failWhenFirst();
    this.pump();
  }

  private home(range: Range, result: VisitResult): void {
    if (result.failure !== undefined) {
      const { error } = result.failure;
      if (!this.leaveOut(range, error)) this.fail(range, error);
      return;
    }
    const wrong = wrongResult(
      result,
      range.count,
      this.ends.outputs,
      this.execution.placeOf(this.destination.steps[0]!),
    );
    if (wrong !== undefined) {
      this.fail(range, wrong);
      return;
    }
    this.againFrom(range, result.done, range.count);
    this.destination.sizes.took(result.done, result.tookMs);
    this.ends.home({ ...range, count: result.done }, result);
  }

  /**
   * An element that can't be read where it came to fails alone, where all that take it collect: it goes once more as one
   * that is known to fail, and the others without it. @returns whether it does.
   */
  private leaveOut(range: Range, error: unknown): boolean {
    const element = error instanceof NodeError && isUnread(error) ? error.element : undefined;
    const position = this.positionOf(element) ?? -1;
    const index = position - range.first;
    if (element === undefined || index < 0 || index >= range.count) return false;
    const { steps } = this.destination;
    const takers = steps.filter(({ map }) => map!.flowsFrom.some((from) => from < 0));
    if (!takers.every(({ node }) => node.options.onError === "collect")) return false;
    const at = now();
    const known = takers.map((step) => {
      const call = { execution: this.execution, step, element, inputs: [], cause: error as NodeError };
      const own = sayingOf(error as NodeError, step, this.execution.placeOf(step, element));
      tellFailed(call, own, at);
      return { step: steps.indexOf(step), element, error: own };
    });
    this.againFrom(range, 0, index);
    this.againFrom(range, index + 1, range.count);
    this.again({ ...range, first: position, count: 1, known: [...range.known, ...known], isUnread: true });
    return true;
  }

  /** A thread has ended under a visit: what it held is tried again as its retries say, everything else just so. */
  private lost(range: Range, { held, crowded, cause }: Outcome & { kind: "lost" }, at: number): void {
    if (held.length === 0) {
      if (++this.barren >= MOST_BARREN) this.fail(range, barren(cause, this.execution.path));
      else this.again(range);
      return;
    }
    let from = 0;
    for (const { index } of held) {
      this.againFrom(range, from, index);
      from = index + 1;
    }
    this.againFrom(range, from, range.count);
    // Of several that were in the thread it is not known who ended it: each goes again, alone.
    const isCertain = held.length === 1 && (!crowded || range.suspected);
    for (const { index, step } of held) {
      const element = range.first + index;
      if (isCertain) this.charge(range, element, step, cause, at);
      else this.again({ ...range, first: element, count: 1, suspected: true });
    }
  }

  /** Something among them has ended the process that they were in: the half that has not goes on. */
  private halve(range: Range): void {
    const half = Math.ceil(range.count / 2);
    this.again({ ...range, first: range.first + half, count: range.count - half, suspected: true });
    this.again({ ...range, count: half, suspected: true });
  }

  private againFrom(range: Range, from: number, to: number): void {
    if (to > from) this.again({ ...range, first: range.first + from, count: to - from, suspected: false });
  }

  private charge(range: Range, position: number, index: number, cause: Error, at: number): void {
    const { execution, destination } = this;
    const step = destination.steps[index]!;
    const element = indexIn({ first: 0, indices: this.ends.indices }, position);
    const call: LostCall = { execution, step, element, inputs: this.ends.inputs(step, position), cause };
    const counted = this.losses.count(call);
    const again: Range = { ...range, first: position, count: 1, suspected: true };
    if ("wait" in counted) {
      this.underWay.set(again, undefined);
      const go = () => {
        this.underWay.delete(again);
        this.again(again);
        this.pump();
      };
      execution.later(counted.wait, go, go);
      return;
    }
    tellFailed(call, counted.error, at);
    if (step.node.options.onError !== "collect") this.fail(again, counted.error);
    else this.again({ ...again, known: [...range.known, { step: index, element, error: counted.error }] });
  }

  /** An element has failed. Those before it are waited for: the first one that fails is the one that counts. */
  private fail(range: Range, error: unknown): void {
    const element = (error instanceof NodeError ? this.positionOf(error.element) : undefined) ?? range.first;
    if (this.failure === undefined || element < this.failure.element) this.failure = { element, error };
    for (const [other, visit] of this.underWay) if (other.first > this.failure.element) visit?.stop();
    this.failWhenFirst();
  }

  private positionOf(element: number | undefined): number | undefined {
    const { indices } = this.ends;
    return indices === undefined || element === undefined ? element : indices.indexOf(element);
  }

  private failWhenFirst(): void {
    const { failure } = this;
    if (failure === undefined) return;
    const isBefore = ({ first }: Range) => first < failure.element;
    if (this.todo.some(isBefore) || [...this.underWay.keys()].some(isBefore)) return;
    this.ends.failed(failure.error);
  }
}

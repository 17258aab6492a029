import type { Step } from "../../graph/plan.js";
import { Execution } from "../execution.js";
import type { List } from "../lists.js";
import type { RunState } from "../run-state.js";
import { Scope } from "../scope.js";
import type { MadeFragment } from "../threads/compute-part.js";
import type { Destination, VisitUnderWay } from "../threads/destination.js";
import { Dispatcher, type Ends } from "../threads/dispatcher.js";
import { Fragment, type SharedBytes } from "../threads/fragment.js";
import { type Company, type FragmentSpec, NOTHING, type VisitResult } from "../threads/protocol.js";
import type { Range } from "../threads/visit.js";
import type { Chunk } from "./chunk.js";

/** A fragment as it is made here. */
export interface Made extends MadeFragment {
  readonly spec: FragmentSpec;
  readonly wanted: readonly Step[];
  readonly shared: SharedBytes;
}

/** What a chunk brings home, without its events. */
export type ChunkResult = Omit<VisitResult, "events">;

/** A chunk goes to one thread as it is: it was cut where all the work is known. */
const WHOLE = { next: (left: number) => ({ count: left, budgetMs: undefined }), took() {}, limit() {} };

/** One chunk, under way in threads; what was in one that is lost goes to another one. */
export class ChunkInThreads implements Ends, Destination {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  readonly visitors: number;
  readonly sizes: Destination["sizes"];
  readonly indices: readonly number[];
  private readonly fragment: Fragment;
  private readonly dispatcher: Dispatcher;
  private readonly values: readonly unknown[][];
  private readonly errors: number[];
  private left: number;
  private tookMs = 0;
  private resolve!: (result: ChunkResult) => void;

  /** @param isSpread whether it goes to all threads; else, as it is, to one. */
  constructor(
    { spec, program, settings, values, wanted, shared }: Made,
    private readonly chunk: Chunk,
    run: RunState,
    isSpread: boolean,
  ) {
    const { first, count } = chunk;
    const standing = { path: spec.path };
    this.execution = new Execution(program, values.slice(), run, new Scope(), settings, standing).standBy();
    this.steps = program.plan.steps;
    this.fragment = new Fragment(this.execution, this.steps, wanted, [], spec.overlapping, undefined, shared);
    this.visitors = isSpread ? this.fragment.visitors : 1;
    this.sizes = isSpread ? this.fragment.sizes : WHOLE;
    this.indices = chunk.indices ?? Array.from({ length: count }, (_, i) => first + i);
    this.values = wanted.map(() => new Array(count));
    this.errors = this.steps.map(() => 0);
    this.left = count;
    this.dispatcher = new Dispatcher(this, this);
  }

  result(signal: AbortSignal): Promise<ChunkResult> {
    const stop = () => this.execution.scope.stop(signal.reason);
    return new Promise<ChunkResult>((resolve, reject) => {
      this.resolve = resolve;
      this.execution.scope.onStop(() => reject(this.execution.scope.reason));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      this.dispatcher.offer(this.chunk.count);
      this.dispatcher.pump();
    }).finally(() => signal.removeEventListener("abort", stop));
  }

  visit(range: Range, elements: readonly List[], company: Company): Promise<VisitUnderWay> {
    const known = [...this.chunk.known, ...range.known];
    return this.fragment.visit({ ...range, known }, elements, company);
  }

  /** The others that come for the same fragment need what it has. */
  end(): void {}

  get outputs(): number {
    return this.values.length;
  }

  elements({ first, count }: Range): readonly List[] {
    const { elements } = this.chunk;
    if (count === this.chunk.count) return elements;
    return elements.map((list) => (list as unknown[]).slice(first, first + count));
  }

  inputs(_: Step, element: number): readonly unknown[] {
    return this.chunk.elements.map((list) => list[element]);
  }

  home({ first, count }: Range, { values, failed, tookMs }: VisitResult): void {
    for (const [i, found] of values.entries()) {
      for (let element = 0; element < found.length; element++) this.values[i]![first + element] = found[element];
    }
    for (const [i, errors] of failed.entries()) this.errors[i]! += errors;
    this.tookMs += tookMs;
    this.left -= count;
    if (this.left === 0) this.finish(this.chunk.count, undefined);
  }

  failed(error: unknown): void {
    this.finish(0, { error });
  }

  private finish(done: number, failure: { readonly error: unknown } | undefined): void {
    this.dispatcher.close();
    const { values, errors: failed, tookMs } = this;
    this.resolve({ ...NOTHING, done, values: failure ? [] : values, failed, failure, tookMs });
  }
}

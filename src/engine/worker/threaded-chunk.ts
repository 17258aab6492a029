import type { Step } from "../../graph/plan.js";
import type { ChunkExecutor, ChunkHandle } from "../chunks/chunk-executor.js";
import type { ChunkMessage } from "../chunks/chunk-message.js";
import { type ChunkIo, Dispatcher } from "../chunks/dispatcher.js";
import type { ChunkRangeState } from "../chunks/protocol.js";
import { type ChunkResult, EMPTY_RESULT, type Isolation, type StageSpec } from "../chunks/protocol.js";
import { Stage } from "../chunks/stage.js";
import type { List } from "../elements/lists.js";
import { Execution } from "../execute-plan.js";
import { CancelScope } from "../lifecycle/cancel-scope.js";
import type { RunContext } from "../lifecycle/run-context.js";
import { type SharedStageBytes, ThreadChunkExecutor } from "../threads/thread-chunk-executor.js";

import type { StageProgram } from "./run-slice.js";

/** A stage as this process has instantiated it. */
export interface StageInstance extends StageProgram {
  readonly spec: StageSpec;
  readonly wanted: readonly Step[];
  readonly shared: SharedStageBytes;
}

/** The result of a chunk, without its events. */
export type ThreadedChunkResult = Omit<ChunkResult, "events">;

/** A chunk goes to one thread as it is: it was cut where all the work is known. */
const SINGLE_CHUNK = { next: (left: number) => ({ count: left, budgetMs: undefined }), record() {}, limit() {} };

/** One chunk that threads compute; the elements of one that crashes go to another one. */
export class ThreadedChunk implements ChunkIo, ChunkExecutor {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  readonly maxInFlight: number;
  readonly sizer: ChunkExecutor["sizer"];
  readonly indices: readonly number[];
  private readonly threads: ThreadChunkExecutor;
  private readonly dispatcher: Dispatcher;
  private readonly values: readonly unknown[][];
  private readonly errors: number[];
  private remaining: number;
  private tookMs = 0;
  private resolve!: (result: ThreadedChunkResult) => void;

  /** @param isSpread whether it goes to all threads; else, as it is, to one. */
  constructor(
    { spec, program, settings, values, wanted, shared }: StageInstance,
    private readonly chunk: ChunkMessage,
    run: RunContext,
    isSpread: boolean,
  ) {
    const { first, count } = chunk;
    const context = { path: spec.path };
    this.execution = new Execution(
      program,
      values.slice(),
      run,
      new CancelScope(),
      settings,
      undefined,
      context,
    ).standBy();
    this.steps = program.plan.steps;
    this.threads = new ThreadChunkExecutor(
      new Stage(this.execution, this.steps, wanted, [], spec.elementConcurrency),
      shared,
    );
    this.maxInFlight = isSpread ? this.threads.maxInFlight : 1;
    this.sizer = isSpread ? this.threads.sizer : SINGLE_CHUNK;
    this.indices = chunk.indices ?? Array.from({ length: count }, (_, i) => first + i);
    this.values = wanted.map(() => new Array(count));
    this.errors = this.steps.map(() => 0);
    this.remaining = count;
    this.dispatcher = new Dispatcher(this, this);
  }

  result(signal: AbortSignal): Promise<ThreadedChunkResult> {
    const stop = () => this.execution.scope.stop(signal.reason);
    return new Promise<ThreadedChunkResult>((resolve, reject) => {
      this.resolve = resolve;
      this.execution.scope.onStop(() => reject(this.execution.scope.reason));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      this.dispatcher.add(this.chunk.count);
      this.dispatcher.drain();
    }).finally(() => signal.removeEventListener("abort", stop));
  }

  submit(range: ChunkRangeState, elements: readonly List[], isolation: Isolation): Promise<ChunkHandle> {
    const known = [...this.chunk.known, ...range.known];
    return this.threads.submit({ ...range, known }, elements, isolation);
  }

  /** Keeps the stage: other chunks need it. */
  close(): void {}

  get outputs(): number {
    return this.values.length;
  }

  elements({ first, count }: ChunkRangeState): readonly List[] {
    const { elements } = this.chunk;
    if (count === this.chunk.count) return elements;
    return elements.map((list) => (list as unknown[]).slice(first, first + count));
  }

  inputs(_: Step, element: number): readonly unknown[] {
    return this.chunk.elements.map((list) => list[element]);
  }

  onResult({ first, count }: ChunkRangeState, { values, failed, tookMs }: ChunkResult): void {
    for (const [i, computed] of values.entries()) {
      for (let element = 0; element < computed.length; element++) this.values[i]![first + element] = computed[element];
    }
    for (const [i, errors] of failed.entries()) this.errors[i]! += errors;
    this.tookMs += tookMs;
    this.remaining -= count;
    if (this.remaining === 0) this.finish(this.chunk.count, undefined);
  }

  failed(error: unknown): void {
    this.finish(0, { error });
  }

  private finish(done: number, failure: { readonly error: unknown } | undefined): void {
    this.dispatcher.close();
    const { values, errors: failed, tookMs } = this;
    this.resolve({ ...EMPTY_RESULT, done, values: failure ? [] : values, failed, failure, tookMs });
  }
}

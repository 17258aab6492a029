import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import type { List } from "../elements/lists.js";
import type { RunningExecution } from "../executor.js";
import { maxElementsInFlight } from "../settings.js";
import type { ChunkExecutorFactory } from "./chunk-executor.js";
import { threadConcurrency } from "./concurrency.js";
import { type ChunkIo, Dispatcher } from "./dispatcher.js";
import type { ChunkRangeState, ChunkResult } from "./protocol.js";
import { Stage } from "./stage.js";

interface Waiting {
  /** Its index in the stream. */
  readonly index: number;
  readonly elements: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Elements of a stream that go to threads: those that come while all threads are busy go together. */
export class ChunkedStream implements ChunkIo {
  private readonly dispatcher: Dispatcher;
  private readonly lists: number;
  /** By position, the elements that have come and whose results have not. */
  private readonly waiting = new Map<number, Waiting>();
  private received = 0;
  /** True if an element did not come here: it was in the cache. */
  private hasGaps = false;
  readonly outputs = 1;

  constructor(execution: RunningExecution, mapped: Step, executorFor: ChunkExecutorFactory) {
    // The elements of a product come as pairs, and its lists may come over time.
    const step = mapped.map!.product ? { ...mapped, map: { ...mapped.map!, product: false } } : mapped;
    const { elementConcurrency } = threadConcurrency(execution.settings);
    this.lists = step.map!.lists.length;
    // In a thread an error takes its element's place, so that the other elements of the chunk are returned.
    const stage = new Stage(execution, [step], [step], step.map!.lists, elementConcurrency, {
      mode: "zip",
      onError: "collect",
    });
    const executor = executorFor(stage);
    executor.sizer.limit(Math.max(1, Math.floor(maxElementsInFlight(execution.settings) / executor.maxInFlight)));
    this.dispatcher = new Dispatcher(executor, this);
  }

  /**
   * @param index its index in the stream.
   * @param soon whether it is sent soon, though nobody says that no more has come.
   * @returns the result, or rejects with its error.
   */
  add(elements: readonly unknown[], index: number, soon: boolean): Promise<unknown> {
    this.hasGaps ||= index !== this.received;
    this.dispatcher.add(1);
    if (soon) setImmediate(() => this.flush());
    return new Promise((resolve, reject) => {
      this.waiting.set(this.received++, { index, elements, resolve, reject });
    });
  }

  /** Sends what has come: nothing more does for now. */
  flush(): void {
    this.dispatcher.drain();
  }

  close(): void {
    this.dispatcher.close();
  }

  elements({ first, count }: ChunkRangeState): readonly List[] {
    return Array.from({ length: this.lists }, (_, list) =>
      Array.from({ length: count }, (_, i) => this.waiting.get(first + i)!.elements[list]),
    );
  }

  get indices(): ChunkIo["indices"] {
    if (!this.hasGaps) return undefined;
    const positions = (first = 0, end = 0) => Array.from({ length: end - first }, (_, i) => first + i);
    return {
      slice: (first, end) => positions(first, end).map((position) => this.waiting.get(position)!.index),
      indexOf: (index) => this.positionOf(index) ?? -1,
    };
  }

  private positionOf(element: number): number | undefined {
    for (const [position, { index }] of this.waiting) if (index === element) return position;
    return undefined;
  }

  inputs(_: Step, element: number): readonly unknown[] {
    return this.waiting.get(element)!.elements;
  }

  onResult({ first, count }: ChunkRangeState, { values }: ChunkResult): void {
    for (let i = 0; i < count; i++) {
      this.waiting.get(first + i)!.resolve(values[0]![i]);
      this.waiting.delete(first + i);
    }
  }

  failed(error: unknown): void {
    const element = error instanceof NodeError ? error.element : undefined;
    const [first] = this.waiting.values();
    (this.waiting.get(this.positionOf(element ?? -1) ?? -1) ?? first)?.reject(error);
  }
}

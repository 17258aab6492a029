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
  readonly elements: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Elements of a stream that go to threads: those that come while all threads are busy go together. */
export class ChunkedStream implements ChunkIo {
  private readonly dispatcher: Dispatcher;
  private readonly lists: number;
  /** By index, the elements that have come and whose results have not. */
  private readonly waiting = new Map<number, Waiting>();
  private received = 0;
  /** The elements' indices in the stream, where cached ones are left out; without those whose results have come. */
  readonly indices: number[] | undefined;
  readonly outputs = 1;

  /** @param isCached whether elements are looked up first, so that some are left out. */
  constructor(execution: RunningExecution, step: Step, executorFor: ChunkExecutorFactory, isCached: boolean) {
    const { elementConcurrency } = threadConcurrency(execution.settings);
    this.lists = step.map!.lists.length;
    this.indices = isCached ? [] : undefined;
    // In a thread an error takes its element's place, so that the other elements of the chunk are returned.
    const stage = new Stage(execution, [step], [step], step.map!.lists, elementConcurrency, "collect");
    const executor = executorFor(stage);
    executor.sizer.limit(Math.max(1, Math.floor(maxElementsInFlight(execution.settings) / executor.maxInFlight)));
    this.dispatcher = new Dispatcher(executor, this);
  }

  /**
   * @param index that of the element in the stream.
   * @returns the result, or rejects with its error.
   */
  add(elements: readonly unknown[], index: number): Promise<unknown> {
    const position = this.received++;
    this.dispatcher.add(1);
    if (this.indices !== undefined) {
      this.indices[position] = index;
      // It was looked up first: nobody says that no more has come.
      setImmediate(() => this.flush());
    }
    return new Promise((resolve, reject) => {
      this.waiting.set(position, { elements, resolve, reject });
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

  inputs(_: Step, element: number): readonly unknown[] {
    return this.waiting.get(element)!.elements;
  }

  onResult({ first, count }: ChunkRangeState, { values }: ChunkResult): void {
    for (let i = 0; i < count; i++) {
      this.waiting.get(first + i)!.resolve(values[0]![i]);
      this.waiting.delete(first + i);
      delete this.indices?.[first + i];
    }
  }

  failed(error: unknown): void {
    const element = error instanceof NodeError ? (error.element ?? -1) : -1;
    const position = this.indices === undefined ? element : this.indices.indexOf(element);
    const [first] = this.waiting.values();
    (this.waiting.get(position) ?? first)?.reject(error);
  }
}

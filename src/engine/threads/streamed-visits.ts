import { NodeError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import type { Execution } from "../execution.js";
import type { List } from "../lists.js";
import { elementsAway } from "../settings.js";
import { destinationOf } from "./destination.js";
import { Dispatcher, type Ends } from "./dispatcher.js";
import { Fragment } from "./fragment.js";
import type { VisitResult } from "./protocol.js";
import { spread } from "./spread.js";
import type { Range } from "./visit.js";

interface Waiting {
  readonly elements: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Elements of a stream that go to threads: those that come while all threads are busy go together. */
export class StreamedVisits implements Ends {
  private readonly dispatcher: Dispatcher;
  private readonly lists: number;
  /** By index, what has come and is not home. */
  private readonly waiting = new Map<number, Waiting>();
  private come = 0;
  readonly outputs = 1;

  constructor(execution: Execution, step: Step) {
    const { overlapping } = spread(execution.settings);
    this.lists = step.map!.lists.length;
    // In a thread an error stands in its element's place: what else is in the chunk comes home.
    const fragment = new Fragment(execution, [step], [step], step.map!.lists, overlapping, "collect");
    const destination = destinationOf(fragment);
    destination.sizes.limit(Math.max(1, Math.floor(elementsAway(execution.settings) / destination.visitors)));
    this.dispatcher = new Dispatcher(destination, this);
  }

  /**
   * @param soon whether it is sent soon, though nobody says that no more has come.
   * @returns the result, or rejects with its error.
   */
  add(elements: readonly unknown[], soon: boolean): Promise<unknown> {
    this.dispatcher.offer(1);
    if (soon) setImmediate(() => this.flush());
    return new Promise((resolve, reject) => {
      this.waiting.set(this.come++, { elements, resolve, reject });
    });
  }

  /** Sends what has come: nothing more does for now. */
  flush(): void {
    this.dispatcher.pump();
  }

  close(): void {
    this.dispatcher.close();
  }

  elements({ first, count }: Range): readonly List[] {
    return Array.from({ length: this.lists }, (_, list) =>
      Array.from({ length: count }, (_, i) => this.waiting.get(first + i)!.elements[list]),
    );
  }

  inputs(_: Step, element: number): readonly unknown[] {
    return this.waiting.get(element)!.elements;
  }

  home({ first, count }: Range, { values }: VisitResult): void {
    for (let i = 0; i < count; i++) {
      this.waiting.get(first + i)!.resolve(values[0]![i]);
      this.waiting.delete(first + i);
    }
  }

  failed(error: unknown): void {
    const element = error instanceof NodeError ? error.element : undefined;
    const [first] = this.waiting.values();
    (this.waiting.get(element ?? -1) ?? first)?.reject(error);
  }
}

import type { ElementSource } from "../../engine/stream.js";

/** The elements of a stream, which the client sends one by one when they are asked for. */
export class RemoteElementSource implements ElementSource {
  private readonly waiting: ((next: IteratorResult<unknown[], unknown>) => void)[] = [];
  private isOver = false;

  /** @param pull asks for the next element. */
  constructor(private readonly pull: () => void) {}

  next(): Promise<IteratorResult<unknown[], unknown>> {
    if (this.isOver) return Promise.resolve({ done: true, value: undefined });
    this.pull();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** An element has come: a value of each list. */
  push(values: unknown[]): void {
    this.waiting.shift()?.({ done: false, value: values });
  }

  /** There are no more. */
  end(): void {
    this.isOver = true;
    for (const wake of this.waiting.splice(0)) wake({ done: true, value: undefined });
  }
}

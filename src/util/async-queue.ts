/**
 * Values between producers and consumers, in the order in which they are pushed. What was pushed before the end is consumed
 * before the end is seen. A consumer that leaves a `for await` loop discards the rest.
 */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  private readonly values: T[] = [];
  /** The consumers that wait for a value. There are none while there are values. */
  private readonly waiting: { resolve(next: IteratorResult<T, undefined>): void; reject(error: unknown): void }[] = [];
  private end: { readonly failure?: { readonly error: unknown } } | undefined;

  /** @param pull asks the producer for one value, for producers that push only what is asked for. */
  constructor(private readonly pull?: () => void) {}

  /** The number of values that were pushed and not consumed. */
  get size(): number {
    return this.values.length;
  }

  /** Adds a value. After the end it is discarded. */
  push(value: T): void {
    if (this.end !== undefined) return;
    const consumer = this.waiting.shift();
    if (consumer === undefined) this.values.push(value);
    else consumer.resolve({ done: false, value });
  }

  /** No more values come. */
  close(): void {
    this.end ??= {};
    for (const { resolve } of this.waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  /** No more values come, because of an error: the consumer receives it once, after the values that were pushed before. */
  fail(error: unknown): void {
    if (this.end !== undefined) return;
    const [first, ...others] = this.waiting.splice(0);
    this.end = first === undefined ? { failure: { error } } : {};
    first?.reject(error);
    for (const { resolve } of others) resolve({ done: true, value: undefined });
  }

  /** Takes the next value, if one is there. */
  shift(): T | undefined {
    return this.values.shift();
  }

  /** Takes the next value, or waits for it. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.values.length > 0) return Promise.resolve({ done: false, value: this.values.shift()! });
    if (this.end !== undefined) {
      const { failure } = this.end;
      this.end = {};
      return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error);
    }
    const next = new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
    this.pull?.();
    return next;
  }

  /** The consumer wants no more: the values that are left, and those that come, are discarded. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.values.length = 0;
    this.end = {};
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * How far a stop reaches: a run, or one guarded attempt inside it. A stopped scope starts nothing more, and what is
 * under way can see it through its signal.
 */
export class Scope {
  stopped = false;
  reason: unknown;
  private controller: AbortController | undefined;
  private inner: Set<Scope> | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly outer?: Scope) {
    if (outer === undefined) return;
    outer.inner ??= new Set();
    outer.inner.add(this);
    if (outer.stopped) this.stop(outer.reason);
  }

  /** Made when somebody asks for it: most runs never need one. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.stopped && !this.controller.signal.aborted) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.reason = reason;
    this.controller?.abort(reason);
    for (const scope of this.inner ?? []) scope.stop(reason);
    for (const listener of this.listeners) listener();
  }

  /** Waits for a promise, but no longer than until the scope is stopped. */
  unlessStopped<R>(running: PromiseLike<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const stopped = () => reject(this.reason);
      if (this.stopped) stopped();
      this.listeners.add(stopped);
      const forget = () => this.listeners.delete(stopped);
      running.then(
        (value) => {
          forget();
          resolve(value);
        },
        (error) => {
          forget();
          reject(error);
        },
      );
    });
  }

  /** Ends the scope without a stop: its outer scope forgets it. */
  leave(): void {
    this.outer?.inner?.delete(this);
  }
}

import { setMaxListeners } from "node:events";
import { sleep } from "../../util/long-timeout.js";
import { now } from "./events.js";

/** The bridge from a scope to its run in another thread. */
export interface ScopeParent {
  /** Why everything here is to stop; undefined: it is not. */
  stopReason(): unknown;
  /** Notes that a call with this deadline has started. @returns a function to call when it has ended. */
  limit(at: number): () => void;
}

/**
 * The reach of a stop: a run, or one guarded attempt inside it. A stopped scope starts nothing more, and calls in flight
 * see it through its signal.
 */
export class CancelScope {
  stopped = false;
  reason: unknown;
  private controller: AbortController | undefined;
  private children: Set<CancelScope> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly parent: ScopeParent | undefined;
  private deadline = Number.POSITIVE_INFINITY;
  private deadlineError: (() => unknown) | undefined;
  private ended: (() => void) | undefined;

  constructor(
    private readonly outer?: CancelScope,
    outside?: ScopeParent,
  ) {
    this.parent = outside ?? outer?.parent;
    if (outer === undefined) return;
    outer.children ??= new Set();
    outer.children.add(this);
    if (outer.stopped) this.stop(outer.reason);
  }

  /** Made when somebody asks for it: most runs never need one. */
  get signal(): AbortSignal {
    this.controller ??= this.watched();
    if (this.stopped && !this.controller.signal.aborted) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  /** True if it was stopped, and a call has asked for its signal: what such calls give may be no whole result. */
  get hasSignalled(): boolean {
    return this.stopped && this.controller !== undefined;
  }

  /** A signal that checks for a stop when it is read: in a loop, no event comes before the loop ends. */
  private watched(): AbortController {
    const controller = new AbortController();
    const { signal } = controller;
    // All calls in flight may listen.
    setMaxListeners(0, signal);
    const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")!;
    const aborted = (): boolean => {
      if (get!.call(signal)) return true;
      this.check();
      return get!.call(signal) as boolean;
    };
    Object.defineProperty(signal, "aborted", { get: aborted, configurable: true });
    Object.defineProperty(signal, "throwIfAborted", {
      value: () => {
        if (aborted()) throw signal.reason;
      },
      configurable: true,
    });
    return controller;
  }

  /** Stops the scope from this time on, as its checks see it; `late` gives the reason. */
  limit(at: number, late: () => unknown): void {
    this.deadline = at;
    this.deadlineError = late;
    this.ended = this.parent?.limit(at);
  }

  /** Looks whether it is to be stopped: from outside, or because its time is over. */
  check(): void {
    if (this.stopped) return;
    const reason = this.parent?.stopReason();
    if (reason !== undefined) this.outermost().stop(reason);
    for (let scope: CancelScope | undefined = this; scope !== undefined; scope = scope.outer) {
      if (scope.deadlineError !== undefined && now() >= scope.deadline) scope.stop(scope.deadlineError());
    }
  }

  private outermost(): CancelScope {
    let scope: CancelScope = this;
    while (scope.outer !== undefined) scope = scope.outer;
    return scope;
  }

  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.reason = reason;
    this.controller?.abort(reason);
    for (const scope of this.children ?? []) scope.stop(reason);
    for (const listener of this.listeners) listener();
  }

  /** Calls when the scope is stopped. @returns what takes that back. */
  onStop(listener: () => void): () => void {
    if (this.stopped) listener();
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Waits for a promise, but no longer than until the scope is stopped. */
  raceWithStop<R>(running: PromiseLike<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      const forget = this.onStop(() => reject(this.reason));
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
  close(): void {
    this.outer?.children?.delete(this);
    this.ended?.();
  }
}

/** Resolves after some milliseconds, or when the scope is stopped. */
export function sleepUnlessStopped(ms: number, scope: CancelScope): Promise<void> {
  return sleep(ms, scope.signal);
}

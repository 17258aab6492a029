import { randomUUID } from "node:crypto";
import { describeError } from "../../util/describe.js";
import type { ListsRead } from "../elements/lists.js";
import { RunCache } from "../run-cache/run-cache.js";
import type { CancelScope } from "./cancel-scope.js";
import type { CurrentRun } from "./current-run.js";
import { type EventInput, type Listener, now, type RunEvent } from "./events.js";
import { PurityCheck } from "./purity-check.js";
import type { ResourceScope } from "./resources.js";
import type { TraceContext } from "./trace-context.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The context that all executions of one run share. */
export class RunContext {
  private identity: string | undefined;
  private warnings: Set<string> | undefined;
  private stores: RunCache | undefined;
  private pure: PurityCheck | undefined;
  private read: ListsRead | undefined;
  private inFlight = 0;
  private idle: (() => void) | undefined;
  /** Emits an event to the listener; undefined if there is none. */
  readonly emit: ((input: EventInput) => void) | undefined;

  /** @param id that of the run; undefined: a new one. */
  constructor(
    readonly resources: ResourceScope,
    private readonly listener: Listener | undefined,
    id?: string,
    /** The trace context of its calls, if a tracer observes it. */
    readonly context?: TraceContext | undefined,
  ) {
    this.identity = id;
    if (listener === undefined) return;
    // Completed in place: with many elements, a copy of each event is the largest cost of emitting.
    this.emit = (input) => {
      const event = input as Mutable<RunEvent>;
      event.run = this.id;
      event.at = now();
      this.forward(event);
    };
  }

  /** The lists that were read in this run from iterables that are no arrays. */
  get lists(): ListsRead {
    this.read ??= new WeakMap();
    return this.read;
  }

  /** Forwards an event of another thread or host to the listener. */
  forward(event: RunEvent): void {
    try {
      this.listener?.(event);
    } catch (error) {
      // A listener must not break the run; but its fault must not go unseen either.
      this.warnOnce(`an event could not be emitted: ${describeError(error)}`, "an event could not be emitted");
    }
  }

  /** @param about of what it warns, once for all. */
  warnOnce(message: string, about = message): void {
    this.warnings ??= new Set();
    if (this.warnings.has(about)) return;
    this.warnings.add(about);
    process.emitWarning(message, "HypernodesWarning");
  }

  /** The check that nodes do not change their inputs, if it is asked for. */
  get purity(): PurityCheck {
    this.pure ??= new PurityCheck((message, about) => this.warnOnce(message, about));
    return this.pure;
  }

  /** The run's stores, and the explanation of what was found in them. */
  get cache(): RunCache {
    this.stores ??= new RunCache(this, (message) => this.warnOnce(message));
    return this.stores;
  }

  /** True if anything of the run is cached. */
  get hasCache(): boolean {
    return this.stores?.isOpen === true;
  }

  get id(): string {
    this.identity ??= randomUUID();
    return this.identity;
  }

  /** The run as a node in a scope sees it. */
  currentIn(scope: CancelScope): CurrentRun {
    const run = this;
    return {
      get id() {
        return run.id;
      },
      get signal() {
        return scope.signal;
      },
    };
  }

  /** Counts a call in flight, so that its end can be waited for. */
  beginWork(): void {
    this.inFlight++;
  }

  endWork(): void {
    if (--this.inFlight === 0) this.idle?.();
  }

  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  /** Resolves when nothing is in flight any more. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.idle = resolve;
    });
  }
}

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

/** What all executions of one run share. */
export class RunContext {
  private identity: string | undefined;
  private warnings: Set<string> | undefined;
  private stores: RunCache | undefined;
  private pure: PurityCheck | undefined;
  private read: ListsRead | undefined;
  private inFlight = 0;
  private idle: (() => void) | undefined;
  /** Tells the listener of an event; undefined if nobody listens. */
  readonly emit: ((happening: EventInput) => void) | undefined;

  /** @param id that of the run; undefined: a new one. */
  constructor(
    readonly resources: ResourceScope,
    private readonly listener: Listener | undefined,
    id?: string,
    /** What stands around its calls, if somebody traces. */
    readonly context?: TraceContext | undefined,
  ) {
    this.identity = id;
    if (listener === undefined) return;
    // Completed in place: with many elements, a copy of each event is what telling costs most.
    this.emit = (happening) => {
      const event = happening as Mutable<RunEvent>;
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

  /** Tells the listener of what has happened somewhere else. */
  forward(event: RunEvent): void {
    try {
      this.listener?.(event);
    } catch (error) {
      // Telling must not break what is told of; but a fault must not go unseen either.
      this.warnOnce(`an event could not be told: ${describeError(error)}`, "an event could not be told");
    }
  }

  /** @param about of what it warns, once for all. */
  warnOnce(message: string, about = message): void {
    this.warnings ??= new Set();
    if (this.warnings.has(about)) return;
    this.warnings.add(about);
    process.emitWarning(message, "HypernodesWarning");
  }

  /** What looks whether nodes change what they take, if that is asked for. */
  get purity(): PurityCheck {
    this.pure ??= new PurityCheck((message, about) => this.warnOnce(message, about));
    return this.pure;
  }

  /** The run's stores, and the explanation of what was found in them. */
  get cache(): RunCache {
    this.stores ??= new RunCache(this, (message) => this.warnOnce(message));
    return this.stores;
  }

  /** Whether anything of the run is cached. */
  get hasCache(): boolean {
    return this.stores?.isOpen === true;
  }

  get id(): string {
    this.identity ??= randomUUID();
    return this.identity;
  }

  /** What a node sees of the run, in a scope. */
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

  /** Counts what is under way, so that its end can be waited for. */
  beginWork(): void {
    this.inFlight++;
  }

  endWork(): void {
    if (--this.inFlight === 0) this.idle?.();
  }

  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  /** Resolves when nothing is under way any more. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.idle = resolve;
    });
  }
}

import { randomUUID } from "node:crypto";
import type { CurrentRun } from "./current-run.js";
import { type Happening, type Listener, now, type RunEvent } from "./events.js";
import type { Resources } from "./resources.js";
import type { Scope } from "./scope.js";
import { isThenable } from "./thenable.js";

/** What all executions of one run share. */
export class RunState {
  private identity: string | undefined;
  private warned = false;
  private underWay = 0;
  private idle: (() => void) | undefined;
  /** Tells the listener of an event; undefined if nobody listens. */
  readonly tell: ((happening: Happening) => void) | undefined;

  /** @param id that of the run; undefined: a new one. */
  constructor(
    readonly resources: Resources,
    private readonly listener: Listener | undefined,
    id?: string,
  ) {
    this.identity = id;
    if (listener === undefined) return;
    this.tell = (happening) => this.relay({ run: this.id, at: now(), ...happening } as RunEvent);
  }

  /** Tells the listener of what has happened somewhere else. */
  relay(event: RunEvent): void {
    try {
      const heard: unknown = this.listener?.(event);
      if (isThenable(heard)) heard.then(undefined, (error: unknown) => this.warn(error));
    } catch (error) {
      this.warn(error);
    }
  }

  /** A reader must not break what it reads of; but its fault must not go unseen either. */
  private warn(error: unknown): void {
    if (this.warned) return;
    this.warned = true;
    process.emitWarning(`an event listener threw: ${String(error)}`, "HypernodesWarning");
  }

  get id(): string {
    this.identity ??= randomUUID();
    return this.identity;
  }

  /** What a node sees of the run, in a scope. */
  currentIn(scope: Scope): CurrentRun {
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
  waits(): void {
    this.underWay++;
  }

  waited(): void {
    if (--this.underWay === 0) this.idle?.();
  }

  get isIdle(): boolean {
    return this.underWay === 0;
  }

  /** Resolves when nothing is under way any more. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.idle = resolve;
    });
  }
}

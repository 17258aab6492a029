import { randomUUID } from "node:crypto";
import { loadCodeReading, runEnded } from "../../cache/code-digests.js";
import { MemoryStore } from "../../cache/memory-store.js";
import { openStoreForRun, viewStore } from "../../cache/open-store.js";
import { CacheSession } from "../../cache/session.js";
import type { Store } from "../../cache/store.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { CacheStore } from "../../dsl/pipeline-options.js";
import { describeError } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { CacheExplainer } from "../caching/cache-explainer.js";
import type { NodeExplanation } from "../caching/explanation.js";
import type { ListsRead } from "../elements/lists.js";
import { PurityCheck } from "../inline/purity-check.js";
import type { HostRegistry } from "../remote/remote-steps.js";
import type { CancelScope } from "./cancel-scope.js";
import type { CurrentRun } from "./current-run.js";
import { type EventInput, type Listener, now, type RunEvent } from "./events.js";
import type { ResourceScope } from "./resources.js";
import type { TraceContext } from "./trace-context.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What all executions of one run share. */
export class RunContext {
  private identity: string | undefined;
  private warnings: Set<string> | undefined;
  private sessions: Map<CacheStore, CacheSession> | undefined;
  private cachedDigests: CacheExplainer | undefined;
  /** What the program's scripts say goes into its first store. */
  private keepCode: (() => void) | undefined;
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
    /** What nested pipelines run in that have a place of their own; undefined: everything runs here. */
    readonly elsewhere?: HostRegistry | undefined,
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

  /** What becomes of each step that is remembered. */
  get explainer(): CacheExplainer {
    this.cachedDigests ??= new CacheExplainer();
    return this.cachedDigests;
  }

  /** Whether anything of the run is remembered. */
  get hasCache(): boolean {
    return this.sessions !== undefined;
  }

  /** What the executions of this run ask of an opened store. */
  cacheSession(store: CacheStore): CacheSession {
    return this.sessions!.get(store)!;
  }

  /**
   * The stores that the run's executions remember in are opened before the first of them begins.
   *
   * @param pipeline whose code is read here.
   */
  async open(stores: readonly (CacheStore | undefined)[], where: string, pipeline?: PipelineClass): Promise<void> {
    await loadCodeReading();
    const sessions = new Map<CacheStore, CacheSession>();
    const opened = new Map<Store, CacheSession>();
    for (const meant of stores) {
      if (meant === undefined) continue;
      const store = await openStoreForRun(meant, where);
      const session = getOrCreate(opened, store, () => new CacheSession(store));
      sessions.set(meant, session);
    }
    this.sessions = sessions;
    const [first] = opened;
    if (first === undefined || pipeline === undefined) return;
    const [store, session] = first;
    const { saveAnalyses, loadAnalyses } = await import("../../cache/saved-analyses.js");
    await loadAnalyses(pipeline, store, session);
    this.keepCode = () => saveAnalyses(pipeline, store, session);
  }

  /**
   * The same, but nothing is made or written.
   *
   * @returns what ends that.
   */
  async view(stores: readonly (CacheStore | undefined)[], where: string): Promise<() => void> {
    await loadCodeReading();
    const views = new Map<CacheStore, Awaited<ReturnType<typeof viewStore>>>();
    const sessions = new Map<CacheStore, CacheSession>();
    for (const meant of stores) {
      if (meant === undefined || views.has(meant)) continue;
      const view = await viewStore(meant, where);
      views.set(meant, view);
      sessions.set(meant, new CacheSession(view ?? new MemoryStore(0), true));
    }
    this.sessions = sessions;
    return () => {
      for (const view of views.values()) view?.closeView?.();
    };
  }

  /** In a thread: what stands for the stores that are open at home. */
  useStores(sessions: Map<CacheStore, CacheSession>): void {
    this.sessions = sessions;
  }

  /**
   * At the end: what was computed from what is kept for the next run's explanation, and everything is written.
   *
   * @param explain gets the explanations of the nodes that were called for: why each was computed, or was not.
   */
  async finishCache(explain?: (why: NodeExplanation) => void): Promise<void> {
    runEnded(this, this.cachedDigests?.hasComputed === true);
    this.keepCode?.();
    try {
      if (explain !== undefined) for (const why of (await this.cachedDigests?.explain(false)) ?? []) explain(why);
      this.cachedDigests?.keep();
    } catch (error) {
      // The run has its values; they are not to be lost for want of their story.
      this.warnOnce(`what was computed can't be explained the next time: ${describeError(error)}`);
    }
    await this.flush();
  }

  /** What waits for being written is written. */
  async flush(): Promise<void> {
    for (const session of new Set(this.sessions?.values())) await session.flush();
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

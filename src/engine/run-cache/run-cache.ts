import { nodesHaveRun } from "../../cache/code-digests.js";
import { loadCodeReading } from "../../cache/code-reading.js";
import { MemoryStore } from "../../cache/memory-store.js";
import { identityOf, openStoreForRun, type StoreView, viewStoreForRun } from "../../cache/open-store.js";
import type { StepDigest } from "../../cache/program-digests.js";
import { CacheSession } from "../../cache/session.js";
import type { Store } from "../../cache/store.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { CacheStore } from "../../dsl/pipeline-options.js";
import { describeError } from "../../util/describe.js";
import { OnDemand } from "../../util/on-demand.js";
import { CacheExplainer } from "./cache-explainer.js";
import type { NodeExplanation } from "./explanation.js";

const savedAnalyses = new OnDemand(() => import("../../cache/saved-analyses.js"));

/** The open stores of one run, and the explanation of what was found in them. */
export class RunCache {
  private sessions: Map<CacheStore, CacheSession> | undefined;
  private explained: CacheExplainer | undefined;
  /** Puts the analyses of the program's scripts into its first store. */
  private saveAnalyses: (() => void) | undefined;
  /** The steps that threads or other processes may have computed with other code, and why. */
  readonly changedSources = new Map<StepDigest, string>();

  /**
   * @param run the run, as the code digests know it.
   * @param warnOnce emits a warning, once for the same message.
   */
  constructor(
    private readonly run: object,
    private readonly warnOnce: (message: string) => void,
  ) {}

  /** Explains each cached step. */
  get explainer(): CacheExplainer {
    this.explained ??= new CacheExplainer();
    return this.explained;
  }

  /** True if anything of the run is cached. */
  get isOpen(): boolean {
    return this.sessions !== undefined;
  }

  /** The session of an open store. */
  session(store: CacheStore): CacheSession {
    return this.sessions!.get(store)!;
  }

  /**
   * Opens the stores of the run's executions, before the first of them starts.
   *
   * @param where the path of the pipeline, for errors.
   * @param pipeline the class whose code is read in this process; undefined: another process has read it.
   */
  async open(meant: readonly (CacheStore | undefined)[], where: string, pipeline?: PipelineClass): Promise<void> {
    await loadCodeReading();
    const stores = await this.openAll(meant, (each) => openStoreForRun(each, where));
    const [store] = stores;
    if (store === undefined || pipeline === undefined) return;
    const session = this.sessions!.values().next().value!;
    const { saveAnalyses, loadAnalyses } = await savedAnalyses.load();
    await loadAnalyses(pipeline, store, session);
    this.saveAnalyses = () => saveAnalyses(pipeline, store, session);
  }

  /**
   * Opens the stores for reading: nothing is created or written.
   *
   * @returns a function that closes them.
   */
  async view(meant: readonly (CacheStore | undefined)[], where: string): Promise<() => void> {
    await loadCodeReading();
    const nothing: StoreView = new MemoryStore(0);
    const views = await this.openAll(meant, async (each) => (await viewStoreForRun(each, where)) ?? nothing, true);
    return () => {
      for (const view of views) view.closeView?.();
    };
  }

  /** Opens each store once, however many pipelines name it: one that cannot be opened costs one wait and one warning. */
  private async openAll<S extends Store>(
    meant: readonly (CacheStore | undefined)[],
    open: (meant: CacheStore) => Promise<S>,
    looksOnly = false,
  ): Promise<S[]> {
    const opened = new Map<unknown, { readonly store: S; readonly session: CacheSession }>();
    const sessions = new Map<CacheStore, CacheSession>();
    for (const each of meant) {
      if (each === undefined) continue;
      const identity = identityOf(each);
      let known = opened.get(identity);
      if (known === undefined) {
        const store = await open(each);
        known = { store, session: new CacheSession(store, looksOnly) };
        opened.set(identity, known);
      }
      sessions.set(each, known.session);
    }
    this.sessions = sessions;
    return Array.from(opened.values(), ({ store }) => store);
  }

  /** In a worker thread: sessions that ask the main thread for the stores that are open there. */
  useSessions(sessions: Map<CacheStore, CacheSession>): void {
    this.sessions = sessions;
  }

  /**
   * Ends the run's use of its stores: what was computed from which inputs is saved for the next run's explanation, and everything is
   * written.
   *
   * @param explain receives, for each node that was called, why it was computed or not.
   */
  async finish(explain?: (why: NodeExplanation) => void): Promise<void> {
    const sessions = new Set(this.sessions?.values());
    if (this.explained?.hasComputed === true) {
      nodesHaveRun(this.run);
      for (const session of sessions) session.review();
    }
    this.saveAnalyses?.();
    try {
      if (explain !== undefined) for (const why of (await this.explained?.explain(false)) ?? []) explain(why);
      this.explained?.keep();
    } catch (error) {
      // The run has its values: they are not lost because they can't be explained.
      this.warnOnce(`what was computed can't be explained the next time: ${describeError(error)}`);
    }
    for (const session of sessions) await session.end();
    // Node prints warnings in the next tick. A program may end its process as soon as it has the outputs.
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  /** Writes the entries that wait for being written. */
  async flush(): Promise<void> {
    for (const session of new Set(this.sessions?.values())) await session.flush();
  }
}

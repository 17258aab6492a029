import { HypernodesError } from "../../errors.js";
import { describeChain, isError, messageOf, readProperty } from "../../util/describe.js";
import { type LongTimeout, startTimeout } from "../../util/long-timeout.js";
import { showFramesOf } from "../../util/user-frames.js";
import { decode } from "../../values/codec.js";
import { timeoutError } from "../attempt.js";
import { indexIn } from "../elements.js";
import { now } from "../events.js";
import { decodeApart, unreadable } from "./apart.js";
import type { Fragment } from "./fragment.js";
import type { Visiting } from "./placing.js";
import type { Pool } from "./pool.js";
import {
  type Held,
  type KnownFailure,
  Progress,
  type VisitMessage,
  type VisitRange,
  type VisitResult,
} from "./protocol.js";
import { answerStores } from "./store-away.js";
import { ToldVisit } from "./told-visit.js";

/** Elements that go to a thread together. */
export interface Range extends VisitRange {
  /** Whether something among it is suspected of having ended what it was in: it goes alone. */
  readonly suspected: boolean;
  readonly known: readonly KnownFailure[];
  /** True if its one element can't be read where it goes: it goes without it. */
  readonly isUnread?: boolean;
}

/** How a visit ended. */
export type Outcome =
  /** It was computed here; or from who else it comes. */
  | { readonly kind: "home"; readonly result: VisitResult; readonly from?: string | undefined }
  /** It was not wanted any more. */
  | { readonly kind: "stopped" }
  /** Its thread ended because of another visit. */
  | { readonly kind: "dragged" }
  /** The process that it was in has ended, and it is not known which of its elements was under way. */
  | { readonly kind: "halved" }
  /** Its thread ended: what was under way in it, by index within the visit, and why. */
  | { readonly kind: "lost"; readonly held: readonly Held[]; readonly crowded: boolean; readonly cause: Error };

type VisitParts = Omit<VisitMessage, "progress" | "stores" | "events" | "carrier"> & {
  readonly range: Range | undefined;
};

/** How often a visit whose calls have limits is looked at, in milliseconds. */
const LOOK_MS = 10;

/** A visit under way: watched, stopped when it is not wanted any more, its thread ended if it does not stop. */
export class Visit {
  readonly outcome: Promise<Outcome>;
  private readonly progress: Progress;
  private readonly visiting: Visiting;
  private readonly stores: ReturnType<typeof answerStores> | undefined;
  private readonly telling: ToldVisit | undefined;
  private isStopped = false;
  private late: Error | undefined;
  private grace: LongTimeout | undefined;
  private giveUp!: () => void;
  private readonly givenUp = new Promise<undefined>((resolve) => {
    this.giveUp = () => resolve(undefined);
  });

  constructor(
    private readonly pool: Pool,
    private readonly fragment: Fragment,
    private readonly parts: VisitParts,
  ) {
    const { range } = parts;
    this.progress = Progress.for(range?.count ?? 1);
    const sent = range && { first: range.first, count: range.count, indices: range.indices, budgetMs: range.budgetMs };
    this.stores = fragment.sessions && answerStores(fragment.sessions);
    const { run } = fragment.execution;
    this.telling = run.tell && new ToldVisit(run, fragment, range);
    const message = {
      ...parts,
      range: sent,
      progress: this.progress.buffer,
      stores: this.stores?.port,
      events: this.telling?.port,
      carrier: this.telling?.carrier,
    };
    this.visiting = pool.visit(message, () => this.progress.underWay().length > 0);
    this.outcome = this.follow();
  }

  held(): readonly Held[] {
    return this.progress.underWay();
  }

  /** Tells it to stop; if it has not after the grace, ends its thread. */
  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.progress.stop();
    if (this.visiting.thread === undefined) this.pool.kill(this.visiting);
    else if (this.progress.hasBegun) this.endSoon();
    // It is still waiting for its turn, and will see that there is nothing to do.
    else this.giveUp();
  }

  private endSoon(): void {
    this.pool.tell({ stopped: this.parts.visit });
    this.grace = startTimeout(() => this.pool.kill(this.visiting), this.fragment.execution.settings.graceMs);
  }

  private async follow(): Promise<Outcome> {
    const forget = this.fragment.execution.scope.onStop(() => this.stop());
    const watch = this.fragment.isTimed ? setInterval(() => this.look(), LOOK_MS) : undefined;
    let outcome: Outcome | undefined;
    try {
      outcome = await this.ending();
      return outcome;
    } finally {
      this.telling?.end(outcome);
      forget();
      clearInterval(watch);
      this.grace?.clear();
      this.stores?.close();
    }
  }

  private async ending(): Promise<Outcome> {
    try {
      const bytes = await Promise.race([this.visiting.promise, this.givenUp]);
      if (this.isStopped || bytes === undefined) return { kind: "stopped" };
      const result = await this.result(new Uint8Array(bytes));
      if (result.holds) this.pool.holds(this.visiting.thread);
      const { error } = result.failure ?? {};
      if (error instanceof HypernodesError && error.code === "RUN_AT_IMPORT") this.pool.retire(this.visiting.thread);
      return { kind: "home", result };
    } catch (error) {
      return this.lost(error);
    }
  }

  /** What can't be read here is asked for value by value: so it is known which one that is. */
  private async result(bytes: Uint8Array): Promise<VisitResult> {
    const { range } = this.parts;
    try {
      return decode(bytes) as VisitResult;
    } catch (error) {
      try {
        const apart = await this.pool.apart(bytes, this.visiting);
        return decodeApart(new Uint8Array(apart), this.fragment, range);
      } catch {
        return unreadable(error, this.fragment, range);
      }
    }
  }

  /** A call that computes without an end never comes to see that its time is over: its thread is ended. */
  private look(): void {
    const { deadline } = this.progress;
    if (deadline === 0 || now() < deadline + this.fragment.execution.settings.graceMs) return;
    const [held] = this.progress.underWay();
    if (held === undefined) return;
    this.late = this.timeoutOf(held);
    this.pool.kill(this.visiting);
  }

  private timeoutOf({ index, step }: Held): Error {
    const { execution, steps } = this.fragment;
    const { range } = this.parts;
    const where = execution.placeOf(steps[step]!, range === undefined ? undefined : indexIn(range, index));
    const { timeoutMs } = steps[step]!.node.options;
    if (timeoutMs !== undefined) return timeoutError(where, timeoutMs);
    const problem = "a nested node in it took longer than its timeoutMs, and did not stop";
    return new HypernodesError({
      code: "TIMEOUT",
      where,
      problem,
      advice: "Make it stop by itself on currentRun().signal.",
    });
  }

  private lost(error: unknown): Outcome {
    if (this.isStopped) return { kind: "stopped" };
    const isDragged = this.visiting.killed === true && this.late === undefined;
    const isWaiting =
      this.visiting.thread !== undefined && !this.progress.hasBegun && this.visiting.neighbours.length > 0;
    if (isDragged || isWaiting) return { kind: "dragged" };
    return {
      kind: "lost",
      held: this.progress.underWay(),
      crowded: this.visiting.neighbours.some(({ isUnderWay }) => isUnderWay()),
      cause: this.late ?? this.threadLost(error),
    };
  }

  private threadLost(error: unknown): HypernodesError {
    const code = isError(error) ? readProperty(error, "code") : undefined;
    const exit = isError(error) ? /^worker exited with code: (\d+)$/.exec(messageOf(error)) : null;
    const problem =
      exit !== null
        ? `its thread was ended with exit code ${exit[1]}, as by process.exit()`
        : code === "ERR_WORKER_OUT_OF_MEMORY"
          ? "its thread ran out of memory"
          : `its thread ended with what nobody caught: ${describeChain(error)}`;
    const lost = new HypernodesError({
      code: "THREAD_LOST",
      where: this.fragment.execution.path,
      problem,
      advice:
        code === "ERR_WORKER_OUT_OF_MEMORY"
          ? "Make its parts smaller, or give threads more: @execution({ resourceLimits: { maxOldGenerationSizeMb } })."
          : undefined,
      cause: error,
    });
    return showFramesOf(lost, error);
  }
}

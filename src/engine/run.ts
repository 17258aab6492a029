import { noteEnvironments } from "../cache/code-digests.js";
import { AbortError, showDocsUrls } from "../errors.js";
import { asError } from "../util/as-error.js";
import { settlesWithin } from "../util/deadline.js";
import { checkRuntime } from "../util/runtime.js";
import type { ElementRange } from "./elements/elements.js";
import { resolveLists } from "./elements/lists.js";
import { MapSlice } from "./elements/map-slice.js";
import { TaskProgress } from "./elements/task-progress.js";
import { Execution } from "./execute-plan.js";
import { CancelScope } from "./lifecycle/cancel-scope.js";
import { type Listener, now } from "./lifecycle/events.js";
import type { InputOrigins } from "./lifecycle/purity-check.js";
import { ResourceScope } from "./lifecycle/resources.js";
import { RunContext } from "./lifecycle/run-context.js";
import { forgetRun, type UnfinishedRun, watchForStall } from "./lifecycle/stalled-runs.js";
import type { TraceContext } from "./lifecycle/trace-context.js";
import type { Program } from "./program/program.js";
import type { HostRegistry } from "./remote/host-registry.js";

import { explanationLine } from "./run-cache/cache-explainer.js";
import type { NodeExplanation } from "./run-cache/explanation.js";
import { storesInPlan } from "./run-cache/plan-stores.js";

import type { ResolvedExecution } from "./settings.js";

/** The request of one run. */
export interface RunRequest {
  readonly program: Program;
  /** By slot: inputs, defaults and given values. */
  readonly values: unknown[];
  readonly settings: ResolvedExecution;
  /** The pipeline's name. */
  readonly name: string;
  /** Resources whose owner disposes of them; undefined: the run is the owner. */
  readonly resources: ResourceScope | undefined;
  readonly signal: AbortSignal | undefined;
  readonly listener: Listener | undefined;
  /** The trace context of its calls, if a tracer observes it. */
  readonly context?: TraceContext | undefined;
  /** True if it is explained for each node why it was computed, or was not. */
  readonly explain: boolean;
  readonly inputs: readonly string[];
  /** True if a stream yields results in the order of the elements. Default: as they end. */
  readonly isReportedInOrder?: boolean;
  /** The hosts of nested pipelines that have a placement of their own. Undefined: everything runs in this process. */
  readonly hosts?: HostRegistry | undefined;
  /** The run's id, if another process has started it. */
  readonly id?: string | undefined;
  /** The pipeline's place in that run, if a part of it is run here: `Corpus.essays[3]`. */
  readonly path?: string | undefined;
  /** The origins of that part's inputs, if it is checked. */
  readonly origins?: InputOrigins | undefined;
  /** The elements of a map that it computes, if not all of them. */
  readonly part?: ElementRange | undefined;
  /** True if it is a part of another process's run, which has to know which values are collected errors. */
  readonly keepsCollected?: boolean;
}

/**
 * Runs a program to its end: the record of its outputs. When it returns or throws, nothing of it is in flight, or calls that
 * ignored their signal for longer than the grace period are abandoned; its resources are disposed of.
 */
export async function runProgram(request: RunRequest): Promise<Record<string, unknown>> {
  const session = new RunSession(request);
  const { program, values, settings } = request;
  let outputs: Record<string, unknown>;
  try {
    checkLists(request, session.run);
    const opening = openStores(request, session.run);
    if (opening !== undefined) await opening;
    const { path, origins, part } = request;
    const context = path === undefined ? undefined : { path };
    if (origins !== undefined) session.run.purity.setOriginsAt(path!, origins);
    const window = part && new MapSlice({ ...part, offset: 0 }, TaskProgress.for(0), session.scope, []);
    const execution = new Execution(
      program,
      values,
      session.run,
      session.scope,
      settings,
      request.hosts,
      context,
      window,
    );
    const result = execution.finish(-1, request.keepsCollected);
    outputs = (result instanceof Promise ? await session.waitFor(execution, result) : result) as Record<
      string,
      unknown
    >;
  } catch (error) {
    throw await session.finish({ error });
  }
  await session.finish(undefined, Object.keys(outputs));
  return outputs;
}

/** Opens the stores of the pipeline and of those nested in it. Undefined if there are none. */
export function openStores({ program, settings, name }: RunRequest, run: RunContext): Promise<void> | undefined {
  const stores = storesInPlan(program.plan, settings.choices);
  if (stores.every((store) => store === undefined)) return undefined;
  checkRuntime("a cache", name);
  noteEnvironments(program, run, settings.choices);
  return run.cache.open(stores, name, program.pipeline);
}

/** Lists that are inputs are checked before any node runs. */
export function checkLists({ program, values, name }: RunRequest, run: RunContext): void {
  const inputs = new Set([...program.plan.inputs, ...program.plan.given].map(({ slot }) => slot));
  for (const step of program.plan.steps) {
    const lists = step.map?.lists ?? [];
    const inputLists = lists.filter(({ slot, path }) => inputs.has(slot) && path === undefined);
    if (lists.length === 0 || inputLists.length < lists.length) continue;
    resolveLists(
      step,
      lists.map(({ slot }) => values[slot]),
      `${name}.${step.name}`,
      run.lists,
    );
  }
}

/** The life of a run or of a stream: its scope, its resources, its first and last event. */
export class RunSession implements UnfinishedRun {
  readonly scope = new CancelScope();
  readonly run: RunContext;
  private readonly resources: ResourceScope;
  private readonly startedAt = now();
  private readonly onAbort = () => this.abort();
  /** The execution of its steps, if it has to be waited for. */
  private execution: Execution | undefined;

  constructor(private readonly request: Omit<RunRequest, "program" | "values">) {
    this.resources = request.resources ?? new ResourceScope();
    request.resources?.beginRun();
    this.run = new RunContext(this.resources, request.listener, request.id, request.context);
    const { signal, name: path, inputs } = request;
    this.run.emit?.({ type: "run", phase: "start", path, name: path, inputs });
    if (signal?.aborted) this.abort();
    else signal?.addEventListener("abort", this.onAbort, { once: true });
  }

  /** Waits for what an execution does, but no longer than until it is stopped. If that never ends, it is warned of. */
  waitFor<R>(execution: Execution, running: PromiseLike<R>): Promise<R> {
    this.execution = execution;
    watchForStall(this);
    return this.scope.raceWithStop(running);
  }

  get name(): string {
    return this.request.name;
  }

  stepsInFlight(): readonly string[] {
    return this.execution?.stepsInFlight() ?? [];
  }

  private abort(): void {
    const cause = this.request.signal!.reason;
    this.scope.stop(
      new AbortError({ code: "ABORTED", where: this.request.name, problem: "the run was aborted", cause }),
    );
  }

  /**
   * Ends the run: after a failure, calls in flight are stopped; resources are disposed of.
   *
   * @returns the error of the failure.
   * @throws what went wrong in ending a run that had not failed.
   */
  async finish(failure: { error: unknown } | undefined, outputs: readonly string[] = []): Promise<unknown> {
    this.request.signal?.removeEventListener("abort", this.onAbort);
    if (this.execution !== undefined) forgetRun(this);
    if (failure !== undefined) this.scope.stop(failure.error);
    const idle = await this.waitForIdle();
    const left = this.request.hosts?.close(failure === undefined);
    if (left !== undefined) await left;
    let error = failure?.error;
    if (this.request.resources === undefined) {
      // What they write when they are disposed of is no change by the program.
      if (idle) error = await this.dispose(failure);
      // What ignores its signal may still use them: they go when it ends.
      else void this.run.whenIdle().then(() => this.dispose({ error }));
    }
    if (this.run.hasCache) await this.run.cache.finish(this.request.explain ? (why) => this.explain(why) : undefined);
    this.emitEnd(failure === undefined && error !== undefined ? { error } : failure, outputs);
    showDocsUrls(error);
    if (failure === undefined && error !== undefined) throw error;
    return error;
  }

  private explain(why: NodeExplanation): void {
    const { unknown: _, ...known } = why;
    this.run.emit?.({ type: "cache", phase: "explained", ...known });
    process.stderr.write(`${explanationLine(why)}\n`);
  }

  private async dispose(failure: { error: unknown } | undefined): Promise<unknown> {
    try {
      await this.resources.dispose();
    } catch (error) {
      return failure?.error ?? error;
    }
    return failure?.error;
  }

  private emitEnd(failure: { error: unknown } | undefined, outputs: readonly string[]): void {
    const about = { type: "run", path: this.request.name, name: this.request.name } as const;
    const durationMs = now() - this.startedAt;
    if (failure === undefined) this.run.emit?.({ ...about, phase: "end", outputs, durationMs });
    else this.run.emit?.({ ...about, phase: "failed", error: asError(failure.error), durationMs });
  }

  private async waitForIdle(): Promise<boolean> {
    return this.run.isIdle || settlesWithin(this.run.whenIdle(), this.request.settings.graceMs);
  }
}

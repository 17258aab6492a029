import { threadId } from "node:worker_threads";
import { presetCodeDigests } from "../../cache/code-digests.js";
import { loadCodeReading } from "../../cache/code-reading.js";
import { CacheSession } from "../../cache/session.js";
import type { CacheStore, PipelineOptions } from "../../dsl/pipeline-options.js";
import { AbortError, ValueError } from "../../errors.js";
import { describeChain } from "../../util/describe.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { decode } from "../../values/codec.js";
import { VIEWS_FROM } from "../../values/codec-options.js";
import { nextWithinBudget } from "../chunks/chunk-sizer.js";
import { encodeResult } from "../chunks/encode-result.js";
import { type ChunkRange, type ChunkResult, EMPTY_RESULT, type StageSpec } from "../chunks/protocol.js";
import { unreadElement } from "../chunks/unread-element.js";
import { elementIndex } from "../elements/elements.js";
import type { List } from "../elements/lists.js";
import { type KnownFailure, MapSlice, type SliceRange } from "../elements/map-slice.js";
import { TaskProgress } from "../elements/task-progress.js";
import { CancelScope } from "../lifecycle/cancel-scope.js";
import { now, type RunEvent } from "../lifecycle/events.js";
import { ResourceScope } from "../lifecycle/resources.js";
import { RunContext } from "../lifecycle/run-context.js";
import { withExtractedContext } from "../lifecycle/trace-context.js";
import { fromProgramSpec } from "../program/program-spec.js";
import { storesInPlan } from "../run-cache/plan-stores.js";
import { resolveExecution } from "../settings.js";
import { WorkerEventChannel } from "../threads/event-channel.js";
import type { ChunkRequest } from "../threads/protocol.js";
import { StoreProxies } from "../threads/store-proxy.js";

import { importPipelineClass } from "./import-class.js";
import { countErrors, runSlice, type StageProgram } from "./run-slice.js";

/** A stage as this thread has instantiated it. */
interface ThreadStage extends StageProgram {
  readonly spec: StageSpec;
}

/** A task in flight. */
interface ThreadTask {
  readonly stage: ThreadStage;
  readonly message: ChunkRequest;
  readonly progress: TaskProgress;
  readonly scope: CancelScope;
  readonly run: RunContext;
  readonly known: readonly KnownFailure[];
}

const stages = new Map<number, Promise<ThreadStage>>();
const scopes = new Map<number, CancelScope>();
let resources = new ResourceScope("copy");

/** Runs a task. @returns its result, encoded. */
export async function runChunkRequest(message: ChunkRequest): Promise<Uint8Array> {
  const progress = new TaskProgress(message.progress);
  progress.start();
  followTimeZone();
  if (progress.isStopped) return encodeResult(EMPTY_RESULT);
  let stage: ThreadStage;
  try {
    stage = await stageFor(message);
  } catch (error) {
    return encodeResult({ ...EMPTY_RESULT, failure: { error } });
  }
  const { program, spec } = stage;
  const events = message.events && new WorkerEventChannel(message.events);
  const listener = events && ((event: RunEvent) => events.add(event));
  const task: ThreadTask = {
    ...{ stage, message, progress },
    scope: scopeOf(message.task, progress),
    run: new RunContext(resources, listener, spec.run),
    known: message.known === undefined ? [] : (decode(message.known) as KnownFailure[]),
  };
  if (spec.origins !== undefined) task.run.purity.setOriginsAt(spec.path, spec.origins);
  const proxies = message.stores && new StoreProxies(message.stores);
  if (proxies !== undefined) task.run.cache.useSessions(sessionsOf(stage, proxies));
  try {
    const { range } = message;
    const indexOf = (element: number) => (range === undefined ? undefined : elementIndex(range, element));
    const place = { plan: program.plan, path: spec.path, indexOf };
    const result = await withExtractedContext(message.carrier, () => runChunk(task));
    if (proxies !== undefined) await task.run.cache.flush();
    return encodeResult({ ...result, events: events?.drain() ?? [] }, place);
  } finally {
    proxies?.close();
    scopes.delete(message.task);
  }
}

let timeZone = process.env.TZ;

/** The program has set another time zone: V8 takes that over in the thread that sets the variable, and in no other. */
function followTimeZone(): void {
  const { TZ } = process.env;
  if (TZ === timeZone) return;
  timeZone = TZ;
  if (TZ === undefined) delete process.env.TZ;
  else process.env.TZ = TZ;
}

/** Drops the shared values of a stage. */
export function onStageClosed(number: number): void {
  stages.delete(number);
}

export function onChunkCancelled(number: number): void {
  scopes.get(number)?.check();
}

/** Disposes of what the thread keeps: it has nothing to do, and is about to end. */
export async function disposeResources(): Promise<void> {
  const disposed = resources;
  resources = new ResourceScope("copy");
  await disposed.dispose().catch((error: unknown) => process.emitWarning(describeChain(error), "HypernodesWarning"));
}

function scopeOf(number: number, progress: TaskProgress): CancelScope {
  const limits: number[] = [];
  const updateDeadline = () => {
    progress.deadline = limits.length === 0 ? 0 : Math.min(...limits);
  };
  const scope = new CancelScope(undefined, {
    stopReason: () => (progress.isStopped ? STOPPED : undefined),
    limit(at) {
      limits.push(at);
      updateDeadline();
      return () => {
        limits.splice(limits.indexOf(at), 1);
        updateDeadline();
      };
    },
  });
  scopes.set(number, scope);
  return scope;
}

const STOPPED = new AbortError({
  code: "ABORTED",
  where: "a thread",
  problem: "its task was cancelled",
});

function stageFor(message: ChunkRequest): Promise<ThreadStage> {
  return getOrCreate(stages, message.stage, () => instantiateStage(message));
}

async function instantiateStage({ origin, spec: bytes, memory }: ChunkRequest): Promise<ThreadStage> {
  const type = await importPipelineClass(origin);
  const spec = decode(new Uint8Array(bytes), { viewsFrom: VIEWS_FROM, memory }) as StageSpec;
  // Nested pipelines call their stores in the main thread, which looks up the step itself before it sends a chunk.
  const choices: PipelineOptions = {
    ...(spec.execution && { execution: spec.execution }),
    ...(spec.cached?.isInherited && { cache: IN_MAIN_THREAD }),
  };
  const program = fromProgramSpec(type, choices, spec.source);
  // Keys count the code of models in values: this thread reads it, except on a host, where the client has read it.
  if (spec.cached !== undefined) await loadCodeReading();
  for (const [i, codes] of (spec.cached?.codes ?? []).entries())
    if (codes) presetCodeDigests(program.children[i]!.program, codes);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of spec.values) values[slot] = value;
  return {
    spec,
    program,
    settings: {
      ...resolveExecution(choices, type.name),
      cache: undefined,
      maps: spec.elementConcurrency === 1 ? "sequential" : "async",
      maxWorkers: spec.elementConcurrency,
      graceMs: spec.graceMs,
    },
    values,
  };
}

const IN_MAIN_THREAD: CacheStore = { kind: "main thread" };

/** For each store that a pipeline nested in the stage names, a proxy of it in the main thread. */
function sessionsOf({ program, settings, spec }: ThreadStage, proxies: StoreProxies): Map<CacheStore, CacheSession> {
  const sessions = new Map<CacheStore, CacheSession>();
  const byNumber = new Map<number, CacheSession>();
  const [, ...inner] = storesInPlan(program.plan, settings.choices);
  for (const [i, store] of inner.entries()) {
    const number = spec.cached!.stores[i]!;
    if (store === undefined || number < 0) continue;
    const session = getOrCreate(byNumber, number, () => new CacheSession(proxies.store(number)));
    sessions.set(store, session);
  }
  return sessions;
}

/** Computes a node, or as many elements as there is time for. */
async function runChunk(task: ThreadTask): Promise<Omit<ChunkResult, "events">> {
  const { stage, message } = task;
  const { range } = message;
  const { program, spec } = stage;
  const at = now();
  let lists: List[] = [];
  try {
    if (message.elements !== undefined) lists = decode(message.elements, { memory: message.elementMemory }) as List[];
  } catch (error) {
    const { length } = program.plan.outputs;
    const nothing = { done: 0, values: new Array<unknown[]>(length).fill([]), failed: [], tookMs: 0 };
    return {
      ...nothing,
      failure: {
        error: unreadElement(program.plan.steps[0]!, spec.path, range && elementIndex(range, elementIn(error)), error),
      },
      thread: threadId,
      hasResources: resources.hasResources,
    };
  }
  const values: unknown[][] = program.plan.outputs.map(() => []);
  const failed = program.plan.steps.map(() => 0);
  const count = range?.count ?? 1;
  let done = 0;
  let failure: { readonly error: unknown } | undefined;
  while (done < count) {
    const size = range?.budgetMs === undefined ? count : nextWithinBudget(done, now() - at, range.budgetMs, spec);
    if (size === 0) break;
    const next = Math.min(count, done + size);
    const part = next - done === count ? lists : lists.map((list) => (list as unknown[]).slice(done, next));
    try {
      const window = new MapSlice(range && partOf(range, done, next), task.progress, task.scope, task.known);
      if (range === undefined) window.start(0, 0, 1);
      const slots = await runSlice(stage, part, window, task.run, task.scope);
      for (const [i, { slot }] of program.plan.outputs.entries()) values[i] = joined(values[i]!, slots[slot], range);
      if (program.plan.collectsErrors) countErrors(program.plan, slots, failed);
    } catch (error) {
      failure = { error };
      break;
    }
    done = next;
  }
  return { done, values, failed, failure, thread: threadId, tookMs: now() - at, hasResources: resources.hasResources };
}

/** Of lists of elements that were read together, the element that was at fault. */
function elementIn(error: unknown): number {
  const [, element] = error instanceof ValueError ? error.path : [];
  return typeof element === "number" ? element : 0;
}

function partOf({ first, indices }: ChunkRange, from: number, to: number): SliceRange {
  return { first: first + from, count: to - from, offset: from, indices: indices?.slice(from, to) };
}

function joined(before: unknown[], computed: unknown, range: ChunkRange | undefined): unknown[] {
  if (range === undefined) return [computed];
  return before.length === 0 ? (computed as unknown[]) : before.concat(computed);
}

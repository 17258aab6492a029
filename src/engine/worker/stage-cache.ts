import { presetCodeDigests } from "../../cache/code-digests.js";
import type { ClassLocation } from "../../dsl/class-location.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { PipelineOptions } from "../../dsl/pipeline-options.js";
import { FlushTimer } from "../../util/flush-timer.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { decode } from "../../values/codec.js";
import { VIEWS_FROM } from "../../values/codec-options.js";
import type { ChunkMessage, StageMessage } from "../chunks/chunk-message.js";
import { encodeResult } from "../chunks/encode-result.js";
import { elementIndex } from "../elements/elements.js";
import type { RunEvent } from "../lifecycle/events.js";
import type { ResourceScope } from "../lifecycle/resources.js";
import { RunContext } from "../lifecycle/run-context.js";
import type { Carrier, TraceContext } from "../lifecycle/trace-context.js";
import { fromProgramSpec } from "../program/program-spec.js";
import { hasCache, storesInPlan } from "../run-cache/plan-stores.js";
import { resolveExecution } from "../settings.js";
import { SharedStageBytes } from "../threads/thread-chunk-executor.js";
import { usesThreads } from "../threads/thread-pools.js";
import { runChunkInline } from "./inline-chunk.js";
import { type StageInstance, ThreadedChunk } from "./threaded-chunk.js";

/** Milliseconds that an event of a chunk waits before it is sent without the result. */
const LIVE_MS = 500;
/** Milliseconds after which an unused stage is dropped. */
const IDLE_MS = 60_000;

/** A stage that some chunks use. */
interface CachedStage extends StageInstance {
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Computes chunks of other processes' maps in this one. What they share is read once, and kept for a while. */
export class StageCache {
  private readonly stages = new Map<string, Promise<CachedStage>>();

  /**
   * @param classOf returns the class at a location.
   * @param resources the resources that stay from one chunk to the next, outside of threads.
   * @param isAlone true if a chunk has all of this process: it is spread over the threads. Else it goes to one of them.
   */
  constructor(
    private readonly classOf: (origin: ClassLocation) => PipelineClass,
    private readonly resources: ResourceScope,
    private readonly isAlone: boolean,
  ) {}

  /**
   * @param digest the digest of the stage.
   * @param read reads its bytes, if it is not known yet.
   * @param live receives events before the result comes, if the chunk takes long.
   * @returns the result, a `ChunkResult`, encoded.
   */
  async run(
    digest: string,
    read: () => Promise<Uint8Array>,
    chunk: ChunkMessage,
    signal: AbortSignal,
    live: (events: readonly RunEvent[]) => void,
  ): Promise<Uint8Array> {
    const starting = getOrCreate(this.stages, digest, async () => instantiateStage(await read(), this.classOf));
    starting.catch(() => this.stages.delete(digest));
    const instance = await starting;
    clearTimeout(instance.idle);
    instance.users++;
    try {
      return await this.compute(instance, chunk, signal, live);
    } finally {
      if (--instance.users === 0) instance.idle = setTimeout(() => this.drop(digest, instance), IDLE_MS).unref();
    }
  }

  private async compute(
    instance: StageInstance,
    chunk: ChunkMessage,
    signal: AbortSignal,
    live: (events: readonly RunEvent[]) => void,
  ): Promise<Uint8Array> {
    const { program, settings, spec } = instance;
    const inThreads = usesThreads(settings.maps);
    const collector = chunk.wantsEvents ? new EventCollector(live) : undefined;
    const context = inThreads ? fixedTraceContext(chunk.carrier) : undefined;
    const run = new RunContext(this.resources, collector?.listener, spec.run, context);
    if (spec.origins !== undefined) run.purity.setOriginsAt(spec.path, spec.origins);
    try {
      if (hasCache(program.plan, settings.choices))
        await run.cache.open(storesInPlan(program.plan, settings.choices), spec.path);
      const result = inThreads
        ? await new ThreadedChunk(instance, chunk, run, this.isAlone).result(signal)
        : await runChunkInline(instance, chunk, run, signal);
      if (run.hasCache) await run.cache.flush();
      const place = { plan: program.plan, path: spec.path, indexOf: (element: number) => elementIndex(chunk, element) };
      return encodeResult({ ...result, events: collector?.events ?? [] }, place, {});
    } finally {
      collector?.end();
    }
  }

  private drop(digest: string, { shared, settings }: StageInstance): void {
    this.stages.delete(digest);
    void shared.end(settings.resourceLimits);
  }
}

function instantiateStage(bytes: Uint8Array, classOf: (origin: ClassLocation) => PipelineClass): CachedStage {
  const { origin, spec, codes } = decode(bytes, { viewsFrom: VIEWS_FROM }) as StageMessage;
  const type = classOf(origin);
  // The client looks up what is cached; what is nested in it may have a store of its own.
  const choices: PipelineOptions = { execution: spec.execution ?? {}, cache: false };
  const program = fromProgramSpec(type, choices, spec.source);
  if (codes !== undefined) presetCodeDigests(program, codes);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of spec.values) values[slot] = value;
  const { steps, outputs } = program.plan;
  const wanted = outputs.map(({ slot }) => steps.find((step) => step.slot === slot)!);
  const settings = { ...resolveExecution(choices, type.name), graceMs: spec.graceMs };
  return { spec, program, settings, values, wanted, shared: new SharedStageBytes(), users: 0, idle: undefined };
}

/** Hands on the context that came along. */
function fixedTraceContext(carrier: Carrier | undefined): TraceContext | undefined {
  if (carrier === undefined) return undefined;
  return { withSpan: (_, __, call) => call(), inject: () => carrier, startChunk: () => ({ carrier, end() {} }) };
}

/**
 * A chunk's events: all of them are sent with its result. If it takes long, some are sent before: those until the first error,
 * because only the result can serialize any error.
 */
class EventCollector {
  readonly events: RunEvent[] = [];
  /** The number of events before the first error. */
  private untilError = 0;
  private hasFailed = false;
  /** The number of events that were sent already. */
  private emitted = 0;
  private readonly flushing: FlushTimer;

  constructor(private readonly live: (events: readonly RunEvent[]) => void) {
    this.flushing = new FlushTimer(LIVE_MS, () => this.emit());
  }

  readonly listener = (event: RunEvent): void => {
    this.events.push(event);
    this.hasFailed ||= "error" in event;
    if (this.hasFailed) return;
    this.untilError++;
    this.flushing.add();
  };

  private emit(): void {
    const events = this.events.slice(this.emitted, this.untilError);
    this.emitted = this.untilError;
    this.live(events);
  }

  end(): void {
    this.flushing.reset();
  }
}

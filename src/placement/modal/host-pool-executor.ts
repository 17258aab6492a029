import type { ChunkExecutor, ChunkHandle } from "../../engine/chunks/chunk-executor.js";
import { type ChunkPolicy, ChunkSizer } from "../../engine/chunks/chunk-sizer.js";
import type { ChunkOutcome, ChunkRangeState } from "../../engine/chunks/protocol.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { List } from "../../engine/elements/lists.js";
import type { RunningExecution } from "../../engine/executor.js";

import type { HypernodesError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { type Bundle, bundledLocation } from "../bundle/bundle.js";
import { ChunkEventForwarder } from "../chunks/chunk-events.js";
import {
  bisectOrCharge,
  type ChunkBytes,
  decodeResult,
  encodeChunk,
  limitChunkBytes,
  RemoteChunk,
} from "../chunks/remote-chunk.js";
import type { TaskListener } from "../protocol/task-session.js";
import type { HostPool } from "./host-pool.js";
import type { HostTelemetry } from "./host-telemetry.js";
import type { ModalConnection } from "./modal-connection.js";
import { isRetryable } from "./modal-errors.js";
import { StageUpload } from "./stage-upload.js";

/** A trip to a container takes some 20 ms, and it does nothing meanwhile. Nothing is known of the elements at first. */
const HOST_CHUNK_POLICY: ChunkPolicy = {
  targetChunkMs: 1_000,
  minChunkMs: 200,
  probeSize: 1,
  probeBudgetMs: undefined,
  growth: 64,
};
/** Bytes that a chunk may have, and its result. */
const MAX_CHUNK_BYTES: ChunkBytes = { sent: 8 * 1024 * 1024, received: 32 * 1024 * 1024 };
/** How often containers may be lost with a chunk before it is suspected. */
const MAX_CRASHES = 3;

/** What a fragment's chunks go to. */
interface PreparedHosts {
  readonly bundle: Bundle;
  readonly pool: HostPool;
  readonly shared: StageUpload;
}

/** Containers that share the chunks of one fragment. Each has one at a time. */
export class HostPoolExecutor implements ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  readonly sizer: ChunkSizer;
  private prepared: Promise<PreparedHosts> | undefined;
  /** By the first element of a chunk, how often a container was lost with it. */
  private readonly crashCounts = new Map<number, number>();
  /** The places whose ends were told by chunks that were lost. */
  private readonly endedBefore = new Set<string>();

  /**
   * @param maxInFlight how many containers there may be.
   * @param poolFor gives the containers that have a bundle.
   */
  constructor(
    private readonly fragment: Stage,
    readonly maxInFlight: number,
    private readonly bundled: () => Promise<Bundle>,
    private readonly poolFor: (bundle: Bundle) => HostPool,
    private readonly told: HostTelemetry,
  ) {
    this.execution = fragment.execution;
    this.steps = fragment.steps;
    this.sizer = new ChunkSizer(() => maxInFlight, fragment.multiple, HOST_CHUNK_POLICY);
  }

  close(): void {}

  async submit(range: ChunkRangeState, elements: readonly List[]): Promise<ChunkHandle> {
    this.prepared ??= this.prepare();
    const prepared = await this.prepared;
    const { scope } = this.execution;
    const { bytes, span: traced } = encodeChunk(this.fragment, range, elements);
    const cancelling = new AbortController();
    const reason = () => (scope.stopped ? scope.reason : undefined);
    const arriving = this.runOnHost(prepared, range, bytes, cancelling.signal);
    arriving.catch(() => {});
    return new RemoteChunk(arriving, () => cancelling.abort(reason() ?? ABANDONED), traced, reason);
  }

  private async prepare(): Promise<PreparedHosts> {
    const origin = this.fragment.origin();
    const bundle = await this.bundled();
    const { bytes } = this.fragment.encodeForHost(bundledLocation(origin, bundle.root));
    return { bundle, pool: this.poolFor(bundle), shared: new StageUpload(bytes) };
  }

  private async runOnHost(
    prepared: PreparedHosts,
    range: ChunkRangeState,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<ChunkOutcome> {
    const { connection, release } = await prepared.pool.acquire(signal);
    const events = new ChunkEventForwarder(this.execution.run, prepared.bundle, this.endedBefore);
    try {
      this.told.started(connection);
      return await this.compute(prepared, connection, range, bytes, events, signal);
    } catch (error) {
      if (signal.aborted || connection.isAlive) throw error;
      this.told.stopped(connection);
      for (const path of events.ended) this.endedBefore.add(path);
      return this.onCrash(error as HypernodesError, range);
    } finally {
      await release();
    }
  }

  private async compute(
    { bundle, shared }: PreparedHosts,
    connection: ModalConnection,
    range: ChunkRangeState,
    bytes: Uint8Array,
    events: ChunkEventForwarder,
    signal: AbortSignal,
  ): Promise<ChunkOutcome> {
    const { id } = connection.container;
    let told = 0;
    const hearing: TaskListener = {
      event: (event) => {
        told++;
        events.tell([event], id);
      },
      printed: (printed) => this.told.log(connection, printed),
      forwardsResult: true,
    };
    await shared.ensureUploaded(connection, hearing);
    const at = performance.now();
    const { graceMs } = this.execution.settings;
    const head = { fragment: { digest: shared.digest } };
    const work = { length: bytes.length, parts: [bytes] };
    const ask = () => connection.run(work, hearing, signal, graceMs, head).result as Promise<Uint8Array>;
    const found = await shared.asked(connection, hearing, ask);
    const outcome = decodeResult(found, { fragment: this.fragment, range }, bundle, events, told, id);
    limitChunkBytes(this.sizer, range, { sent: bytes.length, received: found.length }, MAX_CHUNK_BYTES);
    // The way there and back is part of what a chunk costs.
    return { ...outcome, result: { ...outcome.result, tookMs: performance.now() - at } };
  }

  /** A container that was taken away has nothing to do with what was in it, unless that happens again and again. */
  private onCrash(cause: HypernodesError, range: ChunkRangeState): ChunkOutcome {
    const times = (this.crashCounts.get(range.first) ?? 0) + 1;
    this.crashCounts.set(range.first, times);
    return isRetryable(cause) && times < MAX_CRASHES ? { kind: "dragged" } : bisectOrCharge(range, cause);
  }
}

const ABANDONED = new Error("it is not wanted any more");

import type { ChunkExecutor, ChunkHandle } from "../../engine/chunks/chunk-executor.js";
import { type ChunkPolicy, ChunkSizer } from "../../engine/chunks/chunk-sizer.js";
import type { ChunkOutcome, ChunkRangeState } from "../../engine/chunks/protocol.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { List } from "../../engine/elements/lists.js";
import type { RunningExecution } from "../../engine/executor.js";

import type { HypernodesError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
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
import type { HostCode, HostConnection, HostSpec } from "../provider.js";
import { codeHolder } from "./code-holder.js";
import { isRetryable } from "./host-errors.js";
import type { HostPool } from "./host-pool.js";
import type { HostTelemetry } from "./host-telemetry.js";
import { StageUpload } from "./stage-upload.js";

/** A task to a remote host takes some 20 ms, in which the host is idle. Nothing is known of the elements at first. */
const HOST_CHUNK_POLICY: ChunkPolicy = {
  targetChunkMs: 1_000,
  minChunkMs: 200,
  probeSize: 1,
  probeBudgetMs: undefined,
  growth: 64,
};
/** The maximum number of bytes of a chunk and of its result. */
const MAX_CHUNK_BYTES: ChunkBytes = { sent: 8 * 1024 * 1024, received: 32 * 1024 * 1024 };
/** The number of hosts that may be lost with a chunk before the chunk is suspected. */
const MAX_CRASHES = 3;

/** The code, hosts and shared values of a stage. */
interface PreparedHosts {
  readonly code: HostCode;
  readonly pool: HostPool;
  readonly upload: StageUpload;
}

/** Runs the chunks of one stage on a pool of hosts. Each host has one chunk at a time. */
export class HostPoolExecutor implements ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  readonly sizer: ChunkSizer;
  private prepared: Promise<PreparedHosts> | undefined;
  /** The number of hosts that were lost with a chunk, by its first element. */
  private readonly crashCounts = new Map<number, number>();
  /** The paths whose end events were emitted by chunks that were lost. */
  private readonly endedBefore = new Set<string>();

  /**
   * @param codeFor gives the code that the hosts need.
   * @param poolFor gives the hosts that have some code.
   */
  constructor(
    private readonly stage: Stage,
    private readonly spec: HostSpec,
    private readonly codeFor: () => Promise<HostCode>,
    private readonly poolFor: (code: HostCode) => HostPool,
    private readonly telemetry: HostTelemetry,
  ) {
    this.execution = stage.execution;
    this.steps = stage.steps;
    this.sizer = new ChunkSizer(() => spec.maxHosts, stage.multiple, HOST_CHUNK_POLICY);
  }

  get maxInFlight(): number {
    return this.spec.maxHosts;
  }

  close(): void {}

  async submit(range: ChunkRangeState, elements: readonly List[]): Promise<ChunkHandle> {
    this.prepared ??= this.prepare();
    const prepared = await this.prepared;
    const { scope } = this.execution;
    const { bytes, span } = encodeChunk(this.stage, range, elements);
    const cancelling = new AbortController();
    const reason = () => (scope.stopped ? scope.reason : undefined);
    const outcome = this.runOnHost(prepared, range, bytes, cancelling.signal);
    outcome.catch(() => {});
    return new RemoteChunk(outcome, () => cancelling.abort(reason() ?? ABANDONED), span, reason);
  }

  private async prepare(): Promise<PreparedHosts> {
    const origin = this.stage.origin();
    const code = await this.codeFor();
    const { bytes } = this.stage.encodeForHost(code.locate(origin), codeHolder(code, origin, ""));
    return { code, pool: this.poolFor(code), upload: new StageUpload(bytes, this.spec.hasSharedStorage) };
  }

  private async runOnHost(
    prepared: PreparedHosts,
    range: ChunkRangeState,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<ChunkOutcome> {
    const { connection, release } = await prepared.pool.acquire(signal);
    const events = new ChunkEventForwarder(this.execution.run, prepared.code, this.endedBefore);
    try {
      this.telemetry.started(connection);
      return await this.compute(prepared, connection, range, bytes, events, signal);
    } catch (error) {
      if (signal.aborted || connection.isAlive) throw error;
      this.telemetry.stopped(connection);
      for (const path of events.ended) this.endedBefore.add(path);
      return this.onCrash(error as HypernodesError, range);
    } finally {
      await release();
    }
  }

  private async compute(
    { code, upload }: PreparedHosts,
    connection: HostConnection,
    range: ChunkRangeState,
    bytes: Uint8Array,
    events: ChunkEventForwarder,
    signal: AbortSignal,
  ): Promise<ChunkOutcome> {
    const { id } = connection;
    let emitted = 0;
    const listener: TaskListener = {
      event: (event) => {
        emitted++;
        events.forward([event], id);
      },
      printed: (printed) => this.telemetry.log(connection, printed),
      forwardsResult: true,
    };
    await upload.ensureUploaded(connection, listener);
    const startedAt = performance.now();
    const { graceMs } = this.execution.settings;
    const head = { stage: { digest: upload.digest } };
    const work = { length: bytes.length, parts: [bytes] };
    const run = () => connection.run(work, listener, signal, graceMs, head).result as Promise<Uint8Array>;
    const result = await upload.runWithUpload(connection, listener, run);
    this.execution.computedAt(codeHolder(code, this.stage.origin(), id), this.steps);
    const outcome = decodeResult(result, { stage: this.stage, range }, code, events, emitted, id);
    limitChunkBytes(this.sizer, range, { sent: bytes.length, received: result.length }, MAX_CHUNK_BYTES);
    // Sending a chunk and its result is part of its cost.
    return { ...outcome, result: { ...outcome.result, tookMs: performance.now() - startedAt } };
  }

  /** A host that was lost says nothing of its chunk, unless that happens again and again. */
  private onCrash(cause: HypernodesError, range: ChunkRangeState): ChunkOutcome {
    const crashes = (this.crashCounts.get(range.first) ?? 0) + 1;
    this.crashCounts.set(range.first, crashes);
    return isRetryable(cause) && crashes < MAX_CRASHES ? { kind: "evicted" } : bisectOrCharge(range, cause);
  }
}

const ABANDONED = new Error("it is no longer needed");

import type { Execution } from "../../engine/execution.js";
import type { List } from "../../engine/lists.js";
import { ChunkSizes, type Pace } from "../../engine/threads/chunks.js";
import type { Destination, VisitUnderWay } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import type { Outcome, Range } from "../../engine/threads/visit.js";
import type { HypernodesError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { type Bundle, bundledOrigin } from "../bundle/bundle.js";
import { ChunkEvents } from "../chunks/chunk-events.js";
import { type ChunkBytes, ChunkVisit, limitBytes, packed, suspected, unpacked } from "../chunks/chunk-visit.js";
import type { Hearing } from "../container/conversation.js";
import type { Connection } from "./connection.js";
import { isWorthRetrying } from "./failures.js";
import type { Pool } from "./pool.js";
import { SharedChunks } from "./shared-chunks.js";
import type { ToldContainers } from "./told-containers.js";

/** A trip to a container takes some 20 ms, and it does nothing meanwhile. Nothing is known of the elements at first. */
const PACE: Pace = { targetMs: 1_000, leastMs: 200, probed: 1, probeMs: undefined, growth: 64 };
/** Bytes that a chunk may have, and its result. */
const MOST: ChunkBytes = { sent: 8 * 1024 * 1024, received: 32 * 1024 * 1024 };
/** How often containers may be lost with a chunk before it is suspected. */
const MOST_LOST = 3;

/** What a fragment's chunks go to. */
interface Prepared {
  readonly bundle: Bundle;
  readonly pool: Pool;
  readonly shared: SharedChunks;
}

/** Containers that share the chunks of one fragment. Each has one at a time. */
export class ContainerVisits implements Destination {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  readonly sizes: ChunkSizes;
  private prepared: Promise<Prepared> | undefined;
  /** By the first element of a chunk, how often a container was lost with it. */
  private readonly losses = new Map<number, number>();
  /** The places whose ends were told by chunks that were lost. */
  private readonly endedBefore = new Set<string>();

  /**
   * @param visitors how many containers there may be.
   * @param poolFor gives the containers that have a bundle.
   */
  constructor(
    private readonly fragment: Fragment,
    readonly visitors: number,
    private readonly bundled: () => Promise<Bundle>,
    private readonly poolFor: (bundle: Bundle) => Pool,
    private readonly told: ToldContainers,
  ) {
    this.execution = fragment.execution;
    this.steps = fragment.steps;
    this.sizes = new ChunkSizes(() => visitors, fragment.multiple, PACE);
  }

  end(): void {}

  async visit(range: Range, elements: readonly List[]): Promise<VisitUnderWay> {
    this.prepared ??= this.prepare();
    const prepared = await this.prepared;
    const { scope } = this.execution;
    const { bytes, traced } = packed(this.fragment, range, elements);
    const cancelling = new AbortController();
    const reason = () => (scope.stopped ? scope.reason : undefined);
    const arriving = this.go(prepared, range, bytes, cancelling.signal);
    arriving.catch(() => {});
    return new ChunkVisit(arriving, () => cancelling.abort(reason() ?? NOT_WANTED), traced, reason);
  }

  private async prepare(): Promise<Prepared> {
    const origin = this.fragment.origin();
    const bundle = await this.bundled();
    const { bytes } = this.fragment.encodeRemote(bundledOrigin(origin, bundle.root));
    return { bundle, pool: this.poolFor(bundle), shared: new SharedChunks(bytes) };
  }

  private async go(prepared: Prepared, range: Range, bytes: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const { connection, release } = await prepared.pool.take(signal);
    const events = new ChunkEvents(this.execution.run, prepared.bundle, this.endedBefore);
    try {
      this.told.begun(connection);
      return await this.compute(prepared, connection, range, bytes, events, signal);
    } catch (error) {
      if (signal.aborted || connection.isAlive) throw error;
      this.told.ended(connection);
      for (const path of events.ended) this.endedBefore.add(path);
      return this.lost(error as HypernodesError, range);
    } finally {
      await release();
    }
  }

  private async compute(
    { bundle, shared }: Prepared,
    connection: Connection,
    range: Range,
    bytes: Uint8Array,
    events: ChunkEvents,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { id } = connection.container;
    let told = 0;
    const hearing: Hearing = {
      event: (event) => {
        told++;
        events.tell([event], id);
      },
      printed: (printed) => this.told.printed(connection, printed),
      handsOn: true,
    };
    await shared.bring(connection, hearing);
    const at = performance.now();
    const { graceMs } = this.execution.settings;
    const head = { fragment: { digest: shared.digest } };
    const work = { length: bytes.length, parts: [bytes] };
    const ask = () => connection.run(work, hearing, signal, graceMs, head).result as Promise<Uint8Array>;
    const found = await shared.asked(connection, hearing, ask);
    const outcome = unpacked(found, { fragment: this.fragment, range }, bundle, events, told, id);
    limitBytes(this.sizes, range, { sent: bytes.length, received: found.length }, MOST);
    // The way there and back is part of what a chunk costs.
    return { ...outcome, result: { ...outcome.result, tookMs: performance.now() - at } };
  }

  /** A container that was taken away has nothing to do with what was in it, unless that happens again and again. */
  private lost(cause: HypernodesError, range: Range): Outcome {
    const times = (this.losses.get(range.first) ?? 0) + 1;
    this.losses.set(range.first, times);
    return isWorthRetrying(cause) && times < MOST_LOST ? { kind: "dragged" } : suspected(range, cause);
  }
}

const NOT_WANTED = new Error("it is not wanted any more");

import type { ChunkExecutor, ChunkHandle, RestoredChunk } from "../../engine/chunks/chunk-executor.js";
import { type ChunkPolicy, ChunkSizer } from "../../engine/chunks/chunk-sizer.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult, Isolation } from "../../engine/chunks/protocol.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { ElementRange } from "../../engine/elements/elements.js";
import type { List } from "../../engine/elements/lists.js";
import type { RunningExecution } from "../../engine/executor.js";
import { HypernodesError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { sha256 } from "../../util/sha256.js";
import { decode } from "../../values/codec.js";
import { contentOf } from "../../values/digest.js";
import { type Bundle, bundleOf } from "../bundle/bundle.js";
import { ChunkEventForwarder } from "../chunks/chunk-events.js";
import {
  bisectOrCharge,
  type ChunkBytes,
  decodeResult,
  encodeChunk,
  limitChunkBytes,
  RemoteChunk,
} from "../chunks/remote-chunk.js";
import { codeHolder } from "../host/code-holder.js";
import type { JobOutcome, QueueClient } from "./queue-client.js";
import type { RunJournal } from "./run-journal.js";

/** A task over Redis costs about 2 ms. Nothing is known of the elements at first, and a worker does not end a chunk early. */
const QUEUE_CHUNK_POLICY: ChunkPolicy = {
  targetChunkMs: 200,
  minChunkMs: 20,
  probeSize: 1,
  probeBudgetMs: undefined,
  growth: 64,
};
/** The number of chunks that are sent before the number of workers is known. */
const INITIAL_IN_FLIGHT = 4;
/** Bytes that a chunk may have, and its result: Redis and the worker hold a few at once. */
const MAX_CHUNK_BYTES: ChunkBytes = { sent: 1024 * 1024, received: 4 * 1024 * 1024 };

/** The code and the shared values of a stage that were sent. */
interface StageUpload {
  readonly link: QueueClient;
  readonly bundle: Bundle;
  /** The digest of the shared bytes. */
  readonly digest: string;
  /** The content that determines the results of equal elements: the code and the shared values. */
  readonly content: string;
}

/** The workers of a queue, for the chunks of one stage. */
export class QueueChunkExecutor implements ChunkExecutor {
  readonly execution: RunningExecution;
  readonly steps: readonly Step[];
  readonly sizer: ChunkSizer;
  private prepared: Promise<StageUpload> | undefined;
  private client: QueueClient | undefined;

  /** @param installed packages that the workers have. */
  constructor(
    private readonly stage: Stage,
    private readonly opened: () => Promise<QueueClient>,
    private readonly installed: readonly string[],
    private readonly journal: () => RunJournal | undefined,
  ) {
    this.execution = stage.execution;
    this.steps = stage.steps;
    this.sizer = new ChunkSizer(() => this.client?.workerCapacity ?? 1, stage.multiple, QUEUE_CHUNK_POLICY);
  }

  get maxInFlight(): number {
    return this.client?.maxJobsInFlight ?? INITIAL_IN_FLIGHT;
  }

  close(): void {}

  async submit(range: ChunkRangeState, elements: readonly List[], isolation: Isolation): Promise<ChunkHandle> {
    this.prepared ??= this.prepare();
    const { link, bundle, digest, content } = await this.prepared;
    const { run, scope, settings } = this.execution;
    const { bytes, encode, path, span: traced } = encodeChunk(this.stage, range, elements);
    const converted = this.stage.converted(elements);
    const id = this.stage.namingElements(converted, range, 0, () => chunkJobId(run.id, content, range, converted));
    const events = new ChunkEventForwarder(run, bundle);
    const about = { bundle: bundle.digest, stage: digest, where: path };
    const sent = await link.send(
      id,
      { ...about, alone: isolation === "exclusive", graceMs: Math.min(settings.graceMs, Number.MAX_SAFE_INTEGER) },
      { bytes, encode },
      (live, worker) => events.forward(live, worker),
    );
    return new RemoteChunk(
      sent.outcome.then((jobOutcome) => this.onOutcome(id, jobOutcome, range, bytes.length, events, bundle)),
      sent.cancel,
      traced,
      () => (scope.stopped ? scope.reason : undefined),
    );
  }

  /** For a run that is resumed: the results that its client had received, and those that workers have left for it. */
  async open(length: number, elements?: (part: ElementRange) => readonly List[]): Promise<readonly RestoredChunk[]> {
    this.prepared ??= this.prepare();
    const { link, content, bundle } = await this.prepared;
    if (elements === undefined) return [];
    const { id: run } = this.execution.run;
    const restored = [...(this.journal()?.chunks ?? []), ...(await link.restored())];
    const parts = restored.map(([id, bytes]) => ({ id, bytes, part: partOf(id, run) }));
    const recovered: RestoredChunk[] = [];
    let next = 0;
    for (const { id, bytes, part } of parts.sort((a, b) => a.part.first - b.part.first)) {
      if (part.first < next || part.first + part.count > length) continue;
      if (id !== chunkJobId(run, content, part, this.stage.converted(elements(part)))) continue;
      const result = readable(bytes);
      if (result === undefined) continue;
      // What has failed is tried again.
      if (result.failed.some((errors) => errors > 0)) continue;
      new ChunkEventForwarder(this.execution.run, bundle).forward(result.events);
      recovered.push({ range: part, result });
      next = part.first + part.count;
    }
    return recovered;
  }

  private async prepare(): Promise<StageUpload> {
    const { stage } = this;
    const origin = stage.origin();
    const bundle = await bundleOf(origin, this.installed, [], "bullmq(...)");
    const holder = codeHolder(bundle, origin, "");
    stage.execution.computedAt(holder, stage.steps);
    const encode = () => stage.encodeForHost(bundle.locate(origin), holder);
    const { bytes, content } = encode();
    const link = await this.opened();
    this.client = link;
    await link.sendBundle(bundle);
    return {
      link,
      bundle,
      digest: await link.share({ bytes, encode: () => encode().bytes }),
      content: bundle.digest + content,
    };
  }

  private onOutcome(
    id: string,
    jobOutcome: JobOutcome,
    range: ChunkRangeState,
    sent: number,
    events: ChunkEventForwarder,
    bundle: Bundle,
  ): ChunkOutcome {
    if (jobOutcome.kind === "crashed") return this.onCrash(jobOutcome, range);
    const { bytes, worker, emitted } = jobOutcome;
    limitChunkBytes(this.sizer, range, { sent, received: bytes.length }, MAX_CHUNK_BYTES);
    const outcome = decodeResult(bytes, { stage: this.stage, range }, bundle, events, emitted, worker);
    if (outcome.result.failure === undefined && range.indices === undefined) this.journal()?.add(id, bytes);
    return outcome;
  }

  /**
   * The process of a worker has crashed: the element at fault is looked for by bisection, each half in a process of its own. An
   * element that was not alone in its process may not be at fault.
   */
  private onCrash({ how, worker }: JobOutcome & { kind: "crashed" }, range: ChunkRangeState): ChunkOutcome {
    const cause = new HypernodesError({
      code: "WORKER_LOST",
      where: this.execution.path,
      problem: worker === undefined ? how : `its process in the worker ${worker} ended: ${how}`,
      advice: "It may have run out of memory, or native code may have crashed.",
    });
    return bisectOrCharge(range, cause);
  }
}

/** The id of a chunk's job: the range of its elements, and a digest of their content and of all that determines the results. */
function chunkJobId(run: string, content: string, { first, count }: ElementRange, elements: readonly List[]): string {
  const signature = sha256(content + contentOf(elements, 2).digest).slice(0, 32);
  return `${run}-${first}-${count}-${signature}`;
}

/** Decodes a result of an earlier run; undefined if it cannot be read: then the chunk is computed again. */
function readable(bytes: Uint8Array): ChunkResult | undefined {
  try {
    return decode(bytes) as ChunkResult;
  } catch {
    return undefined;
  }
}

function partOf(id: string, run: string): ElementRange {
  const [first, count] = id.slice(run.length + 1).split("-");
  return { first: Number(first), count: Number(count) };
}

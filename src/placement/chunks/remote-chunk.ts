import type { ChunkHandle } from "../../engine/chunks/chunk-executor.js";
import type { ChunkMessage } from "../../engine/chunks/chunk-message.js";
import type { ChunkSizer } from "../../engine/chunks/chunk-sizer.js";
import { unreadable } from "../../engine/chunks/encode-each.js";
import type { ChunkOutcome, ChunkRangeState, ChunkResult } from "../../engine/chunks/protocol.js";
import type { Stage } from "../../engine/chunks/stage.js";
import type { List } from "../../engine/elements/lists.js";
import type { ChunkSpan } from "../../engine/lifecycle/trace-context.js";

import { decode } from "../../values/codec.js";
import type { HostCode } from "../provider.js";
import type { ChunkEventForwarder } from "./chunk-events.js";

/** A chunk that is encoded for another host. */
export interface EncodedChunk {
  readonly bytes: Uint8Array;
  /** Encodes the same bytes again. */
  readonly encode: () => Uint8Array;
  /** The place of the first step that its elements go through. */
  readonly path: string;
  /** The span of the chunk; undefined: nobody traces. */
  readonly span: ChunkSpan | undefined;
}

/** @throws {NodeError} `UNSERIALISABLE`. */
export function encodeChunk(stage: Stage, range: ChunkRangeState, elements: readonly List[]): EncodedChunk {
  const { execution, steps } = stage;
  const { first, count, indices, known } = range;
  const { run } = execution;
  const { name } = steps[0]!;
  const path = execution.pathOf(steps[0]!);
  const traced = run.context?.startChunk(run.id, { path, name, element: indices?.[0] ?? first, elements: count });
  const wantsEvents = run.emit !== undefined;
  const chunk: ChunkMessage = {
    first,
    count,
    indices,
    elements: stage.converted(elements),
    known,
    wantsEvents: wantsEvents,
    carrier: traced?.carrier,
  };
  const encode = () => stage.encodeChunk(chunk);
  return { bytes: encode(), encode, path, span: traced };
}

/**
 * Decodes the result of a chunk. The stacks of its errors name the files of this machine.
 *
 * @param emitted the number of its events that were forwarded before.
 * @param from the id of the host or worker that computed it.
 */
export function decodeResult(
  bytes: Uint8Array,
  { stage, range }: { readonly stage: Stage; readonly range: ChunkRangeState },
  code: HostCode,
  events: ChunkEventForwarder,
  emitted: number,
  from?: string,
): ChunkOutcome & { readonly kind: "completed" } {
  let result: ChunkResult;
  try {
    result = decode(bytes) as ChunkResult;
  } catch (error) {
    return { kind: "completed", result: unreadable(error, stage, range), from };
  }
  events.forward(result.events.slice(emitted), from);
  if (result.failure === undefined) return { kind: "completed", result, from };
  code.remapStacks(result.failure.error);
  return { kind: "completed", result: { ...result, failure: { error: stage.errorOf(result.failure.error) } }, from };
}

/** The number of bytes of a chunk and of its result. */
export interface ChunkBytes {
  readonly sent: number;
  readonly received: number;
}

/** Limits the elements of later chunks, by the bytes of one, so that they have no more bytes than allowed. */
export function limitChunkBytes(
  sizes: ChunkSizer,
  { count }: ChunkRangeState,
  had: ChunkBytes,
  most: ChunkBytes,
): void {
  if (count === 1) return;
  sizes.limit(Math.max(1, count * Math.min(most.sent / had.sent, most.received / had.received)));
}

/** The outcome of a chunk whose process crashed: bisected until the element is alone, which is then charged with the crash. */
export function bisectOrCharge({ count }: ChunkRangeState, cause: Error): ChunkOutcome {
  return count > 1
    ? { kind: "bisected" }
    : { kind: "crashed", inFlight: [{ index: 0, step: 0 }], hadCoTenants: true, cause };
}

/** A chunk that was sent, and whose result is awaited. */
export class RemoteChunk implements ChunkHandle {
  readonly outcome: Promise<ChunkOutcome>;
  private stopping!: (outcome: ChunkOutcome) => void;

  /**
   * @param cancel cancels it on its host.
   * @param reason gives the reason why the run was stopped; undefined: it was not.
   */
  constructor(
    arriving: Promise<ChunkOutcome>,
    private readonly cancel: () => void,
    private readonly traced: ChunkSpan | undefined,
    reason: () => unknown,
  ) {
    const stopped = new Promise<ChunkOutcome>((resolve) => {
      this.stopping = resolve;
    });
    this.outcome = Promise.race([arriving, stopped]);
    this.outcome.then(
      (outcome) => this.endSpan(outcome, reason()),
      (error: unknown) => this.traced?.end({ error }),
    );
  }

  stop(): void {
    this.cancel();
    this.stopping({ kind: "cancelled" });
  }

  private endSpan(outcome: ChunkOutcome, reason: unknown): void {
    if (outcome.kind === "completed") this.traced?.end({ elements: outcome.result.done, container: outcome.from });
    else this.traced?.end({ error: outcome.kind === "crashed" ? outcome.cause : reason });
  }
}

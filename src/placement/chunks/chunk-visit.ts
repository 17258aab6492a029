import type { ChunkUnderWay } from "../../engine/call-context.js";
import type { List } from "../../engine/lists.js";
import type { Chunk } from "../../engine/remote/chunk.js";
import { unreadable } from "../../engine/threads/apart.js";
import type { ChunkSizes } from "../../engine/threads/chunks.js";
import type { VisitUnderWay } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import type { VisitResult } from "../../engine/threads/protocol.js";
import type { Outcome, Range } from "../../engine/threads/visit.js";
import { decode } from "../../values/codec.js";
import type { Bundle } from "../bundle/bundle.js";
import { mapped } from "../bundle/stacks.js";
import type { ChunkEvents } from "./chunk-events.js";

/** A chunk that is about to go. */
export interface Packed {
  readonly bytes: Uint8Array;
  /** Makes the same bytes again. */
  readonly encode: () => Uint8Array;
  /** The place of the first step that its elements go through. */
  readonly path: string;
  /** Who traces it. */
  readonly traced: ChunkUnderWay | undefined;
}

/** @throws {NodeError} `UNSERIALISABLE`. */
export function packed(fragment: Fragment, range: Range, elements: readonly List[]): Packed {
  const { execution, steps } = fragment;
  const { first, count, indices, known } = range;
  const { run } = execution;
  const { name } = steps[0]!;
  const path = execution.placeOf(steps[0]!);
  const traced = run.context?.chunk(run.id, { path, name, element: indices?.[0] ?? first, elements: count });
  const heard = run.tell !== undefined;
  const chunk: Chunk = { first, count, indices, elements, known, heard, carrier: traced?.carrier };
  const encode = () => fragment.encodeChunk(chunk);
  return { bytes: encode(), encode, path, traced };
}

/**
 * What came home, its errors told as they would be here.
 *
 * @param told how many of its events were told before.
 * @param from who has computed it.
 */
export function unpacked(
  bytes: Uint8Array,
  { fragment, range }: { readonly fragment: Fragment; readonly range: Range },
  bundle: Bundle,
  events: ChunkEvents,
  told: number,
  from?: string,
): Outcome & { readonly kind: "home" } {
  let result: VisitResult;
  try {
    result = decode(bytes) as VisitResult;
  } catch (error) {
    return { kind: "home", result: unreadable(error, fragment, range), from };
  }
  if (result.failure !== undefined) mapped(result.failure.error, bundle);
  events.tell(result.events.slice(told), from);
  return { kind: "home", result, from };
}

/** Bytes of a chunk, and of its result. */
export interface ChunkBytes {
  readonly sent: number;
  readonly received: number;
}

/** Chunks that come after this one have no more bytes than they may. */
export function limitBytes(sizes: ChunkSizes, { count }: Range, had: ChunkBytes, most: ChunkBytes): void {
  if (count === 1) return;
  sizes.limit(Math.max(1, count * Math.min(most.sent / had.sent, most.received / had.received)));
}

/** Something in a chunk has ended the process that it was in: which element, is found by halving. */
export function suspected({ count }: Range, cause: Error): Outcome {
  return count > 1 ? { kind: "halved" } : { kind: "lost", held: [{ index: 0, step: 0 }], crowded: true, cause };
}

/** A chunk that is waited for. */
export class ChunkVisit implements VisitUnderWay {
  readonly outcome: Promise<Outcome>;
  private stopping!: (outcome: Outcome) => void;

  /**
   * @param cancel tells who has it that it is not wanted any more.
   * @param reason why it is stopped, if it is.
   */
  constructor(
    arriving: Promise<Outcome>,
    private readonly cancel: () => void,
    private readonly traced: ChunkUnderWay | undefined,
    reason: () => unknown,
  ) {
    const stopped = new Promise<Outcome>((resolve) => {
      this.stopping = resolve;
    });
    this.outcome = Promise.race([arriving, stopped]);
    this.outcome.then(
      (outcome) => this.tell(outcome, reason()),
      (error: unknown) => this.traced?.end({ error }),
    );
  }

  stop(): void {
    this.cancel();
    this.stopping({ kind: "stopped" });
  }

  private tell(outcome: Outcome, reason: unknown): void {
    if (outcome.kind === "home") this.traced?.end({ elements: outcome.result.done, container: outcome.from });
    else this.traced?.end({ error: outcome.kind === "lost" ? outcome.cause : reason });
  }
}

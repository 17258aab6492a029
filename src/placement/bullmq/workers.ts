import { createHash } from "node:crypto";
import type { Part } from "../../engine/elements.js";
import type { Execution } from "../../engine/execution.js";
import type { List } from "../../engine/lists.js";
import { ChunkSizes, type Pace } from "../../engine/threads/chunks.js";
import type { Destination, Recovered, VisitUnderWay } from "../../engine/threads/destination.js";
import type { Fragment } from "../../engine/threads/fragment.js";
import type { Company, VisitResult } from "../../engine/threads/protocol.js";
import type { Outcome, Range } from "../../engine/threads/visit.js";
import { HypernodesError } from "../../errors.js";
import type { Step } from "../../graph/plan.js";
import { decode } from "../../values/codec.js";
import { contentOf } from "../../values/digest.js";
import { type Bundle, bundledOrigin, bundleOf } from "../bundle/bundle.js";
import { ChunkEvents } from "../chunks/chunk-events.js";
import { type ChunkBytes, ChunkVisit, limitBytes, packed, suspected, unpacked } from "../chunks/chunk-visit.js";
import type { Journal } from "./journal.js";
import type { Brought, Link } from "./link.js";

/** A trip over Redis costs about 2 ms. Nothing is known of the elements at first, and a worker is not asked to leave off. */
const PACE: Pace = { targetMs: 200, leastMs: 20, probed: 1, probeMs: undefined, growth: 64 };
/** How many chunks go before it is known how many workers there are. */
const FIRST = 4;
/** Bytes that a chunk may have, and its result: Redis and the worker hold a few at once. */
const MOST: ChunkBytes = { sent: 1024 * 1024, received: 4 * 1024 * 1024 };

/** What has been sent of a fragment: its code, and what its chunks share. */
interface Prepared {
  readonly link: Link;
  readonly bundle: Bundle;
  /** What the chunks' shared bytes are known by. */
  readonly digest: string;
  /** What makes results of the same elements the same: the code, and what they share. */
  readonly content: string;
}

/** Workers that take the chunks of one fragment. */
export class Workers implements Destination {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  readonly sizes: ChunkSizes;
  private prepared: Promise<Prepared> | undefined;
  private link: Link | undefined;

  /** @param installed packages that the workers have. */
  constructor(
    private readonly fragment: Fragment,
    private readonly opened: () => Promise<Link>,
    private readonly installed: readonly string[],
    private readonly journal: () => Journal | undefined,
  ) {
    this.execution = fragment.execution;
    this.steps = fragment.steps;
    this.sizes = new ChunkSizes(() => this.link?.slots ?? 1, fragment.multiple, PACE);
  }

  get visitors(): number {
    return this.link?.window ?? FIRST;
  }

  end(): void {}

  async visit(range: Range, elements: readonly List[], company: Company): Promise<VisitUnderWay> {
    this.prepared ??= this.prepare();
    const { link, bundle, digest, content } = await this.prepared;
    const { run, scope, settings } = this.execution;
    const { bytes, encode, path, traced } = packed(this.fragment, range, elements);
    const id = this.fragment.namingElements(elements, range, 0, () => idOf(run.id, content, range, elements));
    const events = new ChunkEvents(run, bundle);
    const about = { bundle: bundle.digest, fragment: digest, where: path };
    const sent = await link.send(
      id,
      { ...about, alone: company === "none", graceMs: Math.min(settings.graceMs, Number.MAX_SAFE_INTEGER) },
      { bytes, encode },
      (live, worker) => events.tell(live, worker),
    );
    return new ChunkVisit(
      sent.brought.then((brought) => this.arrived(id, brought, range, bytes.length, events, bundle)),
      sent.cancel,
      traced,
      () => (scope.stopped ? scope.reason : undefined),
    );
  }

  /** For a run that goes on where another one was: what that had taken home, and what workers have left for it. */
  async open(length: number, elements?: (part: Part) => readonly List[]): Promise<readonly Recovered[]> {
    this.prepared ??= this.prepare();
    const { link, content, bundle } = await this.prepared;
    if (elements === undefined) return [];
    const { id: run } = this.execution.run;
    const found = [...(this.journal()?.chunks ?? []), ...(await link.left())];
    const parts = found.map(([id, bytes]) => ({ id, bytes, part: partOf(id, run) }));
    const recovered: Recovered[] = [];
    let next = 0;
    for (const { id, bytes, part } of parts.sort((a, b) => a.part.first - b.part.first)) {
      if (part.first < next || part.first + part.count > length) continue;
      if (id !== idOf(run, content, part, elements(part))) continue;
      const result = readable(bytes);
      if (result === undefined) continue;
      // What has failed is tried again.
      if (result.failed.some((errors) => errors > 0)) continue;
      new ChunkEvents(this.execution.run, bundle).tell(result.events);
      recovered.push({ part, result });
      next = part.first + part.count;
    }
    return recovered;
  }

  private async prepare(): Promise<Prepared> {
    const { fragment } = this;
    const origin = fragment.origin();
    const bundle = await bundleOf(origin, this.installed, [], "bullmq(...)");
    const encode = () => fragment.encodeRemote(bundledOrigin(origin, bundle.root));
    const { bytes, content } = encode();
    const link = await this.opened();
    this.link = link;
    await link.sendBundle(bundle);
    return {
      link,
      bundle,
      digest: await link.share({ bytes, encode: () => encode().bytes }),
      content: bundle.digest + content,
    };
  }

  private arrived(
    id: string,
    brought: Brought,
    range: Range,
    sent: number,
    events: ChunkEvents,
    bundle: Bundle,
  ): Outcome {
    if (brought.kind === "lost") return this.lost(brought, range);
    const { bytes, worker, told } = brought;
    limitBytes(this.sizes, range, { sent, received: bytes.length }, MOST);
    const outcome = unpacked(bytes, { fragment: this.fragment, range }, bundle, events, told, worker);
    if (outcome.result.failure === undefined && range.indices === undefined) this.journal()?.add(id, bytes);
    return outcome;
  }

  /**
   * The process of a worker has ended under it: who did that is looked for in halves, each in a process of its own. An element
   * that was not alone in its process may have been dragged along.
   */
  private lost({ how, worker }: Brought & { kind: "lost" }, range: Range): Outcome {
    const cause = new HypernodesError({
      code: "WORKER_LOST",
      where: this.execution.path,
      problem: worker === undefined ? how : `its process in the worker ${worker} ended: ${how}`,
      advice: "It may have taken more memory than there is, or something native in it may have failed.",
    });
    return suspected(range, cause);
  }
}

/** What a chunk is known by: which elements they are; their content, and that of all that makes results of it. */
function idOf(run: string, content: string, { first, count }: Part, elements: readonly List[]): string {
  const signature = createHash("sha256")
    .update(content)
    .update(contentOf(elements, 2).digest)
    .digest("hex")
    .slice(0, 32);
  return `${run}-${first}-${count}-${signature}`;
}

/** What an earlier run has left; undefined if it can't be read: then it is computed again. */
function readable(bytes: Uint8Array): VisitResult | undefined {
  try {
    return decode(bytes) as VisitResult;
  } catch {
    return undefined;
  }
}

function partOf(id: string, run: string): Part {
  const [first, count] = id.slice(run.length + 1).split("-");
  return { first: Number(first), count: Number(count) };
}

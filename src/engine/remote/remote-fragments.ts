import type { Choices } from "../../dsl/choices.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { Origin } from "../../dsl/origin.js";
import type { Step } from "../../graph/plan.js";
import { remembered } from "../../graph/remembered.js";
import { decode } from "../../values/codec.js";
import type { CallContext, Carrier } from "../call-context.js";
import type { RunEvent } from "../events.js";
import { Execution } from "../execution.js";
import type { List } from "../lists.js";
import type { Program } from "../program.js";
import { remake } from "../remade.js";
import { Resources } from "../resources.js";
import { RunState } from "../run-state.js";
import { Scope } from "../scope.js";
import { type Settings, settingsOf } from "../settings.js";
import type { Destination, VisitUnderWay } from "../threads/destination.js";
import { Dispatcher, type Ends } from "../threads/dispatcher.js";
import { Fragment, SharedBytes } from "../threads/fragment.js";
import { type Company, type FragmentSpec, NOTHING, type VisitResult } from "../threads/protocol.js";
import type { Range } from "../threads/visit.js";
import type { Chunk, RemoteFragment } from "./chunk.js";

/** Typed arrays among shared values that are at least this large stay where they came in. */
const VIEWS_FROM = 64 * 1024;
/** Milliseconds between looks whether a chunk that takes long has something to tell. */
const LIVE_MS = 500;
/** Milliseconds for which a fragment is kept that no chunk has come for. */
const IDLE_MS = 60_000;

/** A fragment as it is made here. */
interface Made {
  readonly spec: FragmentSpec;
  readonly program: Program;
  readonly settings: Settings;
  readonly values: readonly unknown[];
  readonly wanted: readonly Step[];
  readonly shared: SharedBytes;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Computes chunks of other processes' maps in the threads of this one. What they share is read once, and kept for a while. */
export class RemoteFragments {
  private readonly made = new Map<string, Promise<Made>>();

  /** @param classOf the class that comes from there. */
  constructor(private readonly classOf: (origin: Origin) => PipelineClass) {}

  /**
   * @param digest what the fragment is known by.
   * @param read its bytes, if it is not known yet.
   * @param live hears of events before the result does, if the chunk takes long.
   */
  async answer(
    digest: string,
    read: () => Promise<Uint8Array>,
    chunk: Chunk,
    signal: AbortSignal,
    live: (events: readonly RunEvent[]) => void,
  ): Promise<VisitResult> {
    const making = remembered(this.made, digest, async () => make(await read(), this.classOf));
    making.catch(() => this.made.delete(digest));
    const made = await making;
    clearTimeout(made.idle);
    made.users++;
    try {
      return await new ChunkRun(made, chunk).result(signal, live);
    } finally {
      if (--made.users === 0) made.idle = setTimeout(() => this.drop(digest, made), IDLE_MS).unref();
    }
  }

  private drop(digest: string, { shared, settings }: Made): void {
    this.made.delete(digest);
    void shared.end(settings.resourceLimits);
  }
}

function make(bytes: Uint8Array, classOf: (origin: Origin) => PipelineClass): Made {
  const { origin, spec } = decode(bytes, { viewsFrom: VIEWS_FROM }) as RemoteFragment;
  const type = classOf(origin);
  // Whoever sent it looks up what is remembered.
  const choices: Choices = { execution: spec.execution ?? {}, cache: false };
  const program = remake(type, choices, spec.source);
  const values: unknown[] = new Array(program.plan.slots).fill(undefined);
  for (const [slot, value] of spec.values) values[slot] = value;
  const { steps, outputs } = program.plan;
  const wanted = outputs.map(({ slot }) => steps.find((step) => step.slot === slot)!);
  const settings = { ...settingsOf(choices, type.name), graceMs: spec.graceMs };
  return { spec, program, settings, values, wanted, shared: new SharedBytes(), users: 0, idle: undefined };
}

/** Hands on the context that came along. */
function carrying(carrier: Carrier | undefined): CallContext | undefined {
  if (carrier === undefined) return undefined;
  return { within: (_, __, call) => call(), carrier: () => carrier, chunk: () => ({ carrier, end() {} }) };
}

/** A chunk goes to one thread as it is: it was cut where all the work is known. */
const WHOLE = { next: (left: number) => ({ count: left, budgetMs: undefined }), took() {}, limit() {} };

/** One chunk, under way in a thread; in several, one after another, if one of them is lost. */
class ChunkRun implements Ends, Destination {
  readonly execution: Execution;
  readonly steps: readonly Step[];
  readonly visitors = 1;
  readonly sizes = WHOLE;
  readonly indices: readonly number[];
  private readonly fragment: Fragment;
  private readonly dispatcher: Dispatcher;
  private readonly events: RunEvent[] = [];
  /** How many of them have been told already. */
  private told = 0;
  private readonly values: readonly unknown[][];
  private readonly errors: number[];
  private left: number;
  private tookMs = 0;
  private resolve!: (result: VisitResult) => void;

  constructor(
    { spec, program, settings, values, wanted, shared }: Made,
    private readonly chunk: Chunk,
  ) {
    const { first, count, heard } = chunk;
    const listener = heard ? (event: RunEvent) => void this.events.push(event) : undefined;
    const run = new RunState(new Resources(true), listener, spec.run, undefined, carrying(chunk.carrier));
    const standing = { path: spec.path };
    this.execution = new Execution(program, values.slice(), run, new Scope(), settings, standing).standBy();
    this.steps = program.plan.steps;
    this.fragment = new Fragment(this.execution, this.steps, wanted, [], spec.overlapping, undefined, shared);
    this.indices = chunk.indices ?? Array.from({ length: count }, (_, i) => first + i);
    this.values = wanted.map(() => new Array(count));
    this.errors = this.steps.map(() => 0);
    this.left = count;
    this.dispatcher = new Dispatcher(this, this);
  }

  /** @param live hears of events while the chunk lasts, if it takes long; all of them come with the result. */
  result(signal: AbortSignal, live: (events: readonly RunEvent[]) => void): Promise<VisitResult> {
    const telling = this.chunk.heard ? setInterval(() => this.tell(live), LIVE_MS) : undefined;
    const stop = () => this.execution.scope.stop(signal.reason);
    return new Promise<VisitResult>((resolve, reject) => {
      this.resolve = resolve;
      this.execution.scope.onStop(() => reject(this.execution.scope.reason));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      this.dispatcher.offer(this.chunk.count);
      this.dispatcher.pump();
    }).finally(() => {
      clearInterval(telling);
      signal.removeEventListener("abort", stop);
    });
  }

  /** Errors go with the result, which knows how they travel; and what comes after one, too. */
  private tell(live: (events: readonly RunEvent[]) => void): void {
    const failed = this.events.findIndex((event) => "error" in event);
    const events = this.events.slice(this.told, failed < 0 ? undefined : failed);
    if (events.length === 0) return;
    this.told += events.length;
    live(events);
  }

  visit(range: Range, elements: readonly List[], company: Company): Promise<VisitUnderWay> {
    const known = [...this.chunk.known, ...range.known];
    return this.fragment.visit({ ...range, known }, elements, company);
  }

  /** The others that come for the same fragment need what it has. */
  end(): void {}

  elements({ first, count }: Range): readonly List[] {
    const { elements } = this.chunk;
    if (count === this.chunk.count) return elements;
    return elements.map((list) => (list as unknown[]).slice(first, first + count));
  }

  inputs(_: Step, element: number): readonly unknown[] {
    return this.chunk.elements.map((list) => list[element]);
  }

  home({ first, count }: Range, { values, failed, tookMs }: VisitResult): void {
    for (const [i, found] of values.entries()) {
      for (let element = 0; element < found.length; element++) this.values[i]![first + element] = found[element];
    }
    for (const [i, errors] of failed.entries()) this.errors[i]! += errors;
    this.tookMs += tookMs;
    this.left -= count;
    if (this.left === 0) this.finish(this.chunk.count, undefined);
  }

  failed(error: unknown): void {
    this.finish(0, { error });
  }

  private finish(done: number, failure: { readonly error: unknown } | undefined): void {
    this.dispatcher.close();
    const { values, errors: failed, events, tookMs } = this;
    this.resolve({ ...NOTHING, done, values: failure ? [] : values, failed, failure, events, tookMs });
  }
}

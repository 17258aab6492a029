import { setCodes, setModelCodes } from "../../cache/codes.js";
import type { Choices } from "../../dsl/choices.js";
import type { PipelineClass } from "../../dsl/members.js";
import type { Origin } from "../../dsl/origin.js";
import { remembered } from "../../graph/remembered.js";
import { decode } from "../../values/codec.js";
import { remembers, storesOf } from "../cached/stores.js";
import type { CallContext, Carrier } from "../call-context.js";
import { indexIn } from "../elements.js";
import type { RunEvent } from "../events.js";
import { remake } from "../remade.js";
import type { Resources } from "../resources.js";
import { RunState } from "../run-state.js";
import { settingsOf } from "../settings.js";
import { SharedBytes } from "../threads/fragment.js";
import { encodeResult } from "../threads/result-bytes.js";
import { goesAway } from "../threads/threads.js";
import type { Chunk, RemoteFragment } from "./chunk.js";
import { chunkHere } from "./chunk-here.js";
import { ChunkInThreads, type Made } from "./chunk-in-threads.js";

/** Typed arrays among shared values that are at least this large stay where they came in. */
const VIEWS_FROM = 64 * 1024;
/** Milliseconds between looks whether a chunk that takes long has something to tell. */
const LIVE_MS = 500;
/** Milliseconds for which a fragment is kept that no chunk has come for. */
const IDLE_MS = 60_000;

/** A fragment that some chunks use. */
interface Kept extends Made {
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** Computes chunks of other processes' maps in this one. What they share is read once, and kept for a while. */
export class RemoteFragments {
  private readonly kept = new Map<string, Promise<Kept>>();

  /**
   * @param classOf the class that comes from there.
   * @param resources what is kept from one chunk to the next, outside of threads.
   * @param isAlone whether a chunk has all of this process: it is spread over the threads. Else it goes to one of them.
   */
  constructor(
    private readonly classOf: (origin: Origin) => PipelineClass,
    private readonly resources: Resources,
    private readonly isAlone: boolean,
  ) {}

  /**
   * @param digest what the fragment is known by.
   * @param read its bytes, if it is not known yet.
   * @param live hears of events before the result does, if the chunk takes long.
   * @returns the result, a `VisitResult`, encoded.
   */
  async answer(
    digest: string,
    read: () => Promise<Uint8Array>,
    chunk: Chunk,
    signal: AbortSignal,
    live: (events: readonly RunEvent[]) => void,
  ): Promise<Uint8Array> {
    const making = remembered(this.kept, digest, async () => make(await read(), this.classOf));
    making.catch(() => this.kept.delete(digest));
    const made = await making;
    clearTimeout(made.idle);
    made.users++;
    try {
      return await this.compute(made, chunk, signal, live);
    } finally {
      if (--made.users === 0) made.idle = setTimeout(() => this.drop(digest, made), IDLE_MS).unref();
    }
  }

  private async compute(
    made: Made,
    chunk: Chunk,
    signal: AbortSignal,
    live: (events: readonly RunEvent[]) => void,
  ): Promise<Uint8Array> {
    const { program, settings, spec } = made;
    const inThreads = goesAway(settings.maps);
    const heard = chunk.heard ? new Heard(live) : undefined;
    const context = inThreads ? carrying(chunk.carrier) : undefined;
    const run = new RunState(this.resources, heard?.listener, spec.run, undefined, context);
    try {
      if (remembers(program.plan, settings.choices))
        await run.open(storesOf(program.plan, settings.choices), spec.path);
      const result = inThreads
        ? await new ChunkInThreads(made, chunk, run, this.isAlone).result(signal)
        : await chunkHere(made, chunk, run, signal);
      if (run.remembers) await run.flush();
      const place = { plan: program.plan, path: spec.path, indexOf: (element: number) => indexIn(chunk, element) };
      return encodeResult({ ...result, collectedIn: [...run.collectedIn], events: heard?.events ?? [] }, place, {});
    } finally {
      heard?.end();
    }
  }

  private drop(digest: string, { shared, settings }: Made): void {
    this.kept.delete(digest);
    void shared.end(settings.resourceLimits);
  }
}

function make(bytes: Uint8Array, classOf: (origin: Origin) => PipelineClass): Kept {
  const { origin, spec, codes, models } = decode(bytes, { viewsFrom: VIEWS_FROM }) as RemoteFragment;
  const type = classOf(origin);
  // Whoever sent it looks up what is remembered; what is nested in it may have a store of its own.
  const choices: Choices = { execution: spec.execution ?? {}, cache: false };
  const program = remake(type, choices, spec.source);
  if (codes !== undefined) setCodes(program, codes);
  if (models !== undefined) setModelCodes(models);
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

/** A chunk's events: all of them go with its result; if it takes long, some have been told before. */
class Heard {
  readonly events: RunEvent[] = [];
  readonly listener = (event: RunEvent) => void this.events.push(event);
  private readonly telling: NodeJS.Timeout;
  /** How many of them have been told already. */
  private told = 0;

  constructor(live: (events: readonly RunEvent[]) => void) {
    this.telling = setInterval(() => this.tell(live), LIVE_MS);
  }

  /** Errors go with the result, which knows how they travel; and what comes after one, too. */
  private tell(live: (events: readonly RunEvent[]) => void): void {
    const failed = this.events.findIndex((event) => "error" in event);
    const events = this.events.slice(this.told, failed < 0 ? undefined : failed);
    if (events.length === 0) return;
    this.told += events.length;
    live(events);
  }

  end(): void {
    clearInterval(this.telling);
  }
}

import { withDeadline } from "../util/deadline.js";
import { FlushTimer } from "../util/flush-timer.js";
import { getOrCreate } from "../util/get-or-create.js";
import { decode, encode } from "../values/codec.js";
import { forgottenEntry } from "./cache-keys.js";
import { type ContentRef, listContent } from "./content-ref.js";
import {
  type Entry,
  type EntryKind,
  type EntryMeta,
  isEntryMeta,
  type MaybePromise,
  type Owner,
  type Store,
  type StoredEntry,
} from "./store.js";

/** The limits of entries that wait to be written: their number, their bytes, and the milliseconds that they wait. */
const MAX_ENTRIES = 4096;
const MAX_BYTES = 8 * 2 ** 20;
const MAX_DELAY_MS = 100;

/** Milliseconds that a store has for an answer; and more for each entry that it is writing, some take long. */
const ANSWER_TIMEOUT_MS = 10_000;
const ENTRY_MS = 10;

/** A text that is longer is not stored twice. */
const LONG = 128;

/** The location of a stored value: its key, or the keys of its parts. */
interface ValueLocation {
  readonly kind: "alias" | "record";
  readonly keys: string | Readonly<Record<string, string>>;
}

/** The keys of SHA-256 in base64url: what a list's entry is made of. */
const KEY_LENGTH = 43;

/** A value that was read, with what is known of it. */
export interface Found extends EntryMeta {
  readonly decoded: unknown;
  /** True if its parts, or those of an element, come from entries of their own: an object that was in two of them is now two. */
  readonly isComposed?: boolean;
}

/** An entry to be: its value is encoded at once, since somebody may change it later. */
export interface NewEntry extends ContentRef {
  readonly key: string;
  readonly owner: Owner;
  readonly kind: EntryKind;
  readonly value: unknown;
  /** True if the value may be stored already: it is the unchanged result of a nested pipeline. */
  readonly isPlaced?: boolean;
}

/** By owner, the check of its entries before they are written: it gives the reason why they are not to be. */
const guards = new WeakMap<Owner, () => string | undefined>();

/**
 * Asks before entries of an owner are written, after they were computed.
 *
 * @param problem gives the reason why they are not written.
 */
export function guardOwner(owner: Owner, problem: () => string | undefined): void {
  guards.set(owner, problem);
}

/** By owner, the check of its entries when the run has ended: it gives the reason why they are not to be used. */
const reviews = new WeakMap<Owner, () => string | undefined>();

/**
 * Asks when a run has ended whether an owner's entries that it has made may be used.
 *
 * @param problem gives the reason why they may not.
 */
export function reviewOwner(owner: Owner, problem: () => string | undefined): void {
  reviews.set(owner, problem);
}

/**
 * The lookups and new entries of one run in one store. Entries are written in batches, and are found while they wait for that. A
 * store that fails is not used any more, with one warning, and the run goes on without it.
 */
export class CacheSession {
  private pending = new Map<string, Entry>();
  /** The entries that are being written. */
  private readonly inFlightWrites = new Set<ReadonlyMap<string, Entry>>();
  private pendingBytes = 0;
  private readonly flushing = new FlushTimer(MAX_DELAY_MS, () => void this.flush());
  /** Resolves when everything that was sent to the store is written. */
  private writing: Promise<void> = Promise.resolve();
  private isDisabled = false;
  private warned = false;
  /** The entries that values which this run has made are in: a nested pipeline's outputs are stored once. */
  private readonly places = new WeakMap<object, ValueLocation>();
  /** The same for texts, until they are stored again. */
  private readonly textLocations = new Map<string, ValueLocation>();

  /** The keys of the run's entries, of owners that are reviewed. */
  private readonly made = new Map<Owner, string[]>();

  private readonly headRequests = new RequestBatcher((keys) => withTimeout(this.store.heads(keys), this.answerMs()));
  private readonly entryRequests = new RequestBatcher((keys) => withTimeout(this.store.entries(keys), this.answerMs()));

  /** @param looksOnly it writes nothing. */
  constructor(
    private readonly store: Store,
    private readonly looksOnly = false,
  ) {}

  /** The entries that were looked up, by key. */
  heads(keys: readonly string[]): Promise<(EntryMeta | undefined)[]> {
    return this.lookup(keys, this.headRequests);
  }

  /** The entries of some keys, encoded. */
  entries(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return this.lookup(keys, this.entryRequests);
  }

  /**
   * The values of some keys; undefined for what is not there, or can't be read: that is warned of.
   */
  async read(keys: readonly string[]): Promise<(Found | undefined)[]> {
    const entries = await this.entries(keys);
    const found = new Array<Found | undefined>(keys.length).fill(undefined);
    const composed: number[] = [];
    for (let i = 0; i < keys.length; i++) {
      const entry = entries[i];
      if (entry === undefined) continue;
      try {
        const { kind, digest, models, bytes } = entry;
        found[i] = { kind, digest, models, bytes, decoded: decode(entry.value, { salt: saltOf(keys[i]!, entry) }) };
        if (entry.kind !== "value" && entry.kind !== "fact") composed.push(i);
      } catch (error) {
        this.onUnreadable(error);
      }
    }
    for (const i of composed) found[i] = await this.composite(found[i]!);
    return found;
  }

  /** A list, or a record, of values that have entries of their own. */
  private async composite(entry: Found): Promise<Found | undefined> {
    let keys: readonly string[];
    let compose: (values: unknown[]) => unknown;
    try {
      if (entry.kind === "list") {
        keys = splitKeys(entry.decoded as string);
        compose = (values) => values;
      } else if (entry.kind === "alias") {
        keys = [entry.decoded as string];
        compose = ([value]) => value;
      } else {
        const record = Object.entries(entry.decoded as Record<string, string>);
        keys = record.map(([, inner]) => inner);
        compose = (values) => Object.fromEntries(record.map(([name], i) => [name, values[i]]));
      }
    } catch (error) {
      this.onUnreadable(error);
      return undefined;
    }
    const parts = await this.read(keys);
    if (parts.some((part) => part === undefined)) return undefined;
    // A node that does not depend on its arguments alone may have written another value over one of them.
    if (!isOf(entry, parts as Found[])) return undefined;
    return {
      ...entry,
      isComposed: entry.kind === "record" || parts.some((part) => part!.isComposed || isListIn(entry, part!)),
      bytes: parts.reduce((sum, part) => sum + part!.bytes, 0),
      decoded: compose(parts.map((part) => part!.decoded)),
    };
  }

  /** An entry that cannot be read is computed again and overwritten. */
  private onUnreadable(error: unknown): void {
    const isDecoded = (error as { cause?: unknown }).cause !== undefined;
    const what = isDecoded ? "can't be read here" : "is damaged";
    this.warn(`an entry of the cache ${this.store.name} ${what}; it is computed again`, error);
  }

  /** An entry that waits to be written, else the one in the store. */
  private async lookup<E extends EntryMeta>(
    keys: readonly string[],
    batcher: RequestBatcher<E>,
  ): Promise<(E | undefined)[]> {
    const found = keys.map((key) => this.unwritten(key) as E | undefined);
    const missing = keys.filter((_, i) => found[i] === undefined);
    if (this.isDisabled || missing.length === 0) return found;
    const { answer, from } = batcher.request(missing);
    let entries: readonly (E | undefined)[];
    try {
      entries = await answer;
    } catch (error) {
      this.disable(error);
      return found;
    }
    let next = from;
    return found.map((entry) => entry ?? this.undamaged(entries[next++]));
  }

  private undamaged<E extends EntryMeta>(entry: E | undefined): E | undefined {
    if (entry === undefined || isEntryMeta(entry)) return entry;
    this.onUnreadable(new Error("what it says of itself is no text"));
    return undefined;
  }

  private unwritten(key: string): Entry | undefined {
    let entry = this.pending.get(key);
    // Iterating over an empty set takes as long as the rest.
    if (this.inFlightWrites.size === 0) return entry;
    for (const batch of this.inFlightWrites) entry ??= batch.get(key);
    return entry;
  }

  /**
   * Takes a value to be cached.
   *
   * @returns its size in bytes; undefined if nothing is cached any more.
   * @throws {ValueError} if it can't be encoded.
   */
  add({ key, owner, kind, value, digest, models, isPlaced }: NewEntry): number | undefined {
    if (this.isDisabled || this.looksOnly) return undefined;
    const place = isPlaced ? this.placeOf(value) : undefined;
    const sealed = { kind: place?.kind ?? kind, digest, models };
    const bytes = encode(place === undefined ? value : place.keys, { salt: saltOf(key, sealed) });
    this.enqueue({ key, ...sealed, owner, bytes: bytes.length, value: bytes });
    return bytes.length;
  }

  /** An entry is not to be found any more: one that leads nowhere is written over it. */
  forget(key: string, owner: Owner): void {
    if (this.isDisabled || this.looksOnly) return;
    const { digest, target } = forgottenEntry();
    const sealed = { kind: "alias", digest, models: "" } as const;
    const value = encode(target, { salt: saltOf(key, sealed) });
    this.enqueue({ key, ...sealed, owner, bytes: 0, value });
  }

  /** The nodes have run: entries that are not to be used are forgotten, with a warning for each owner. */
  review(): void {
    const made = [...this.made];
    this.made.clear();
    for (const [owner, keys] of made) {
      const problem = reviews.get(owner)!();
      if (problem === undefined) continue;
      for (const key of keys) this.forget(key, owner);
      const { pipeline, node } = owner;
      // A call of `map` or `stream` has an entry of the pipeline for each element.
      const place = node === pipeline ? pipeline : `${pipeline}.${node}`;
      process.emitWarning(`${place} is not cached: ${problem}`, "HypernodesWarning");
    }
  }

  /** Takes an entry that is encoded already. */
  enqueue(entry: Entry): void {
    if (this.isDisabled) return;
    if (reviews.has(entry.owner)) getOrCreate(this.made, entry.owner, () => [] as string[]).push(entry.key);
    this.pending.set(entry.key, entry);
    this.pendingBytes += entry.bytes;
    this.flushing.add(this.pending.size >= MAX_ENTRIES || this.pendingBytes >= MAX_BYTES);
  }

  /** A value is what the entries of these keys are together: the outputs of a nested pipeline by name, or the one picked. */
  place(value: unknown, keys: string | Readonly<Record<string, string>>): void {
    const place: ValueLocation = { kind: typeof keys === "string" ? "alias" : "record", keys };
    if (typeof value === "object" && value !== null) this.places.set(value, place);
    else if (typeof value === "string" && value.length > LONG) this.textLocations.set(value, place);
  }

  private placeOf(value: unknown): ValueLocation | undefined {
    if (typeof value === "object" && value !== null) return this.places.get(value);
    if (typeof value !== "string") return undefined;
    const place = this.textLocations.get(value);
    this.textLocations.delete(value);
    return place;
  }

  /** Writes what waits for it. A store that writes at once has done so when this returns. */
  flush(): Promise<void> {
    this.flushing.reset();
    const batch = this.pending;
    if (batch.size > 0 && !this.isDisabled) {
      this.pending = new Map();
      this.pendingBytes = 0;
      dropGuarded(batch);
      if (batch.size > 0) this.write(batch);
    }
    return this.writing;
  }

  /** Writes what waits for it, at the end of a run, and notes what the run has used: that is pruned last. */
  async end(): Promise<void> {
    await this.flush();
    if (this.isDisabled || this.looksOnly) return;
    try {
      this.store.saveUses?.();
    } catch {
      // On a full disk, or while another process writes, entries are read all the same: the next run notes it.
    }
  }

  private write(batch: ReadonlyMap<string, Entry>): void {
    let written: MaybePromise<void>;
    try {
      written = this.store.write([...batch.values()]);
    } catch (error) {
      this.disable(error);
      return;
    }
    if (written === undefined) return;
    this.inFlightWrites.add(batch);
    const before = this.writing;
    this.writing = withTimeout(written, this.answerMs())
      .catch((error: unknown) => this.disable(error))
      .then(() => {
        this.inFlightWrites.delete(batch);
        return before;
      });
  }

  /** New entries of a store may wait until earlier ones are written. */
  private answerMs(): number {
    let entries = 0;
    for (const batch of this.inFlightWrites) entries += batch.size;
    return ANSWER_TIMEOUT_MS + ENTRY_MS * entries;
  }

  private disable(error: unknown): void {
    if (this.isDisabled) return;
    this.isDisabled = true;
    this.pending.clear();
    this.warn(`the cache ${this.store.name} failed; the run continues without it`, error);
  }

  private warn(what: string, error: unknown): void {
    if (this.warned) return;
    this.warned = true;
    process.emitWarning(`${what}: ${error instanceof Error ? error.message : String(error)}`, "HypernodesWarning");
  }
}

/** Removes the entries that are not to be written, with a warning for each owner. */
function dropGuarded(batch: Map<string, Entry>): void {
  const problems = new Map<Owner, string | undefined>();
  for (const [key, { owner }] of batch) {
    if (!guards.has(owner)) continue;
    const problem = getOrCreate(problems, owner, () => guards.get(owner)!());
    if (problem !== undefined) batch.delete(key);
  }
  for (const [{ pipeline, node }, problem] of problems)
    if (problem !== undefined)
      process.emitWarning(`${pipeline}.${node} is not cached: ${problem}`, "HypernodesWarning");
}

/** Sends the keys that are requested in one turn to the store together: concurrent nested pipelines request one each. */
class RequestBatcher<E> {
  private open: { readonly keys: string[]; readonly answer: Promise<readonly (E | undefined)[]> } | undefined;

  constructor(private readonly send: (keys: readonly string[]) => Promise<readonly (E | undefined)[]>) {}

  /** @returns the answer to all requests of this turn, and the place of these keys in it. */
  request(keys: readonly string[]): { readonly answer: Promise<readonly (E | undefined)[]>; readonly from: number } {
    this.open ??= this.opened();
    const from = this.open.keys.length;
    for (const key of keys) this.open.keys.push(key);
    return { answer: this.open.answer, from };
  }

  private opened() {
    const keys: string[] = [];
    const answer = Promise.resolve().then(() => {
      this.open = undefined;
      return this.send(keys);
    });
    return { keys, answer };
  }
}

/** Of a mapped node's own list it does not count which of its elements are one object; of the value that an alias leads to, it does. */
function isListIn(entry: EntryMeta, part: EntryMeta): boolean {
  return entry.kind === "alias" && part.kind === "list";
}

/** False if values are others than those that an entry was made of. Records are not compared: their digests count what is shared in them. */
function isOf({ kind, digest }: EntryMeta, parts: readonly EntryMeta[]): boolean {
  if (kind === "list") return listContent(parts).digest === digest;
  return kind !== "alias" || parts[0]!.kind !== "value" || parts[0]!.digest === digest;
}

/** An entry's checksum is also of what is known of it: bytes of another key, or of another content, are damage. */
function saltOf(key: string, { kind, digest, models }: Omit<EntryMeta, "bytes">): string {
  return `${key} ${kind} ${digest} ${models}`;
}

/** A client that has lost its server may wait for it for ever: the run does not. */
async function withTimeout<T>(pending: MaybePromise<T>, limitMs: number): Promise<T> {
  if (typeof (pending as PromiseLike<T> | undefined)?.then !== "function") return pending;
  return await withDeadline(
    pending as PromiseLike<T>,
    limitMs,
    () => new Error(`no answer within ${Math.floor(limitMs / 1000)} seconds`),
  );
}

export function joinKeys(keys: readonly string[]): string {
  return keys.join("");
}

function splitKeys(joined: string): string[] {
  if (typeof joined !== "string" || joined.length % KEY_LENGTH !== 0) throw new Error("it is not a list of keys");
  return Array.from({ length: joined.length / KEY_LENGTH }, (_, i) =>
    joined.slice(i * KEY_LENGTH, (i + 1) * KEY_LENGTH),
  );
}

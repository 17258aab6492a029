import { HypernodesError } from "../errors.js";
import { withDeadline } from "../util/deadline.js";
import { describeError } from "../util/describe.js";
import { noteConnection } from "./keyv-connections.js";
import {
  type CacheStats,
  type Entry,
  type EntryMeta,
  type EntryRecord,
  type EvictionResult,
  evictionResult,
  isEntryMeta,
  matchesOwner,
  type Owner,
  type OwnerFilter,
  type PruneOptions,
  type Store,
  type StoredEntry,
  selectEvictable,
  statsOf,
  usedUntil,
} from "./store.js";

/** The methods of a Keyv that the store uses. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  getMany?(keys: string[]): Promise<readonly unknown[]>;
  setMany?(entries: { key: string; value: unknown }[]): Promise<unknown>;
  deleteMany?(keys: string[]): Promise<unknown>;
  iterator?: unknown;
  on?(event: "error", listener: (error: unknown) => void): unknown;
}

/** An entry as a Keyv stores it under its key: plain data for any serializer. */
interface StoredHead extends EntryMeta, Owner {
  readonly usedAt: number;
}

const PREFIX = "hypernodes:1:";
const VALUE = ":value";

/** Entries in any Keyv store. What is known of an entry and its bytes have a key each, so that one is read without the other. */
export class KeyvStore implements Store {
  readonly name = "keyv(...)";
  /** The error that the Keyv has emitted: it answers as if nothing were there. */
  private failure: unknown;
  private hasWarned = false;

  constructor(private readonly keyv: KeyvLike) {
    noteConnection(keyv);
    keyv.on?.("error", (error) => {
      this.failure ??= error;
    });
  }

  async heads(keys: readonly string[]): Promise<(EntryMeta | undefined)[]> {
    return (await this.getMany(keys.map(headKey))).map((head) => this.undamaged(head, isHead));
  }

  async entries(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    const found = await this.getMany([...keys.map(headKey), ...keys.map(valueKey)]);
    return keys.map((_, i) => {
      const head = this.undamaged(found[i], isHead);
      const value = this.undamaged(found[keys.length + i], (text) => typeof text === "string");
      if (head === undefined || value === undefined) return undefined;
      const { kind, digest, models, bytes } = head;
      return { kind, digest, models, bytes, ...unpacked(value) };
    });
  }

  async write(entries: readonly Entry[]): Promise<void> {
    // An entry is there when what is known of it is: its bytes go first.
    await this.setMany(entries.map((entry) => ({ key: valueKey(entry.key), value: packed(entry) })));
    const usedAt = Date.now();
    await this.setMany(
      entries.map(({ key, kind, digest, models, bytes, owner }) => ({
        key: headKey(key),
        value: { kind, digest, models, bytes, ...owner, usedAt } satisfies StoredHead,
      })),
    );
  }

  private async remove(keys: readonly string[]): Promise<void> {
    const all = keys.flatMap((key) => [headKey(key), valueKey(key)]);
    if (this.keyv.deleteMany === undefined) {
      for (const key of all) await answeredInTime(this.answered(this.keyv.delete(key)));
    } else await answeredInTime(this.answered(this.keyv.deleteMany(all)), all.length);
  }

  async stats(): Promise<CacheStats> {
    return statsOf(await this.allEntries());
  }

  async prune(options: PruneOptions): Promise<EvictionResult> {
    const now = Date.now();
    const entries = await this.allEntries();
    const current = usedUntil(entries, now);
    const evicted = selectEvictable(current, options, now);
    const result = await this.drop(evicted);
    const gone = new Set(evicted.map(({ key }) => key));
    // From now on they age as all others do.
    const dated = current.filter((entry, i) => entry !== entries[i] && !gone.has(entry.key));
    if (dated.length > 0) {
      const heads = dated.map(({ key, owner, ...head }) => ({
        key: headKey(key),
        value: { ...head, ...owner, usedAt: now },
      }));
      await answeredInTime(this.setMany(heads), heads.length);
    }
    return result;
  }

  async clear(owners: OwnerFilter | undefined): Promise<EvictionResult> {
    return this.drop((await this.allEntries()).filter(({ owner }) => matchesOwner(owner, owners)));
  }

  private async drop(entries: readonly EntryRecord[]): Promise<EvictionResult> {
    await this.remove(entries.map(({ key }) => key));
    return evictionResult(entries);
  }

  /** All entries of this package. Not every Keyv can list its entries. */
  private async allEntries(): Promise<EntryRecord[]> {
    const { iterator } = this.keyv as { iterator?: (namespace?: string) => Listing };
    if (typeof iterator !== "function") {
      throw new HypernodesError({
        code: "CANT_LIST",
        where: this.name,
        problem: "this Keyv has no iterator, so its entries can't be listed",
        advice: "Use the store's own tools, or a Keyv store that can be iterated.",
      });
    }
    const entries: EntryRecord[] = [];
    const listed = iterator.call(this.keyv, undefined);
    const names = Symbol.asyncIterator in listed ? listed[Symbol.asyncIterator]() : listed[Symbol.iterator]();
    for (;;) {
      const next = await answeredInTime(this.answered(names.next()));
      if (next.done === true) break;
      const [name, value] = next.value;
      const at = String(name).indexOf(PREFIX);
      if (at < 0 || String(name).endsWith(VALUE) || !isHead(value)) continue;
      entries.push({ ...value, key: String(name).slice(at + PREFIX.length), owner: value });
    }
    return entries;
  }

  /** @returns undefined for what is not there, and for what is no part of an entry: that is warned of. */
  private undamaged<V>(found: unknown, isWhole: (value: unknown) => value is V): V | undefined {
    if (found === undefined || found === null || isWhole(found)) return found ?? undefined;
    if (this.hasWarned) return undefined;
    this.hasWarned = true;
    const problem = found instanceof Unparsable ? describeError(found.error) : "it is no entry of this package";
    process.emitWarning(
      `an entry of the cache ${this.name} is damaged; it is computed again: ${problem}`,
      "HypernodesWarning",
    );
    return undefined;
  }

  private async getMany(keys: string[]): Promise<readonly unknown[]> {
    const { keyv } = this;
    let found: unknown;
    try {
      found = await this.answered(keyv.getMany ? keyv.getMany(keys) : each(keys, (key) => keyv.get(key)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      found = await this.getEach(keys);
    }
    // If an answer leaves out what is missing, a key would get the entry of another one.
    if (!Array.isArray(found) || found.length !== keys.length)
      throw new Error(`it was asked for ${keys.length} keys, and did not answer with as many`);
    return found;
  }

  /** Gets values one by one: a Keyv that can't parse one of several gives none of them. */
  private async getEach(keys: readonly string[]): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const key of keys) {
      try {
        found.push(await this.answered(this.keyv.get(key)));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        found.push(new Unparsable(error));
      }
    }
    return found;
  }

  private async setMany(entries: { key: string; value: unknown }[]): Promise<void> {
    const { keyv } = this;
    const set = keyv.setMany ? keyv.setMany(entries) : each(entries, ({ key, value }) => keyv.set(key, value));
    const answer = await this.answered<unknown>(set);
    if (answer === false || (Array.isArray(answer) && answer.includes(false)))
      throw new Error("it has not stored what it was given: set() gave false");
  }

  /** A Keyv emits an error, and answers as if nothing were there. */
  private async answered<R>(request: R | PromiseLike<R>): Promise<R> {
    const answer = await request;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return answer;
  }
}

/** In the place of a value that a Keyv could not parse. */
class Unparsable {
  constructor(readonly error: SyntaxError) {}
}

/** Sends requests at once. If one throws at once, the others are awaited: nobody else would handle that they are rejected. */
function each<T>(items: readonly T[], request: (item: T) => unknown): Promise<unknown[]> {
  return Promise.all(items.map(async (item) => request(item)));
}

type Listing = AsyncIterable<[string, unknown]> | Iterable<[string, unknown]>;

/** Milliseconds that a server has for an answer, and more for each key that it removes. */
const ANSWER_TIMEOUT_MS = 10_000;
const KEY_MS = 10;

function answeredInTime<R>(request: PromiseLike<R>, keys = 0): Promise<R> {
  const limitMs = ANSWER_TIMEOUT_MS + KEY_MS * keys;
  return withDeadline(request, limitMs, () => new Error(`no answer within ${Math.floor(limitMs / 1000)} seconds`));
}

/**
 * An entry's bytes, with what is known of them: two programs that write one entry at once may store it in different forms, and of one
 * the bytes last, of the other the head.
 */
function packed({ kind, digest, models, value }: Entry): string {
  return `${JSON.stringify({ kind, digest, models })}\n${Buffer.from(value).toString("base64")}`;
}

/** Of what is no such text only the bytes: their checksum is wrong. */
function unpacked(text: string): Partial<EntryMeta> & Pick<StoredEntry, "value"> {
  const end = text.indexOf("\n");
  const value = Buffer.from(text.slice(end + 1), "base64");
  try {
    const head: unknown = JSON.parse(text.slice(0, end));
    return isHead({ ...(head as object), bytes: 0 }) ? { ...(head as EntryMeta), value } : { value };
  } catch {
    return { value };
  }
}

function headKey(key: string): string {
  return PREFIX + key;
}

function valueKey(key: string): string {
  return PREFIX + key + VALUE;
}

function isHead(value: unknown): value is StoredHead {
  return isEntryMeta(value);
}

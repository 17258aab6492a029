import {
  type CacheStats,
  type Entry,
  type EntryRecord,
  type EvictionResult,
  evictionResult,
  matchesOwner,
  type OwnerFilter,
  type PruneOptions,
  type Store,
  type StoredEntry,
  selectEvictable,
  statsOf,
} from "./store.js";

type HeldEntry = Entry & { usedAt: number };

/** Entries in this process's memory: what was not used for the longest goes when there are more than it may hold. */
export class MemoryStore implements Store {
  readonly name = "memory()";
  /** In the order of their last use. */
  private readonly held: Map<string, HeldEntry>;

  constructor(
    private readonly max: number,
    private readonly viewed?: MemoryStore,
  ) {
    this.held = viewed?.held ?? new Map();
  }

  /** The same entries, to be looked at only: to look at one is not to use it. */
  view(): MemoryStore {
    return new MemoryStore(this.max, this);
  }

  heads(keys: readonly string[]): (StoredEntry | undefined)[] {
    return this.entries(keys);
  }

  entries(keys: readonly string[]): (StoredEntry | undefined)[] {
    return keys.map((key) => {
      const entry = this.held.get(key);
      if (entry !== undefined && this.viewed === undefined) this.touch(entry);
      return entry;
    });
  }

  write(entries: readonly Entry[]): void {
    // The bytes of a new value may be in twice as much memory.
    for (const entry of entries) this.touch({ usedAt: 0, ...entry, value: entry.value.slice() });
    for (const key of this.held.keys()) {
      if (this.held.size <= this.max) break;
      this.held.delete(key);
    }
  }

  private touch(entry: HeldEntry): void {
    entry.usedAt = Date.now();
    this.held.delete(entry.key);
    this.held.set(entry.key, entry);
  }

  private remove(keys: readonly string[]): void {
    for (const key of keys) this.held.delete(key);
  }

  stats(): CacheStats {
    return statsOf(this.held.values());
  }

  prune(options: PruneOptions): EvictionResult {
    const now = Date.now();
    for (const entry of this.held.values()) entry.usedAt = Math.min(entry.usedAt, now);
    return this.drop(selectEvictable([...this.held.values()], options, now));
  }

  clear(owners: OwnerFilter | undefined): EvictionResult {
    return this.drop([...this.held.values()].filter(({ owner }) => matchesOwner(owner, owners)));
  }

  private drop(entries: readonly EntryRecord[]): EvictionResult {
    this.remove(entries.map(({ key }) => key));
    return evictionResult(entries);
  }
}

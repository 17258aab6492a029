/** Now, or later. */
export type MaybePromise<T> = T | PromiseLike<T>;

/**
 * The kind of an entry: the value of a node or an element; the keys of the values that a list, or the outputs of a nested
 * pipeline, consist of; or a fact about a value, or about the last run.
 */
export type EntryKind = "value" | "list" | "record" | "alias" | "fact";

/** The facts of an entry that are known before its bytes are read. */
export interface EntryMeta {
  readonly kind: EntryKind;
  /** Of the value's content: SHA-256, 64 hexadecimal digits. */
  readonly digest: string;
  /** The names of the models in the value, with commas between; in a store also their code, a space before the names. */
  readonly models: string;
  /** The length of the encoded value in bytes. */
  readonly bytes: number;
}

/** True for what is known of an entry, as it was written: a damaged store may have anything in its place. */
export function isEntryMeta(value: unknown): value is EntryMeta {
  if (typeof value !== "object" || value === null) return false;
  const { kind, digest, models, bytes } = value as Partial<Record<keyof EntryMeta, unknown>>;
  return (
    typeof kind === "string" && typeof digest === "string" && typeof models === "string" && typeof bytes === "number"
  );
}

/** The owner of an entry. */
export interface Owner {
  readonly pipeline: string;
  readonly node: string;
  /** The digest of the code that computed it. */
  readonly code: string;
}

export interface Entry extends EntryMeta {
  readonly key: string;
  readonly value: Uint8Array;
  readonly owner: Owner;
}

/**
 * Statistics of a store.
 *
 * @example
 * ```ts
 * const { entries, bytes, nodes }: CacheStats = await sqlite(".cache/run.sqlite").stats();
 * ```
 */
export interface CacheStats {
  /** Values of nodes and of elements. */
  readonly entries: number;
  /** The size of all encoded values in bytes. */
  readonly bytes: number;
  /** The same for each node, the largest first. */
  readonly nodes: readonly NodeStats[];
}

/**
 * Statistics of one node in a store.
 *
 * @example
 * ```ts
 * const { nodes } = await sqlite(".cache/run.sqlite").stats();
 * for (const { pipeline, node, entries } of nodes) console.log(`${pipeline}.${node}: ${entries}`);
 * ```
 */
export interface NodeStats {
  /** The name of the node's pipeline class. */
  readonly pipeline: string;
  /** The name of the node. */
  readonly node: string;
  /** Its values, or those of its elements. */
  readonly entries: number;
  /** The size of their encoded values in bytes. */
  readonly bytes: number;
}

/**
 * Eviction options. The least recently used entries are removed first.
 *
 * @example
 * ```ts
 * const options: PruneOptions = { maxBytes: 2 * 2 ** 30, maxAge: 30 * 24 * 3600 * 1000 };
 * await sqlite(".cache/run.sqlite").prune(options);
 * ```
 */
export interface PruneOptions {
  /**
   * Maximum size of all values in bytes.
   *
   * @default no limit
   */
  readonly maxBytes?: number;
  /**
   * Time since the last use after which an entry is removed, in milliseconds.
   *
   * @default no limit
   */
  readonly maxAge?: number;
}

/**
 * The number of entries and bytes that were removed.
 *
 * @example
 * ```ts
 * const { entries, bytes }: EvictionResult = await sqlite(".cache/run.sqlite").prune({ maxAge: 30 * 24 * 3600 * 1000 });
 * ```
 */
export interface EvictionResult {
  /** Values of nodes and of elements. */
  readonly entries: number;
  /** The size of their encoded values in bytes. */
  readonly bytes: number;
}

/** A filter of entries: those of these pipelines, and those that this code computed. */
export interface OwnerFilter {
  readonly pipelines: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
}

/** A storage of cache entries. Failures are thrown or rejected; a missing entry is undefined. */
export interface Store {
  /** Its name in messages: `sqlite(.cache/values.sqlite)`. */
  readonly name: string;
  heads(keys: readonly string[]): MaybePromise<readonly (EntryMeta | undefined)[]>;
  entries(keys: readonly string[]): MaybePromise<readonly (StoredEntry | undefined)[]>;
  /** All of them, or none. */
  write(entries: readonly Entry[]): MaybePromise<void>;
  /** Writes down which entries were used, if that is not done by reading them. */
  saveUses?(): void;
  stats(): MaybePromise<CacheStats>;
  prune(options: PruneOptions): MaybePromise<EvictionResult>;
  /** @param owners undefined: everything goes. */
  clear(owners: OwnerFilter | undefined): MaybePromise<EvictionResult>;
}

export interface StoredEntry extends EntryMeta {
  readonly value: Uint8Array;
}

/** The time of creation, the owner and the time of last use of an entry. */
export interface EntryRecord extends EntryMeta {
  readonly key: string;
  readonly owner: Owner;
  /** Milliseconds since the Unix epoch. */
  readonly usedAt: number;
}

/** The stats of some entries. */
export function statsOf(entries: Iterable<EntryRecord>): CacheStats {
  const nodes = new Map<string, { pipeline: string; node: string; entries: number; bytes: number }>();
  const all = { entries: 0, bytes: 0 };
  for (const { kind, bytes, owner } of entries) {
    const { pipeline, node } = owner;
    const name = JSON.stringify([pipeline, node]);
    const mine = nodes.get(name) ?? { pipeline, node, entries: 0, bytes: 0 };
    nodes.set(name, mine);
    for (const sum of [all, mine]) {
      sum.bytes += bytes;
      if (kind === "value") sum.entries++;
    }
  }
  return { ...all, nodes: [...nodes.values()].sort((a, b) => b.bytes - a.bytes) };
}

/** Entries as they were used until now: a clock that was ahead has written times that have not come yet. */
export function usedUntil<E extends { readonly usedAt: number }>(entries: readonly E[], now: number): E[] {
  return entries.map((entry) => (entry.usedAt > now ? { ...entry, usedAt: now } : entry));
}

/** Selects the entries that `prune` removes. */
export function selectEvictable(
  entries: readonly EntryRecord[],
  { maxBytes, maxAge }: PruneOptions,
  now: number,
): EntryRecord[] {
  let left = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...entries]
    .sort((a, b) => a.usedAt - b.usedAt)
    .filter(({ usedAt, bytes }) => {
      const goes = (maxAge !== undefined && now - usedAt > maxAge) || (maxBytes !== undefined && left > maxBytes);
      if (goes) left -= bytes;
      return goes;
    });
}

export function matchesOwner({ pipeline, code }: Owner, owners: OwnerFilter | undefined): boolean {
  return owners === undefined || owners.pipelines.has(pipeline) || owners.codes.has(code);
}

export function evictionResult(entries: readonly EntryMeta[]): EvictionResult {
  return {
    entries: entries.filter(({ kind }) => kind === "value").length,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

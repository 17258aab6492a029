import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";
import { HypernodesError } from "../errors.js";
import { getOrCreate } from "../util/get-or-create.js";
import { makeFolders } from "../util/make-folders.js";
import {
  assertFile,
  BUSY,
  badStore,
  type DatabaseSyncClass,
  isOfTheDisk,
  nameOf,
  READONLY,
  resultOf,
  sqliteFor,
  unavailable,
  unusable,
  withDatabase,
} from "./sqlite-file.js";
import { INSERT_MANY, INSERT_ONE, rowsOf } from "./sqlite-rows.js";
import { hasTables, prepareTables } from "./sqlite-tables.js";
import type {
  CacheStats,
  Entry,
  EntryKind,
  EntryMeta,
  EvictionResult,
  NodeStats,
  Owner,
  OwnerFilter,
  PruneOptions,
  Store,
  StoredEntry,
} from "./store.js";

/** Milliseconds for which what was used is not written down as used again: to know what may go, that is enough. */
const TOUCH_INTERVAL_MS = 3_600_000;

/** The number of times that a file is read which others change. */
const MAX_READS = 5;

const KINDS: readonly EntryKind[] = ["value", "list", "record", "alias", "fact"];

/** The columns of an entry. As an object, they would take twice as long to read. */
type Row = readonly [used: number, kind: number, digest: string, models: string, bytes: number, value: Uint8Array];

const HEAD = "used, kind, digest, models, bytes";

/** Entries in an SQLite file, in write-ahead mode: processes read it while one writes. */
export class SqliteStore implements Store {
  readonly name: string;
  private readonly owners = new Map<string, number>();
  private readonly statements = new Map<string, StatementSyncInstance>();
  /** The entries that were used, and whose time of use is not written yet. */
  private readonly used = new Set<string>();

  /**
   * @param isReadable whether it can be read and not written.
   * @param frozen the state of a file that is read without its log, as if nobody changed it; and what opens it again, if somebody does.
   */
  private constructor(
    private database: DatabaseSyncInstance,
    private readonly file: string,
    private isReadable: boolean,
    private frozen?: { readonly state: string; readonly reopen: () => SqliteStore | undefined },
  ) {
    this.name = nameOf(file);
  }

  /**
   * @throws {HypernodesError} `BAD_STORE`, `NEWER_STORE`; `STORE_UNAVAILABLE` if nothing is wrong with the file itself: the
   * disk is full, it can't be written to and there is nothing to be read, another process locks it.
   */
  static async open(file: string): Promise<SqliteStore> {
    const DatabaseSync = await sqliteFor(file);
    try {
      assertFile(file);
      makeFolders(path.dirname(file));
      // SQLite gives the files that it makes beside it the same mode.
      if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
      // SQLite would say so only when something is written, and not why.
      accessSync(file, constants.W_OK);
      const database = withDatabase(new DatabaseSync(file), (opened) => prepareTables(opened, file));
      return new SqliteStore(database, file, false);
    } catch (error) {
      if (error instanceof HypernodesError) throw error;
      if (!isOfTheDisk(error)) throw badStore(file, `can't be opened: ${(error as Error).message}`, error);
      return SqliteStore.openReadable(DatabaseSync, file, error);
    }
  }

  /** Of a disk that can't be written to, what is there can be read. Not while another process changes it. */
  private static openReadable(DatabaseSync: DatabaseSyncClass, file: string, cause: Error): SqliteStore {
    let store: SqliteStore | undefined;
    try {
      if (resultOf(cause) !== BUSY) store = SqliteStore.readable(DatabaseSync, file);
    } catch (error) {
      if (error instanceof HypernodesError) throw error;
    }
    if (store !== undefined) {
      store.warnReadable(cause);
      return store;
    }
    throw unavailable(file, cause);
  }

  /**
   * To be looked into only: neither the file nor any beside it is made or written.
   *
   * @returns undefined if there is no file, or nothing in it.
   * @throws {HypernodesError} as `open` does.
   */
  static async view(file: string): Promise<SqliteStore | undefined> {
    try {
      assertFile(file);
      if (!existsSync(file)) {
        accessSync(existingFolder(file), constants.W_OK);
        return undefined;
      }
      const DatabaseSync = await sqliteFor(file);
      const store = SqliteStore.readable(DatabaseSync, file);
      try {
        accessSync(file, constants.W_OK);
      } catch (error) {
        if (store === undefined) throw error;
        store.warnReadable(error as Error);
      }
      return store;
    } catch (error) {
      if (error instanceof HypernodesError) throw error;
      if (isOfTheDisk(error)) throw unavailable(file, error);
      throw badStore(file, `can't be opened: ${(error as Error).message}`, error);
    }
  }

  /** Reads the log beside the file, too, if there is one and it can be read. If not, SQLite would have to make one. */
  private static readable(DatabaseSync: DatabaseSyncClass, file: string): SqliteStore | undefined {
    if (existsSync(`${file}-wal`)) {
      try {
        return SqliteStore.readableFrom(DatabaseSync, file, file);
      } catch (error) {
        if (!isOfTheDisk(error) || resultOf(error) === BUSY) throw error;
      }
    }
    const whole = pathToFileURL(file);
    whole.search = "immutable=1";
    const state = stateOf(file);
    const store = SqliteStore.readableFrom(DatabaseSync, file, whole);
    if (store !== undefined) store.frozen = { state, reopen: () => SqliteStore.readable(DatabaseSync, file) };
    return store;
  }

  private static readableFrom(
    DatabaseSync: DatabaseSyncClass,
    file: string,
    location: string | URL,
  ): SqliteStore | undefined {
    let isReadable = false;
    const database = withDatabase(new DatabaseSync(location, { readOnly: true }), (opened) => {
      isReadable = hasTables(opened, file);
    });
    if (isReadable) return new SqliteStore(database, file, true);
    database.close();
    return undefined;
  }

  /** True if it can be used by later runs, too, as long as nobody removes the file. */
  get isLasting(): boolean {
    return !this.isReadable;
  }

  private warnReadable(cause: Error): void {
    process.emitWarning(
      `the cache ${this.name} is read-only, so new results are not stored: ${cause.message}`,
      "HypernodesWarning",
    );
  }

  heads(keys: readonly string[]): (EntryMeta | undefined)[] {
    return this.read(HEAD, keys, headOf);
  }

  entries(keys: readonly string[]): (StoredEntry | undefined)[] {
    return this.read(`${HEAD}, value`, keys, entryOf);
  }

  private read<T>(columns: string, keys: readonly string[], made: (row: Row) => T): (T | undefined)[] {
    for (let tries = 1; ; tries++) {
      let found: (T | undefined)[] | undefined;
      try {
        found = this.readOnce(columns, keys, made);
      } catch (error) {
        if (!this.isStale) throw unusable(this.file, error);
      }
      if (found !== undefined && !this.isStale) return found;
      if (tries === MAX_READS) throw new Error("another process changes the file while it is read");
      this.reopen();
    }
  }

  /** True if another process has started to change a file that was taken for one that nobody changes: its parts may not fit together. */
  private get isStale(): boolean {
    return this.frozen !== undefined && this.frozen.state !== stateOf(this.file);
  }

  private reopen(): void {
    const opened = this.frozen!.reopen();
    if (opened === undefined) throw new Error("another process has removed what was in the file");
    this.closeView();
    this.database = opened.database;
    this.frozen = opened.frozen;
  }

  private readOnce<T>(columns: string, keys: readonly string[], made: (row: Row) => T): (T | undefined)[] {
    const statement = this.statement(`SELECT ${columns} FROM entries WHERE key = ?`);
    // Node has it from 22.16 on.
    (statement as Partial<StatementSyncInstance>).setReturnArrays?.(true);
    const now = Date.now();
    const before = now - TOUCH_INTERVAL_MS;
    const one = (key: string): T | undefined => {
      const found: unknown = statement.get(key);
      if (found === undefined) return undefined;
      const row = (Array.isArray(found) ? found : Object.values(found as object)) as unknown as Row;
      const [used] = row;
      // A clock that was ahead has written a time that has not come yet.
      if ((used < before || used > now) && !this.isReadable) this.used.add(key);
      return made(row);
    };
    // Within one transaction, SQLite locks and looks at the file once.
    return keys.length === 1 ? [one(keys[0]!)] : this.transaction("BEGIN", () => keys.map(one));
  }

  saveUses(): void {
    if (this.used.size > 0) this.write([]);
  }

  write(entries: readonly Entry[]): void {
    if (this.isReadable) return;
    try {
      this.insert(entries);
    } catch (error) {
      if (resultOf(error) !== READONLY) throw unusable(this.file, error);
      this.isReadable = true;
      this.warnReadable(error as Error);
    }
  }

  private insert(entries: readonly Entry[]): void {
    const { together, single } = rowsOf(entries);
    const now = Date.now();
    const owners = new Map(this.owners);
    const ids = new Map<Owner, number>();
    this.transaction("BEGIN IMMEDIATE", () => {
      const idOf = (owner: Owner) => getOrCreate(ids, owner, () => this.ownerId(owner, owners));
      const many = this.statement(INSERT_MANY);
      for (const { like, heads, values, places } of together)
        many.run(heads, KINDS.indexOf(like.kind), like.models, idOf(like.owner), now, values, places);
      const one = this.statement(INSERT_ONE);
      for (const { key, kind, digest, models, owner, bytes, value } of single)
        one.run(key, KINDS.indexOf(kind), digest, models, idOf(owner), now, bytes, value);
      const touch = this.statement("UPDATE entries SET used = ? WHERE key = ?");
      for (const key of this.used) touch.run(now, key);
    });
    // What was rolled back has not got an id.
    for (const [owner, id] of owners) this.owners.set(owner, id);
    this.used.clear();
  }

  private ownerId({ pipeline, node, code }: Owner, known: Map<string, number>): number {
    return getOrCreate(known, JSON.stringify([pipeline, node, code]), () => {
      this.statement("INSERT INTO owners (pipeline, node, code) VALUES (?, ?, ?) ON CONFLICT DO NOTHING").run(
        pipeline,
        node,
        code,
      );
      const found = this.statement("SELECT id FROM owners WHERE pipeline = ? AND node = ? AND code = ?").get(
        pipeline,
        node,
        code,
      );
      return (found as unknown as { id: number }).id;
    });
  }

  stats(): CacheStats {
    const nodes = this.statement(`
      SELECT pipeline, node, COALESCE(SUM(kind = 0), 0) AS entries, SUM(bytes) AS bytes
      FROM entries JOIN owners ON owners.id = entries.owner
      GROUP BY pipeline, node ORDER BY SUM(bytes) DESC`).all() as unknown as NodeStats[];
    const sum = (of: "entries" | "bytes") => nodes.reduce((total, node) => total + node[of], 0);
    return { entries: sum("entries"), bytes: sum("bytes"), nodes: nodes.map((node) => ({ ...node })) };
  }

  prune({ maxBytes, maxAge }: PruneOptions): EvictionResult {
    const now = Date.now();
    // From now on, what was used at a time that has not come yet ages as everything else does.
    this.database.prepare("UPDATE entries SET used = ? WHERE used > ?").run(now, now);
    return this.deleteWhere(
      `used < ? OR id IN (
        SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY used DESC, id DESC) AS newer FROM entries) WHERE newer > ?)`,
      [maxAge === undefined ? 0 : now - maxAge, maxBytes ?? Number.MAX_SAFE_INTEGER],
    );
  }

  clear(owners: OwnerFilter | undefined): EvictionResult {
    if (owners === undefined) return this.deleteWhere("TRUE", []);
    const { pipelines, codes } = owners;
    const any = (values: ReadonlySet<string>) => `(${Array(values.size).fill("?").join()})`;
    return this.deleteWhere(
      `owner IN (SELECT id FROM owners WHERE pipeline IN ${any(pipelines)} OR code IN ${any(codes)})`,
      [...pipelines, ...codes],
    );
  }

  /** Removes entries, and gives the file system their room back. */
  private deleteWhere(where: string, values: readonly (string | number)[]): EvictionResult {
    const removed = this.transaction("BEGIN IMMEDIATE", () => {
      const sums = "COALESCE(SUM(kind = 0), 0) AS entries, COALESCE(SUM(bytes), 0) AS bytes";
      const found = this.database.prepare(`SELECT ${sums} FROM entries WHERE ${where}`).get(...values);
      this.database.prepare(`DELETE FROM entries WHERE ${where}`).run(...values);
      return { ...(found as unknown as EvictionResult) };
    });
    this.database.prepare("PRAGMA incremental_vacuum").all();
    this.database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    return removed;
  }

  /** The number of the last entry that was written. */
  get lastEntryId(): number {
    const { id } = this.database.prepare("SELECT COALESCE(MAX(id), 0) AS id FROM entries").get() as unknown as {
      id: number;
    };
    return id;
  }

  /** Takes over the entries of another file of ours that are not here: those with numbers above `after`. */
  mergeFrom(file: string, after: number): void {
    this.database.prepare("ATTACH ? AS other").run(file);
    try {
      this.transaction("BEGIN IMMEDIATE", () =>
        this.database.exec(`
          INSERT INTO owners (pipeline, node, code) SELECT pipeline, node, code FROM other.owners WHERE TRUE
            ON CONFLICT DO NOTHING;
          INSERT INTO entries (key, kind, digest, models, owner, used, bytes, value)
            SELECT key, kind, digest, models, ours.id, used, bytes, value
            FROM other.entries JOIN other.owners AS theirs ON theirs.id = owner
              JOIN main.owners AS ours USING (pipeline, node, code)
            WHERE other.entries.id > ${after}
            ON CONFLICT DO NOTHING`),
      );
    } finally {
      this.database.exec("DETACH other");
    }
  }

  /** Ends a view. */
  closeView(): void {
    this.statements.clear();
    this.database.close();
  }

  /** Everything is in the file itself then, which may be copied. */
  close(): void {
    this.statements.clear();
    this.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.database.close();
  }

  private statement(sql: string): StatementSyncInstance {
    return getOrCreate(this.statements, sql, () => this.database.prepare(sql));
  }

  private transaction<R>(begin: "BEGIN" | "BEGIN IMMEDIATE", work: () => R): R {
    this.database.exec(begin);
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  private rollBack(): void {
    try {
      this.database.exec("ROLLBACK");
    } catch {
      // A full disk has rolled back by itself.
    }
  }
}

/** The nearest folder around a file that is there. */
function existingFolder(file: string): string {
  const folder = path.dirname(file);
  return existsSync(folder) ? folder : existingFolder(folder);
}

/** Changes when a process opens a file to write, or has written it. */
function stateOf(file: string): string {
  const known = statSync(file, { bigint: true, throwIfNoEntry: false });
  return `${known?.ino} ${known?.size} ${known?.mtimeNs} ${existsSync(`${file}-wal`)}`;
}

function headOf([, kind, digest, models, bytes]: Row): EntryMeta {
  return { kind: KINDS[kind]!, digest, models, bytes };
}

function entryOf([, kind, digest, models, bytes, value]: Row): StoredEntry {
  return { kind: KINDS[kind]!, digest, models, bytes, value };
}

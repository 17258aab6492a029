import { accessSync, closeSync, constants, existsSync, openSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";
import { HypernodesError } from "../errors.js";
import { getOrCreate } from "../util/get-or-create.js";
import { makeFolders } from "../util/make-folders.js";
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

/** The version of the tables, and of the keys and bytes in them. A store of a newer one is not touched. */
const VERSION = 2;
/** The application id of the store's SQLite files: "hypn". */
const APPLICATION = 0x68_79_70_6e;
/** Milliseconds that another process is waited for that locks the file. */
const BUSY_MS = 10_000;
/** Milliseconds for which what was used is not written down as used again: to know what may go, that is enough. */
const TOUCH_INTERVAL_MS = 3_600_000;

const KINDS: readonly EntryKind[] = ["value", "list", "record", "alias", "fact"];

// Entries lie in the order of being written, so those of a map are neighbours; only the keys are all over the place.
const TABLES = `
  CREATE TABLE owners (id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, node TEXT NOT NULL, code TEXT NOT NULL,
    UNIQUE (pipeline, node, code));
  CREATE TABLE entries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, digest TEXT NOT NULL,
    models TEXT NOT NULL, owner INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL, value BLOB NOT NULL);
`;

/** Bytes. Values of 1 kB are written in two thirds of the time that pages of SQLite's usual 4,096 bytes take. */
const PAGE = 16_384;
/** After so many pages what was written moves from the log beside the file into the file itself. */
const CHECKPOINT_PAGES = 2_000;

const TABLE_NAMES = ["entries", "owners"];

/** By version, the migration to the next one. A file that has none is created again, without its entries. */
const MIGRATIONS: ReadonlyMap<number, string> = new Map([
  // Digests and keys are made another way since: nothing can find an entry of before.
  [1, "DELETE FROM entries; DELETE FROM owners;"],
]);

interface Row {
  kind: number;
  digest: string;
  models: string;
  bytes: number;
  used: number;
  value: Uint8Array;
}

/** Entries in an SQLite file, in write-ahead mode: processes read it while one writes. */
export class SqliteStore implements Store {
  readonly name: string;
  private readonly owners = new Map<string, number>();
  private readonly statements = new Map<string, StatementSyncInstance>();
  /** The entries that were used, and whose time of use is not written yet. */
  private readonly used = new Set<string>();

  /** @param isReadable whether it can be read and not written. */
  private constructor(
    private readonly database: DatabaseSyncInstance,
    file: string,
    private isReadable: boolean,
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
      const database = withDatabase(new DatabaseSync(file), (opened) => prepare(opened, file));
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
    if (!existsSync(file)) return undefined;
    const DatabaseSync = await sqliteFor(file);
    try {
      assertFile(file);
      return SqliteStore.readable(DatabaseSync, file);
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
    return SqliteStore.readableFrom(DatabaseSync, file, whole);
  }

  private static readableFrom(
    DatabaseSync: DatabaseSyncClass,
    file: string,
    location: string | URL,
  ): SqliteStore | undefined {
    const database = withDatabase(new DatabaseSync(location, { readOnly: true }), (opened) => {
      opened.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      if (isOurs(opened, file)) assertVersion(opened, file);
    });
    if (isOurs(database, file) && pragma(database, "user_version") === VERSION) {
      return new SqliteStore(database, file, true);
    }
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
    return this.read("SELECT kind, digest, models, bytes, used FROM entries WHERE key = ?", keys, headOf);
  }

  entries(keys: readonly string[]): (StoredEntry | undefined)[] {
    const entryOf = (row: Row) => ({ ...headOf(row), value: row.value });
    return this.read("SELECT kind, digest, models, bytes, used, value FROM entries WHERE key = ?", keys, entryOf);
  }

  private read<T>(sql: string, keys: readonly string[], made: (row: Row) => T): (T | undefined)[] {
    const statement = this.statement(sql);
    const before = Date.now() - TOUCH_INTERVAL_MS;
    const one = (key: string): T | undefined => {
      const row = statement.get(key) as unknown as Row | undefined;
      if (row === undefined) return undefined;
      if (row.used < before) this.used.add(key);
      return made(row);
    };
    // Within one transaction, SQLite locks and looks at the file once.
    return keys.length === 1 ? [one(keys[0]!)] : this.transaction("BEGIN", () => keys.map(one));
  }

  write(entries: readonly Entry[]): void {
    if (this.isReadable) return;
    try {
      this.insert(entries);
    } catch (error) {
      if (resultOf(error) !== READONLY) throw error;
      this.isReadable = true;
      this.warnReadable(error as Error);
    }
  }

  private insert(entries: readonly Entry[]): void {
    const insert = this.statement(`
      INSERT INTO entries (key, kind, digest, models, owner, used, bytes, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, digest = excluded.digest, models = excluded.models, owner = excluded.owner,
        used = excluded.used, bytes = excluded.bytes, value = excluded.value`);
    const now = Date.now();
    const owners = new Map(this.owners);
    const ids = new Map<Owner, number>();
    this.transaction("BEGIN IMMEDIATE", () => {
      for (const { key, kind, digest, models, owner, bytes, value } of entries) {
        const id = getOrCreate(ids, owner, () => this.ownerId(owner, owners));
        insert.run(key, KINDS.indexOf(kind), digest, models, id, now, bytes, value);
      }
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
    return this.deleteWhere(
      `used < ? OR id IN (
        SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY used DESC, id DESC) AS newer FROM entries) WHERE newer > ?)`,
      [maxAge === undefined ? 0 : Date.now() - maxAge, maxBytes ?? Number.MAX_SAFE_INTEGER],
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

/** A pipe never answers: neither where the file is to be, nor where SQLite puts what it has beside it. */
function assertFile(file: string): void {
  for (const ending of ["", "-journal", "-wal", "-shm"]) {
    const known = statSync(file + ending, { throwIfNoEntry: false });
    const what = ending === "" ? "it" : path.basename(file + ending);
    if (known?.isDirectory()) {
      const inside = path.join(path.relative(process.cwd(), file), "cache.sqlite");
      const advice = ending === "" ? `Name a file in it: sqlite(${JSON.stringify(inside)}).` : "Use another path.";
      throw badStore(file, `can't be opened: ${what} is a directory, not a file`, undefined, advice);
    }
    if (known?.isFile() === false)
      throw badStore(file, `can't be opened: ${what} is not a regular file`, undefined, "Use another path.");
  }
}

/** A database that is closed again if something is wrong with it. */
function withDatabase(database: DatabaseSyncInstance, check: (database: DatabaseSyncInstance) => void) {
  try {
    check(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function headOf({ kind, digest, models, bytes }: Row): EntryMeta {
  return { kind: KINDS[kind]!, digest, models, bytes };
}

function pragma(database: DatabaseSyncInstance, name: string): number {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0] as number;
}

/** @returns false if there is nothing in it. @throws {HypernodesError} `BAD_STORE` if it is of something else. */
function isOurs(database: DatabaseSyncInstance, file: string): boolean {
  if (pragma(database, "application_id") === APPLICATION) return true;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as unknown as {
    tables: number;
  };
  // Another process may have made them in between.
  const isNowOurs = pragma(database, "application_id") === APPLICATION;
  if (tables > 0 && !isNowOurs) throw badStore(file, "is an SQLite file of another program");
  return isNowOurs;
}

function assertVersion(database: DatabaseSyncInstance, file: string): void {
  const version = pragma(database, "user_version");
  if (version > VERSION) throw newerStore(file, version);
}

/** Makes the tables in a new file, and those of an old one what they are now. */
function prepare(database: DatabaseSyncInstance, file: string): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  if (!isOurs(database, file)) {
    // Waiting for the disk takes 50 ms here, and a file that is lost with the power had nothing in it.
    database.exec("PRAGMA synchronous = OFF");
    // Has to be said before there is any table, and outside of a transaction.
    database.exec(`PRAGMA page_size = ${PAGE}`);
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("BEGIN IMMEDIATE");
    // Another process may have been here in between.
    if (pragma(database, "application_id") !== APPLICATION) {
      database.exec(`${TABLES} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION};`);
    }
    database.exec("COMMIT");
  }
  assertVersion(database, file);
  if (pragma(database, "user_version") < VERSION) migrate(database);
  database.exec("PRAGMA synchronous = NORMAL");
  database.exec(`PRAGMA cache_size = -${64 * 1024}`);
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
}

/** All or nothing: a process that is killed at it leaves what was there. */
function migrate(database: DatabaseSyncInstance): void {
  database.exec("BEGIN IMMEDIATE");
  // Another process may have been here in between.
  for (let version = pragma(database, "user_version"); version < VERSION; version++) {
    const migration = MIGRATIONS.get(version);
    if (migration !== undefined) database.exec(migration);
    else {
      for (const table of TABLE_NAMES) database.exec(`DROP TABLE IF EXISTS ${table}`);
      database.exec(TABLES);
      version = VERSION - 1;
    }
    database.exec(`PRAGMA user_version = ${version + 1}`);
  }
  database.exec("COMMIT");
}

/** SQLite's result codes when nothing is wrong with the file itself: busy, read-only, input and output, full, can't open. */
const BUSY = 5;
const READONLY = 8;
const OF_THE_DISK = new Set([BUSY, READONLY, 10, 13, 14]);

/** True for these, and for all that the system says of a path. */
function isOfTheDisk(error: unknown): error is Error {
  return OF_THE_DISK.has(resultOf(error)) || (error as NodeJS.ErrnoException).syscall !== undefined;
}

/** SQLite's result code. */
function resultOf(error: unknown): number {
  // Its upper bits are details.
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

/** The package has SQLite for most platforms; where it has none, Node may have one of its own, with the same interface. */
async function sqliteFor(file: string): Promise<DatabaseSyncClass> {
  try {
    return (await import("@photostructure/sqlite")).DatabaseSync as DatabaseSyncClass;
  } catch (cause) {
    const own: string = "node:sqlite";
    try {
      return ((await import(own)) as { DatabaseSync: DatabaseSyncClass }).DatabaseSync;
    } catch {
      throw new HypernodesError({
        code: "NO_SQLITE",
        where: nameOf(file),
        problem: `the package @photostructure/sqlite can't be loaded here: ${(cause as Error).message}`,
        advice:
          "npm install @photostructure/sqlite@1, or use Node 22.13 or newer, which includes SQLite; or use another store.",
        cause,
      });
    }
  }
}

type DatabaseSyncClass = new (file: string | URL, options?: { readonly readOnly: boolean }) => DatabaseSyncInstance;

function nameOf(file: string): string {
  return `sqlite(${path.relative(process.cwd(), file) || "."})`;
}

function unavailable(file: string, cause: Error): HypernodesError {
  return new HypernodesError({
    code: "STORE_UNAVAILABLE",
    where: nameOf(file),
    problem: `the file can't be opened: ${cause.message}`,
    advice: "Make room on the disk, use a path that can be written to, or stop the process that locks the file.",
    cause,
  });
}

function badStore(
  file: string,
  problem: string,
  cause?: unknown,
  advice = "Use another path; or, if it is a damaged cache, delete the file: it contains only computed values.",
): HypernodesError {
  return new HypernodesError({
    code: "BAD_STORE",
    where: nameOf(file),
    problem: `the file ${problem}`,
    advice,
    cause,
  });
}

function newerStore(file: string, version: number): HypernodesError {
  return new HypernodesError({
    code: "NEWER_STORE",
    where: nameOf(file),
    problem: `the file has version ${version} of the format, and this version of hypernodes reads up to version ${VERSION}`,
    advice: "Update hypernodes, or use another path.",
  });
}

import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";
import { HypernodesError } from "../errors.js";
import { remembered } from "../graph/remembered.js";
import type {
  CacheStats,
  Entry,
  EntryKind,
  Head,
  NodeStats,
  OwnedBy,
  Owner,
  PruneOptions,
  Removed,
  Store,
  StoredEntry,
} from "./store.js";

/** The version of the tables. A store of a newer one is not touched. */
const VERSION = 1;
/** What SQLite files of ours are marked with: "hypn". */
const APPLICATION = 0x68_79_70_6e;
/** Milliseconds that other processes are waited for. */
const BUSY_MS = 60_000;
/** Milliseconds for which what was used is not written down as used again: to know what may go, that is enough. */
const USED_STEP_MS = 3_600_000;

const KINDS: readonly EntryKind[] = ["value", "list", "record", "alias", "fact"];

// Entries lie in the order of being written, so those of a map are neighbours; only the keys are all over the place.
const TABLES = `
  CREATE TABLE owners (id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, node TEXT NOT NULL, code TEXT NOT NULL,
    UNIQUE (pipeline, node, code));
  CREATE TABLE entries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, digest TEXT NOT NULL,
    models TEXT NOT NULL, owner INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL, value BLOB NOT NULL);
`;

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
  /** What was used, and is not written down as used yet. */
  private readonly used = new Set<string>();

  private constructor(
    private readonly database: DatabaseSyncInstance,
    file: string,
  ) {
    this.name = nameOf(file);
  }

  /** @throws {HypernodesError} `BAD_STORE`, `NEWER_STORE`. */
  static async open(file: string): Promise<SqliteStore> {
    const DatabaseSync = await sqliteFor(file);
    return opening(
      file,
      () => {
        mkdirSync(path.dirname(file), { recursive: true });
        return new DatabaseSync(file);
      },
      (database) => {
        prepare(database, file);
        return new SqliteStore(database, file);
      },
    );
  }

  /**
   * To be looked into only: neither the file nor any beside it is made or written.
   *
   * @returns undefined if there is no file, or nothing in it.
   * @throws {HypernodesError} `BAD_STORE`, `NEWER_STORE`.
   */
  static async view(file: string): Promise<SqliteStore | undefined> {
    if (!existsSync(file)) return undefined;
    const DatabaseSync = await sqliteFor(file);
    return opening(
      file,
      () => {
        // Where there is no log beside the file, all is in the file, and SQLite would make one.
        const whole = pathToFileURL(file);
        whole.search = "immutable=1";
        return new DatabaseSync(existsSync(`${file}-wal`) ? file : whole, { readOnly: true });
      },
      (database) => {
        database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
        if (!isOurs(database, file)) {
          database.close();
          return undefined;
        }
        checkVersion(database, file);
        return new SqliteStore(database, file);
      },
    );
  }

  heads(keys: readonly string[]): (Head | undefined)[] {
    return this.read("SELECT kind, digest, models, bytes, used FROM entries WHERE key = ?", keys, headOf);
  }

  entries(keys: readonly string[]): (StoredEntry | undefined)[] {
    const entryOf = (row: Row) => ({ ...headOf(row), value: row.value });
    return this.read("SELECT kind, digest, models, bytes, used, value FROM entries WHERE key = ?", keys, entryOf);
  }

  private read<T>(sql: string, keys: readonly string[], made: (row: Row) => T): (T | undefined)[] {
    const statement = this.statement(sql);
    const before = Date.now() - USED_STEP_MS;
    // Within one transaction, SQLite locks and looks at the file once.
    return this.transaction("BEGIN", () =>
      keys.map((key) => {
        const row = statement.get(key) as unknown as Row | undefined;
        if (row === undefined) return undefined;
        if (row.used < before) this.used.add(key);
        return made(row);
      }),
    );
  }

  write(entries: readonly Entry[]): void {
    const insert = this.statement(`
      INSERT INTO entries (key, kind, digest, models, owner, used, bytes, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, digest = excluded.digest, models = excluded.models, owner = excluded.owner,
        used = excluded.used, bytes = excluded.bytes, value = excluded.value`);
    const now = Date.now();
    const owners = new Map(this.owners);
    this.transaction("BEGIN IMMEDIATE", () => {
      for (const { key, kind, digest, models, owner, bytes, value } of entries) {
        insert.run(key, KINDS.indexOf(kind), digest, models, this.ownerId(owner, owners), now, bytes, value);
      }
      const touch = this.statement("UPDATE entries SET used = ? WHERE key = ?");
      for (const key of this.used) touch.run(now, key);
    });
    // What was rolled back has not got an id.
    for (const [owner, id] of owners) this.owners.set(owner, id);
    this.used.clear();
  }

  private ownerId({ pipeline, node, code }: Owner, known: Map<string, number>): number {
    return remembered(known, JSON.stringify([pipeline, node, code]), () => {
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

  prune({ maxBytes, maxAge }: PruneOptions): Removed {
    return this.drop(
      `used < ? OR id IN (
        SELECT id FROM (SELECT id, SUM(bytes) OVER (ORDER BY used DESC, id DESC) AS newer FROM entries) WHERE newer > ?)`,
      [maxAge === undefined ? 0 : Date.now() - maxAge, maxBytes ?? Number.MAX_SAFE_INTEGER],
    );
  }

  clear(owners: OwnedBy | undefined): Removed {
    if (owners === undefined) return this.drop("TRUE", []);
    const { pipelines, codes } = owners;
    const any = (values: ReadonlySet<string>) => `(${Array(values.size).fill("?").join()})`;
    return this.drop(`owner IN (SELECT id FROM owners WHERE pipeline IN ${any(pipelines)} OR code IN ${any(codes)})`, [
      ...pipelines,
      ...codes,
    ]);
  }

  /** Removes entries, and gives the file system their room back. */
  private drop(where: string, values: readonly (string | number)[]): Removed {
    const removed = this.transaction("BEGIN IMMEDIATE", () => {
      const sums = "COALESCE(SUM(kind = 0), 0) AS entries, COALESCE(SUM(bytes), 0) AS bytes";
      const found = this.database.prepare(`SELECT ${sums} FROM entries WHERE ${where}`).get(...values);
      this.database.prepare(`DELETE FROM entries WHERE ${where}`).run(...values);
      return { ...(found as unknown as Removed) };
    });
    this.database.prepare("PRAGMA incremental_vacuum").all();
    this.database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    return removed;
  }

  /** The number of the last entry that was written. */
  get newest(): number {
    const { id } = this.database.prepare("SELECT COALESCE(MAX(id), 0) AS id FROM entries").get() as unknown as {
      id: number;
    };
    return id;
  }

  /** Takes over the entries of another file of ours that are not here: those with numbers above `after`. */
  absorb(file: string, after: number): void {
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
    return remembered(this.statements, sql, () => this.database.prepare(sql));
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

/** Opens a file, and makes of it what is wanted. @throws {HypernodesError} */
function opening<R>(file: string, open: () => DatabaseSyncInstance, wanted: (database: DatabaseSyncInstance) => R): R {
  let database: DatabaseSyncInstance | undefined;
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      throw badStore(file, "can't be opened: it is a folder");
    database = open();
    return wanted(database);
  } catch (error) {
    database?.close();
    if (error instanceof HypernodesError) throw error;
    throw badStore(file, `can't be opened: ${(error as Error).message}`, error);
  }
}

function headOf({ kind, digest, models, bytes }: Row): Head {
  return { kind: KINDS[kind]!, digest, models, bytes };
}

/** Makes the tables in a new file, and looks whether those of an old one are ours. */
function prepare(database: DatabaseSyncInstance, file: string): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  if (!isOurs(database, file)) {
    // Has to be said before there is any table, and outside of a transaction.
    database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("BEGIN IMMEDIATE");
    // Another process may have been here in between.
    if (pragma(database, "application_id") !== APPLICATION) {
      database.exec(`${TABLES} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION};`);
    }
    database.exec("COMMIT");
  }
  checkVersion(database, file);
  database.exec("PRAGMA synchronous = NORMAL");
  database.exec(`PRAGMA cache_size = -${64 * 1024}`);
}

/** @returns false if there is nothing in the file yet. */
function isOurs(database: DatabaseSyncInstance, file: string): boolean {
  if (pragma(database, "application_id") === APPLICATION) return true;
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as unknown as {
    tables: number;
  };
  // Another process may have been here in between.
  if (tables > 0 && pragma(database, "application_id") !== APPLICATION)
    throw badStore(file, "is an SQLite file of something else");
  return false;
}

function checkVersion(database: DatabaseSyncInstance, file: string): void {
  const version = pragma(database, "user_version");
  if (version > VERSION) throw newerStore(file, version);
}

function pragma(database: DatabaseSyncInstance, name: string): number {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0] as number;
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
          "npm install @photostructure/sqlite@1, or use Node 22.13 or newer, which has SQLite of its own; or take another store.",
        cause,
      });
    }
  }
}

type DatabaseSyncClass = new (file: string | URL, options?: { readonly readOnly: boolean }) => DatabaseSyncInstance;

function nameOf(file: string): string {
  return `sqlite(${path.relative(process.cwd(), file) || "."})`;
}

function badStore(file: string, problem: string, cause?: unknown): HypernodesError {
  return new HypernodesError({
    code: "BAD_STORE",
    where: nameOf(file),
    problem: `the file ${problem}`,
    advice: "Name another path; or, if it is a damaged cache, delete the file: only computed values are in it.",
    cause,
  });
}

function newerStore(file: string, version: number): HypernodesError {
  return new HypernodesError({
    code: "NEWER_STORE",
    where: nameOf(file),
    problem: `the file is of version ${version} of the format, and this hypernodes reads up to ${VERSION}`,
    advice: "Update hypernodes, or name another path.",
  });
}

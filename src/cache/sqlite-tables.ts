import type { DatabaseSyncInstance } from "@photostructure/sqlite";
import { HypernodesError } from "../errors.js";
import { badStore, nameOf } from "./sqlite-file.js";

/** The version of the tables, and of the keys and bytes in them. A store of a newer one is not touched. */
const VERSION = 3;
/** The application id of the store's SQLite files: "hypn". */
const APPLICATION = 0x68_79_70_6e;
/** Milliseconds that another process is waited for that locks the file. */
const BUSY_MS = 10_000;
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
const MIGRATIONS: ReadonlyMap<number, string> = new Map(
  // Digests and keys are made another way since: nothing can find an entry of before.
  [1, 2].map((version) => [version, "DELETE FROM entries; DELETE FROM owners;"]),
);

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

/**
 * Tells if a file can be read as it is: it has the tables of this version.
 *
 * @throws {HypernodesError} `BAD_STORE`, `NEWER_STORE`
 */
export function hasTables(database: DatabaseSyncInstance, file: string): boolean {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
  if (!isOurs(database, file)) return false;
  assertVersion(database, file);
  return pragma(database, "user_version") === VERSION;
}

/** Makes the tables in a new file, and those of an old one what they are now. */
export function prepareTables(database: DatabaseSyncInstance, file: string): void {
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

function newerStore(file: string, version: number): HypernodesError {
  return new HypernodesError({
    code: "NEWER_STORE",
    where: nameOf(file),
    problem: `the file has version ${version} of the format, and this version of hypernodes reads up to version ${VERSION}`,
    advice: "Update hypernodes, or use another path.",
  });
}

import { statSync } from "node:fs";
import path from "node:path";
import type { CacheStore } from "../dsl/pipeline-options.js";
import { badOption, HypernodesError } from "../errors.js";
import { describeError } from "../util/describe.js";
import { getOrCreate } from "../util/get-or-create.js";
import { type KeyvLike, KeyvStore } from "./keyv-store.js";
import { MemoryStore } from "./memory-store.js";
import { unusable } from "./sqlite-file.js";
import { SqliteStore } from "./sqlite-store.js";
import type { MaybePromise, Store } from "./store.js";

/** The options of `sqlite`, `memory` and `keyv`. */
export type StoreSpec =
  | (CacheStore & { readonly kind: "sqlite"; readonly path: string })
  | (CacheStore & { readonly kind: "memory"; readonly max: number })
  | (CacheStore & { readonly kind: "keyv"; readonly store: KeyvLike });

/** A store that is only looked into, and closed then if it was opened for that. */
export type StoreView = Store & { closeView?(): void };

/** Stores in memory live as long as the object that names them; one Keyv is one store, in all caches that name it. */
const stores = new WeakMap<object, Store>();

let filePathFor: ((file: string) => Promise<string>) | undefined;

/** From now on files are looked for, and made, in other places: in a container. */
export function redirectFiles(place: (file: string) => Promise<string>): void {
  filePathFor = place;
}

/** Equal for stores that are one, also before they are opened: a path, or an object. */
export function identityOf(meant: CacheStore): unknown {
  const spec = meant as StoreSpec;
  if (spec.kind === "sqlite") return path.resolve(spec.path);
  return spec.kind === "keyv" ? spec.store : spec;
}

/** Errors of who wrote the program or made its image, by code: a run without a cache would hide them. */
const OF_THE_PROGRAM = new Set(["BAD_OPTION", "NO_SQLITE", "IMAGE_NODE_TOO_OLD"]);

/**
 * The store that is meant, opened; or, where it can't be used (a full disk, another process that locks the file, a file that is
 * no store), one that says so when it is asked: the run goes on without it.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `NO_SQLITE`, `IMAGE_NODE_TOO_OLD`.
 */
export function openStoreForRun(meant: CacheStore, where: string): Promise<Store> {
  return orUnavailable(() => openStore(meant, where), meant);
}

/** The same to be looked into only, by `viewStore`. */
export function viewStoreForRun(meant: CacheStore, where: string): Promise<StoreView | undefined> {
  return orUnavailable(() => viewStore(meant, where), meant);
}

async function orUnavailable<S>(open: () => MaybePromise<S>, meant: CacheStore): Promise<S | UnavailableStore> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof HypernodesError && OF_THE_PROGRAM.has(error.code)) throw error;
    return new UnavailableStore(error, `${meant.kind}(...)`);
  }
}

class UnavailableStore implements Store {
  readonly name: string;

  constructor(
    private readonly reason: unknown,
    kind: string,
  ) {
    this.name = reason instanceof HypernodesError ? reason.where : kind;
  }

  heads = () => this.fail();
  entries = () => this.fail();
  write = () => this.fail();
  stats = () => this.fail();
  prune = () => this.fail();
  clear = () => this.fail();

  private fail(): never {
    throw this.reason;
  }
}

/**
 * The store that is meant, opened. Once for each in this process: a file that is named twice is opened once.
 *
 * @throws {HypernodesError} `BAD_OPTION`, `BAD_STORE`, `NEWER_STORE`, `STORE_UNAVAILABLE`.
 */
export function openStore(meant: CacheStore, where: string): MaybePromise<Store> {
  const spec = meant as StoreSpec;
  if (spec.kind === "sqlite")
    return filePathFor === undefined ? openFile(path.resolve(spec.path)) : filePathFor(spec.path).then(openFile);
  if (spec.kind === "memory") return getOrCreate(stores, spec, () => new MemoryStore(spec.max));
  if (spec.kind === "keyv") return getOrCreate(stores, spec.store, () => new KeyvStore(spec.store));
  throw new HypernodesError({ where, ...badOption("cache", meant, "sqlite(path), memory() or keyv(store)") });
}

/**
 * Asks a store for its statistics, or to remove entries.
 *
 * @throws {HypernodesError} as `openStore` does, also for what goes wrong later: a full disk, a file that is locked or read-only, a
 * server that can't be reached.
 */
export async function maintain<R>(
  meant: CacheStore,
  where: string,
  work: (store: Store) => MaybePromise<R>,
): Promise<R> {
  const store = await openStore(meant, where);
  try {
    return await work(store);
  } catch (error) {
    if (error instanceof HypernodesError) throw error;
    const { path: file } = meant as Partial<StoreSpec & { kind: "sqlite" }>;
    if (file === undefined) throw serverUnavailable(store.name, error);
    throw unusable(path.resolve(file), error);
  }
}

function serverUnavailable(where: string, cause: unknown): HypernodesError {
  const advice = "Start its server again, or use another store.";
  const problem = `it does not answer: ${describeError(cause)}`;
  return new HypernodesError({ code: "STORE_UNAVAILABLE", where, problem, advice, cause });
}

/**
 * The store that is meant, to be looked into only: it is neither made nor written, and what is looked at does not count as used.
 *
 * @returns undefined if there is none yet.
 * @throws as `openStore` does.
 */
async function viewStore(meant: CacheStore, where: string): Promise<StoreView | undefined> {
  const spec = meant as StoreSpec;
  if (spec.kind === "memory") return (stores.get(spec) as MemoryStore | undefined)?.view();
  if (spec.kind !== "sqlite") return openStore(meant, where);
  return SqliteStore.view(filePathFor === undefined ? path.resolve(spec.path) : await filePathFor(spec.path));
}

const files = new Map<string, { readonly store: Promise<SqliteStore>; inode: number | undefined }>();

async function openFile(file: string): Promise<SqliteStore> {
  const known = files.get(file);
  if (known !== undefined) {
    const store = await known.store;
    // Somebody may have deleted it, or put another one in its place.
    if (known.inode === inodeOf(file)) return store;
    if (files.get(file) !== known) return openFile(file);
  }
  const opened = { store: SqliteStore.open(file), inode: undefined as number | undefined };
  files.set(file, opened);
  try {
    const store = await opened.store;
    opened.inode = inodeOf(file);
    if (!store.isLasting) files.delete(file);
    return store;
  } catch (error) {
    files.delete(file);
    throw error;
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

import { randomUUID } from "node:crypto";
import { copyFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { redirectFiles } from "../../cache/open-store.js";
import { SqliteStore } from "../../cache/sqlite-store.js";
import { HypernodesError } from "../../errors.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { makeFolders } from "../../util/make-folders.js";
import { sha256 } from "../../util/sha256.js";
import { commitVolume } from "./commit-volume.js";

/** So many files of one store are made one. */
const MOST_FILES = 8;
/** Milliseconds after which a long run saves what it has. */
const SAVE_MS = 30_000;

/** A store's file on the container's disk. */
interface LocalStore {
  readonly file: string;
  /** The folder in which its entries outlive the container, in several files. */
  readonly folder: string;
  /** Files that its entries were taken over from. */
  taken: string[];
  /** The number of the last entry that is saved. */
  saved: number;
}

/**
 * SQLite stores of a container. They are on its own disk, since a volume is not made for several containers that write one
 * file: there each run leaves its new entries as a file of their own, and the next one takes over all that are there.
 */
export class VolumeStores {
  private readonly locals = new Map<string, Promise<LocalStore>>();
  /** True if the volume has files that were not committed. */
  private isUncommitted = false;
  private saving: Promise<void> = Promise.resolve();

  /**
   * @param volume a folder that outlives the container; empty: there is none.
   * @param scratch a folder on the container's disk.
   */
  constructor(
    private readonly volume: string,
    private readonly scratch: string,
  ) {
    redirectFiles(async (file) => (await this.local(file)).file);
    if (volume !== "") setInterval(() => void this.save(), SAVE_MS).unref();
  }

  private local(file: string): Promise<LocalStore> {
    return getOrCreate(this.locals, file, () => this.open(file));
  }

  private async open(file: string): Promise<LocalStore> {
    const name = `${path.basename(file).replace(/[^\w.-]/g, "_")}-${sha256(file).slice(0, 12)}`;
    const local: LocalStore = {
      file: path.join(this.scratch, "caches", name),
      folder: this.volume === "" ? "" : path.join(this.volume, "caches", name),
      taken: [],
      saved: 0,
    };
    const store = await SqliteStore.open(local.file).catch(throwForImage);
    try {
      if (local.folder === "") {
        process.emitWarning(
          `the cache ${path.basename(file)} is lost with the container: give it a volume, modal({ volume: name })`,
          "HypernodesWarning",
        );
        return local;
      }
      makeFolders(local.folder);
      for (const part of readdirSync(local.folder).filter((found) => found.endsWith(".sqlite"))) {
        this.importFile(store, path.join(local.folder, part));
        local.taken.push(part);
      }
      local.saved = store.lastEntryId;
      return local;
    } finally {
      store.close();
    }
  }

  /** A file that can't be read costs what is in it, and no run. */
  private importFile(store: SqliteStore, part: string): void {
    const copy = path.join(this.scratch, `${randomUUID()}.sqlite`);
    try {
      copyFileSync(part, copy);
      store.mergeFrom(copy, 0);
    } catch (error) {
      process.emitWarning(`a part of the cache can't be read: ${(error as Error).message}`, "HypernodesWarning");
    } finally {
      remove(copy);
    }
  }

  /** Saves the entries of the stores that are not saved yet. */
  save(): Promise<void> {
    if (this.volume === "") return Promise.resolve();
    this.saving = this.saving.then(() => this.saveAll()).catch(warn);
    return this.saving;
  }

  private async saveAll(): Promise<void> {
    for (const local of this.locals.values()) if (await this.saveOne(await local)) this.isUncommitted = true;
    if (!this.isUncommitted) return;
    await commitVolume(this.volume).catch(() => commitVolume(this.volume));
    this.isUncommitted = false;
  }

  private async saveOne(local: LocalStore): Promise<boolean> {
    const store = await SqliteStore.open(local.file);
    const { lastEntryId: newest } = store;
    store.close();
    if (newest <= local.saved) return false;
    const whole = local.taken.length >= MOST_FILES;
    const name = `${randomUUID()}.sqlite`;
    const file = path.join(this.scratch, name);
    const part = await SqliteStore.open(file);
    try {
      part.mergeFrom(local.file, whole ? 0 : local.saved);
    } finally {
      part.close();
    }
    const target = path.join(local.folder, name);
    copyFileSync(file, `${target}.new`);
    renameSync(`${target}.new`, target);
    remove(file);
    if (whole) for (const old of local.taken.splice(0)) rmSync(path.join(local.folder, old), { force: true });
    local.taken.push(name);
    local.saved = newest;
    return true;
  }
}

/** That the container's Node has no SQLite is its image's fault. @throws {HypernodesError} `IMAGE_NODE_TOO_OLD` */
function throwForImage(error: unknown): never {
  if (!(error instanceof HypernodesError) || error.code !== "NO_SQLITE") throw error;
  throw new HypernodesError({
    code: "IMAGE_NODE_TOO_OLD",
    where: "modal({ image })",
    problem: `a cache in SQLite needs Node 22.13 or newer, and the image's is ${process.version.replace("v", "")}`,
    advice:
      'Use a newer one, image().nodeSlim("22"), or install it, image().nodeInstall("22"); or image().npmInstall("@photostructure/sqlite@1").',
    cause: error,
  });
}

function remove(file: string): void {
  for (const ending of ["", "-wal", "-shm"]) rmSync(file + ending, { force: true });
}

function warn(error: unknown): void {
  process.emitWarning(`the cache is not saved: ${(error as Error).message}`, "HypernodesWarning");
}

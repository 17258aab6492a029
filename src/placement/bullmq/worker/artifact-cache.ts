import { rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { HypernodesError } from "../../../errors.js";
import { getOrCreate } from "../../../util/get-or-create.js";
import { makeFolders } from "../../../util/make-folders.js";
import { isRecord } from "../../../util/options.js";
import { sha256 } from "../../../util/sha256.js";
import type { BlobStore } from "../blob-store.js";
import { type ChunkJob, NOT_IN_REDIS } from "../job-protocol.js";

/** Milliseconds for which a file is kept that no chunk has asked for. */
const IDLE_MS = 5 * 60_000;

/** Files of a worker with what it downloaded from Redis, once each: the code of pipelines and the shared values of stages. */
export class ArtifactCache {
  private readonly bundles = new Map<string, Promise<string>>();
  private readonly shared = new Map<string, { readonly file: Promise<string>; usedAt: number }>();

  /**
   * @param codes where pipelines' code is.
   * @param inKeyv where large values are that are not there, too.
   * @param folder a folder of the worker's own, that nobody else can write to.
   */
  constructor(
    private readonly codes: BlobStore,
    private readonly inKeyv: BlobStore | undefined,
    private readonly folder: string,
  ) {}

  /** The folder with a bundle's files. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`, `BAD_BUNDLE`. */
  bundle(job: ChunkJob): Promise<string> {
    const { bundle: digest } = job;
    const ready = getOrCreate(this.bundles, digest, async () => {
      const folder = path.join(this.folder, digest);
      unpack(await this.bytes(this.codes, job, digest, "the pipeline's code"), folder, job.where);
      return folder;
    });
    ready.catch(() => this.bundles.delete(digest));
    return ready;
  }

  /** The file with what all chunks of a map share. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`. */
  stageFile(job: ChunkJob): Promise<string> {
    const { stage: digest } = job;
    const found = getOrCreate(this.shared, digest, () => ({ file: this.download(job, digest), usedAt: 0 }));
    found.usedAt = performance.now();
    found.file.catch(() => this.shared.delete(digest));
    return found.file;
  }

  private async download(job: ChunkJob, digest: string): Promise<string> {
    const file = path.join(this.folder, `shared-${digest}`);
    writeFileSync(file, await this.bytes(this.valuesOf(job), job, digest, "the map's shared values"));
    return file;
  }

  /** A chunk's bytes. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`. */
  async chunk(job: ChunkJob): Promise<Uint8Array> {
    if ("inline" in job.chunk) return Buffer.from(job.chunk.inline, "base64");
    return this.bytes(this.valuesOf(job), job, job.chunk.digest, "the elements");
  }

  private valuesOf({ inKeyv, where }: ChunkJob): BlobStore {
    if (!inKeyv) return this.codes;
    if (this.inKeyv !== undefined) return this.inKeyv;
    throw new HypernodesError({
      code: "NO_VALUES",
      where,
      problem: "its large values are in a Keyv, bullmq({ values }), that a worker does not have",
      advice: "Start all workers with it: hypernodes worker --values FILE, a module whose default export is that Keyv.",
    });
  }

  private async bytes(from: BlobStore, { where, inKeyv }: ChunkJob, digest: string, what: string): Promise<Uint8Array> {
    const bytes = await from.get(digest);
    if (bytes === undefined) {
      throw new HypernodesError({
        code: NOT_IN_REDIS,
        where,
        problem: `${inKeyv && from === this.inKeyv ? "the Keyv" : "Redis"} no longer has ${what} (${digest.slice(0, 12)})`,
        advice:
          "They expire when a run was silent for bullmq({ expireMs }); nothing may evict them (Redis: maxmemory-policy noeviction); and the worker's Keyv must be the client's.",
      });
    }
    if (sha256(bytes) === digest) return bytes;
    throw new HypernodesError({
      code: "DAMAGED",
      where,
      problem: `${what} can't be used: the data is damaged, its digest is not ${digest.slice(0, 12)}`,
      advice: "Another program has written to the key in Redis, or a proxy has changed the data. Run it again.",
    });
  }

  /** Drops files that nobody has asked for, and says that the folder is used. */
  sweep(): void {
    utimesSync(this.folder, new Date(), new Date());
    for (const [digest, { file, usedAt }] of this.shared) {
      if (performance.now() - usedAt < IDLE_MS) continue;
      this.shared.delete(digest);
      void file.then((name) => rmSync(name, { force: true }));
    }
  }
}

/** Writes a bundle's files, whose digest was checked, into a folder of their own. @throws {HypernodesError} `BAD_BUNDLE`. */
function unpack(packed: Uint8Array, folder: string, where: string): void {
  const bad = (problem: string) =>
    new HypernodesError({
      code: "BAD_BUNDLE",
      where,
      problem: `the pipeline's code ${problem}`,
      advice: "No client of this version writes this: check which programs write to this Redis.",
    });
  const files = unpacked(packed);
  if (files === undefined) throw bad("is not a bundle of files");
  for (const name of Object.keys(files)) {
    if (!/^[\w-][\w.-]*$/.test(name))
      throw bad(`has a file ${JSON.stringify(name)}: file names in a bundle have no folder`);
  }
  makeFolders(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

/** The texts of a bundle's files by their names; undefined for anything else. */
function unpacked(packed: Uint8Array): Record<string, string> | undefined {
  try {
    const files: unknown = JSON.parse(gunzipSync(packed).toString());
    const isBundle = isRecord(files) && Object.values(files).every((text) => typeof text === "string");
    return isBundle ? (files as Record<string, string>) : undefined;
  } catch {
    return undefined;
  }
}

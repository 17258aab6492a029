import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import type { Redis } from "ioredis";
import { HypernodesError } from "../../../errors.js";
import { remembered } from "../../../graph/remembered.js";
import type { ChunkJob, keysOf } from "../jobs.js";

/** Milliseconds for which a file is kept that no chunk has asked for. */
const IDLE_MS = 5 * 60_000;

/** What a worker has fetched of Redis, as files: the code of pipelines, and what the chunks of maps share. Once each. */
export class Fetched {
  private readonly bundles = new Map<string, Promise<string>>();
  private readonly shared = new Map<string, { readonly file: Promise<string>; usedAt: number }>();

  /** @param scratch a folder of the worker's own. */
  constructor(
    private readonly redis: Redis,
    private readonly keys: ReturnType<typeof keysOf>,
    private readonly scratch: string,
  ) {}

  /** The folder with a bundle's files. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`. */
  bundle(job: ChunkJob): Promise<string> {
    const { bundle: digest } = job;
    const made = remembered(this.bundles, digest, async () => {
      const folder = path.join(placeForBundles(), digest);
      // The last file that is written.
      if (existsSync(path.join(folder, "package.json"))) return folder;
      unpack(await this.bytes(job, digest, "the pipeline's code"), folder);
      return folder;
    });
    made.catch(() => this.bundles.delete(digest));
    return made;
  }

  /** The file with what all chunks of a map share. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`. */
  fragment(job: ChunkJob): Promise<string> {
    const { fragment: digest } = job;
    const found = remembered(this.shared, digest, () => ({ file: this.keep(job, digest), usedAt: 0 }));
    found.usedAt = Date.now();
    found.file.catch(() => this.shared.delete(digest));
    return found.file;
  }

  private async keep(job: ChunkJob, digest: string): Promise<string> {
    const file = path.join(this.scratch, digest);
    writeFileSync(file, await this.bytes(job, digest, "what the map's elements share"));
    return file;
  }

  /** A chunk's bytes. @throws {HypernodesError} `NOT_IN_REDIS`, `DAMAGED`. */
  async chunk(job: ChunkJob): Promise<Uint8Array> {
    if ("inline" in job.chunk) return Buffer.from(job.chunk.inline, "base64");
    return this.bytes(job, job.chunk.digest, "the elements");
  }

  private async bytes({ where }: ChunkJob, digest: string, what: string): Promise<Uint8Array> {
    const bytes = await this.redis.getBuffer(this.keys.blob(digest));
    if (bytes === null) {
      throw new HypernodesError({
        code: "NOT_IN_REDIS",
        where,
        problem: `${what} (${digest.slice(0, 12)}) are not in Redis any more`,
        advice:
          "They expire when a run was silent for bullmq({ expireMs }); and Redis must not evict keys: set maxmemory-policy to noeviction.",
      });
    }
    if (createHash("sha256").update(bytes).digest("hex") === digest) return bytes;
    throw new HypernodesError({
      code: "DAMAGED",
      where,
      problem: `${what} came damaged: they do not have the digest ${digest.slice(0, 12)} that they are known by`,
      advice: "Somebody else has written to the key in Redis, or a proxy has changed it. Run it again.",
    });
  }

  /** Drops files that nobody has asked for. */
  sweep(): void {
    for (const [digest, { file, usedAt }] of this.shared) {
      if (Date.now() - usedAt < IDLE_MS) continue;
      this.shared.delete(digest);
      void file.then((name) => rmSync(name, { force: true }));
    }
  }
}

/** Beside the packages that are installed where the worker was started: what is not in a bundle is found there. */
function placeForBundles(): string {
  const modules = path.resolve("node_modules");
  try {
    accessSync(modules, constants.W_OK);
    return path.join(modules, ".cache", "hypernodes");
  } catch {
    return path.join(os.tmpdir(), `hypernodes-${os.userInfo().uid}`);
  }
}

function unpack(packed: Uint8Array, folder: string): void {
  const { "package.json": last, ...files } = JSON.parse(gunzipSync(packed).toString()) as Record<string, string>;
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries({ ...files, "package.json": last! })) {
    // Another worker may be doing the same.
    const fresh = path.join(folder, `${name}.${process.pid}`);
    writeFileSync(fresh, text);
    renameSync(fresh, path.join(folder, name));
  }
}

import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { HypernodesError } from "../../errors.js";
import { makeFolders } from "../../util/make-folders.js";
import { sha256 } from "../../util/sha256.js";
import { writeAtomic } from "../../util/write-atomic.js";
import { commitVolume } from "./commit-volume.js";

/** Milliseconds after which a file is dropped that nothing has used. */
const RETENTION_MS = 24 * 3_600_000;

/**
 * The values that chunks of a stage share, on the volume that all containers have: the first container stores them for the
 * others.
 */
export class StageFiles {
  private readonly folder: string;
  /** Values that arrived in this container and were not read yet. */
  private readonly received = new Map<string, Uint8Array>();

  /** @param volume the folder of the volume. */
  constructor(private readonly volume: string) {
    this.folder = path.join(volume, "shared");
  }

  /** @param isShared true if it is stored on the volume for other hosts. */
  async keep(digest: string, bytes: Uint8Array, isShared: boolean): Promise<void> {
    this.received.set(digest, bytes);
    if (!isShared) return;
    const file = path.join(this.folder, digest);
    try {
      makeFolders(this.folder);
      this.sweep();
      writeAtomic(file, bytes);
      await commitVolume(this.volume);
    } catch (error) {
      // The others find nothing there, and get it from the client.
      process.emitWarning(
        `the shared values of a map were not written to the volume: ${(error as Error).message}`,
        "HypernodesWarning",
      );
    }
  }

  /** @throws {HypernodesError} `SHARED_MISSING`: it is not there, or damaged. */
  async read(digest: string): Promise<Uint8Array> {
    const come = this.received.get(digest);
    this.received.delete(digest);
    if (come !== undefined) return come;
    const file = path.join(this.folder, digest);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined || sha256(bytes) !== digest) throw missing(digest);
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // It may be dropped a bit early.
    }
    return bytes;
  }

  private sweep(): void {
    for (const name of readdirSync(this.folder)) {
      const file = path.join(this.folder, name);
      if (Date.now() - statSync(file).mtimeMs > RETENTION_MS) rmSync(file, { force: true });
    }
  }
}

/** The code of the error of `read` if the client has to send the values. */
export const SHARED_MISSING = "SHARED_MISSING";

function missing(digest: string): HypernodesError {
  return new HypernodesError({
    code: SHARED_MISSING,
    where: "the volume",
    problem: `${digest} is missing or damaged`,
    advice: "It is sent again.",
  });
}

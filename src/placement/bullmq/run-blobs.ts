import type { HypernodesError } from "../../errors.js";
import { getOrCreate } from "../../util/get-or-create.js";
import { sha256 } from "../../util/sha256.js";
import type { Bundle } from "../bundle/bundle.js";
import type { BlobStore } from "./blob-store.js";

type Encode = () => Uint8Array;

/** Bytes, and what makes the same again: they are not held while they are in Redis. */
export interface Shared {
  readonly bytes: Uint8Array;
  readonly encode: Encode;
}

/** The connection that blobs go through. */
interface BlobConnection {
  /** Waits for a command, but no longer than the connection lasts. */
  unlessBroken<R>(command: Promise<R>): Promise<R>;
  /** The error for bytes that are other ones than at first. */
  changed(): HypernodesError;
}

/** The code and the values that a run leaves beside its jobs, for the workers. What is lost there is made again and put back. */
export class RunBlobs {
  private readonly bundles = new Map<string, { readonly packed: Uint8Array; readonly sent: Promise<void> }>();
  /** The values that this run has stored, by digest, to be removed at its end. */
  private readonly shared = new Map<string, Encode>();

  /** @param expireMs milliseconds after which a blob goes that nobody has touched. */
  constructor(
    private readonly codes: BlobStore,
    private readonly values: BlobStore,
    private readonly expireMs: number,
    private readonly connection: BlobConnection,
  ) {}

  /** Leaves the pipeline's code there, if it is not there yet. */
  sendBundle({ digest, packed }: Bundle): Promise<void> {
    return getOrCreate(this.bundles, digest, () => ({ packed, sent: this.put(this.codes, digest, () => packed) })).sent;
  }

  /** Leaves bytes there until the run ends. @returns their digest. */
  async share({ bytes, encode }: Shared): Promise<string> {
    const digest = sha256(bytes);
    if (this.shared.has(digest)) return digest;
    this.shared.set(digest, encode);
    await this.connection.unlessBroken(this.values.put(digest, bytes, this.expireMs));
    return digest;
  }

  /** Puts back all that is not there any more. */
  async restore(): Promise<void> {
    for (const [digest, { packed }] of this.bundles) await this.put(this.codes, digest, () => packed);
    for (const [digest, encode] of this.shared) await this.put(this.values, digest, encode);
  }

  /** Renews the time to live of all. */
  touch(): void {
    for (const digest of this.bundles.keys()) this.codes.touch(digest, this.expireMs).catch(() => {});
    for (const digest of this.shared.keys()) this.values.touch(digest, this.expireMs).catch(() => {});
  }

  /** Removes a value that no job needs any more. */
  drop(digest: string): void {
    this.shared.delete(digest);
    void this.values.delete([digest]).catch(() => {});
  }

  /** Removes the values. Other runs may have the same code. */
  clear(): Promise<unknown> {
    return this.values.delete(this.shared.keys());
  }

  private put(blobs: BlobStore, digest: string, encode: Encode): Promise<void> {
    return this.connection.unlessBroken(this.putIfMissing(blobs, digest, encode));
  }

  /** @throws {HypernodesError} `REDIS_DATA_LOST`: the bytes are other ones than at first. */
  private async putIfMissing(blobs: BlobStore, digest: string, encode: Encode): Promise<void> {
    if (await blobs.touch(digest, this.expireMs)) return;
    const bytes = encode();
    if (sha256(bytes) !== digest) throw this.connection.changed();
    await blobs.put(digest, bytes, this.expireMs);
  }
}

import type { Redis } from "ioredis";
import type { queueKeys } from "./job-protocol.js";
import type { KeyvValues } from "./options.js";

/** Bytes that are known by their digest, and go when nobody has asked that they stay. */
export interface BlobStore {
  put(digest: string, bytes: Uint8Array, expireMs: number): Promise<void>;
  get(digest: string): Promise<Uint8Array | undefined>;
  /** They stay for longer. @returns whether they are there. */
  touch(digest: string, expireMs: number): Promise<boolean>;
  delete(digests: Iterable<string>): Promise<void>;
}

/** Bytes as a Buffer of the same memory. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** In Redis itself. */
export class RedisBlobStore implements BlobStore {
  constructor(
    private readonly redis: Redis,
    private readonly keys: ReturnType<typeof queueKeys>,
  ) {}

  async put(digest: string, bytes: Uint8Array, expireMs: number): Promise<void> {
    await this.redis.set(this.keys.blob(digest), view(bytes), "PX", expireMs);
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    return (await this.redis.getBuffer(this.keys.blob(digest))) ?? undefined;
  }

  async touch(digest: string, expireMs: number): Promise<boolean> {
    return (await this.redis.pexpire(this.keys.blob(digest), expireMs)) === 1;
  }

  async delete(digests: Iterable<string>): Promise<void> {
    const keys = [...digests].map(this.keys.blob);
    if (keys.length > 0) await this.redis.del(...keys);
  }
}

const KEY = "hypernodes:value:";

/** In any Keyv: as text, for whatever serialises it. */
export class KeyvBlobStore implements BlobStore {
  constructor(private readonly keyv: KeyvValues) {}

  async put(digest: string, bytes: Uint8Array, expireMs: number): Promise<void> {
    await this.keyv.set(KEY + digest, view(bytes).toString("base64"), expireMs);
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    const text = await this.keyv.get(KEY + digest);
    return typeof text === "string" ? Buffer.from(text, "base64") : undefined;
  }

  /** A Keyv takes a lifetime only when something is written. */
  async touch(digest: string, expireMs: number): Promise<boolean> {
    const text = await this.keyv.get(KEY + digest);
    if (text === undefined) return false;
    await this.keyv.set(KEY + digest, text, expireMs);
    return true;
  }

  async delete(digests: Iterable<string>): Promise<void> {
    await Promise.all([...digests].map((digest) => this.keyv.delete(KEY + digest)));
  }
}

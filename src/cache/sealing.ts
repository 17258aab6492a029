import { crc32 } from "node:zlib";
import { decode, encode } from "../values/codec.js";
import type { Head } from "./store.js";

/** What is sealed with an entry's bytes: they are those of this key, and what is known of them is true. */
export type Sealed = Pick<Head, "kind" | "digest" | "models"> & { readonly key: string };

const SEAL = 4;

/**
 * A value as an entry's bytes: encoded, behind a checksum of them and of what is known of them.
 *
 * @throws {ValueError} if it can't be encoded.
 */
export function seal(value: unknown, sealed: Sealed): Uint8Array {
  const body = encode(value, { unchecked: true });
  const bytes = new Uint8Array(SEAL + body.length);
  bytes.set(body, SEAL);
  new DataView(bytes.buffer).setUint32(0, checksumOf(body, sealed), true);
  return bytes;
}

/** @throws if the bytes are damaged, truncated, or of something else. */
export function unseal(bytes: Uint8Array, sealed: Sealed): unknown {
  const body = bytes.subarray(SEAL);
  const has = bytes.length < SEAL ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (has !== checksumOf(body, sealed)) throw new Error("its checksum is wrong");
  return decode(body);
}

function checksumOf(body: Uint8Array, { key, kind, digest, models }: Sealed): number {
  return crc32(body, crc32(`${key} ${kind} ${digest} ${models}`));
}

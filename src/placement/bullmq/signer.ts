import { createHmac, timingSafeEqual } from "node:crypto";
import { HypernodesError } from "../../errors.js";
import { view } from "./blob-store.js";
import type { ResolvedBullmqOptions } from "./options.js";

const MAC_BYTES = 32;

/** Kinds of messages between clients and workers: one is never taken for another. */
type Kind = "job" | "return" | "events" | "result" | "output";

/** A message, with its HMAC-SHA-256 in base64 where there is a key. */
export type Signed<T extends object> = T & { readonly mac?: string | undefined };

/**
 * Signs and verifies the messages that the clients and workers of a queue leave for each other in Redis. Without a key nothing is
 * signed, and nothing that is signed is taken: both ends have the key, or neither has it.
 */
export class Signer {
  private readonly key: string | undefined;

  constructor(private readonly options: Pick<ResolvedBullmqOptions, "key" | "prefix" | "queue">) {
    this.key = options.key;
  }

  /** Signs a message of JSON. @param id the job, or the run, that it is about: it counts for no other one. */
  sign<T extends object>(kind: Kind, id: string, message: T): Signed<T> {
    if (this.key === undefined) return message;
    return { ...message, mac: this.mac(kind, id, JSON.stringify(message)).toString("base64") };
  }

  /** Tells if a message is signed with the key; without a key, if it is not signed at all. */
  verify(kind: Kind, id: string, { mac, ...message }: Signed<object>): boolean {
    if (this.key === undefined) return mac === undefined;
    return typeof mac === "string" && isEqual(Buffer.from(mac, "base64"), this.mac(kind, id, JSON.stringify(message)));
  }

  /** Bytes behind their HMAC; without a key, the bytes. */
  signBytes(id: string, bytes: Uint8Array): Buffer {
    return this.key === undefined ? view(bytes) : Buffer.concat([this.mac("result", id, bytes), bytes]);
  }

  /** The bytes that were signed; undefined: they were not, or by somebody else. */
  openBytes(id: string, signed: Buffer): Uint8Array | undefined {
    if (this.key === undefined) return signed;
    const bytes = signed.subarray(MAC_BYTES);
    return isEqual(signed.subarray(0, MAC_BYTES), this.mac("result", id, bytes)) ? bytes : undefined;
  }

  private mac(kind: Kind, id: string, content: string | Uint8Array): Buffer {
    const { prefix, queue } = this.options;
    // JSON ends itself: no other texts begin like these.
    return createHmac("sha256", this.key!)
      .update(JSON.stringify([kind, prefix, queue, id]))
      .update(content)
      .digest();
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The error of a message that is not signed as it has to be. @param what has come, and from where. */
export function signatureError(where: string, what: string): HypernodesError {
  return new HypernodesError({
    code: "NOT_SIGNED",
    where,
    problem: `${what} is not signed with this process's key of the queue`,
    advice:
      "Give the client and all workers the same HYPERNODES_QUEUE_KEY, or no key. If their keys are the same, another program writes to this Redis.",
  });
}

import type { RunEvent } from "../../engine/events.js";
import { HypernodesError } from "../../errors.js";
import type { CheckedBullmq } from "./options.js";

/** The version of what clients and workers leave for each other in Redis. */
export const QUEUE_PROTOCOL = 1;
/** The name of all jobs. */
export const JOB = "chunk";

/** A chunk of a map, as a job of BullMQ. */
export interface ChunkJob {
  readonly protocol: number;
  /** The version of the package that has sent it. */
  readonly version: string;
  readonly run: string;
  /** The place of the map: `Corpus.words`. */
  readonly where: string;
  /** The digests of the pipeline's code, and of what all chunks of the map share. */
  readonly bundle: string;
  readonly fragment: string;
  /** The chunk's bytes in base64; or the digest that they are known by. */
  readonly chunk: { readonly inline: string } | { readonly digest: string };
  /** Whether large and shared values are in a Keyv that workers have, too; not in Redis. */
  readonly inKeyv: boolean;
  /** Whether something in it is suspected of ending its process: it gets one of its own. */
  readonly alone: boolean;
  readonly graceMs: number;
  /** Milliseconds for which Redis keeps its result. */
  readonly expireMs: number;
}

/** What a job returns; a result itself is left beside it. */
export type JobReturn =
  | { readonly kind: "home"; readonly worker: string; readonly attempt: string }
  /** The process that it was in has ended. */
  | { readonly kind: "lost"; readonly worker: string; readonly how: string }
  /** Nobody wants it any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly error: Refusal };

/** What is told of a chunk that takes long, as the progress of its job: events without errors. */
export interface LiveEvents {
  /** Each time that a worker begins with a job is another one. */
  readonly attempt: string;
  readonly worker: string;
  readonly events: readonly RunEvent[];
}

/** A HypernodesError as JSON. */
export interface Refusal {
  readonly code: string;
  readonly where: string;
  readonly problem: string;
  readonly advice: string | undefined;
}

export function refusalOf({ code, where, problem, advice }: HypernodesError): Refusal {
  return { code, where, problem, advice };
}

/** The names of what is in Redis beside BullMQ's own. */
export function keysOf({ prefix, queue }: Pick<CheckedBullmq, "prefix" | "queue">) {
  const at = `${prefix}:${queue}`;
  return {
    /** Workers that are there, and until when; how much each takes at once is part of its name. */
    workers: `${at}:workers`,
    /** Bytes by their digest. */
    blob: (digest: string) => `${at}:blob:${digest}`,
    /** There as long as a run is wanted. */
    run: (run: string) => `${at}:run:${run}`,
    /** Results that the client has not taken. */
    results: (run: string) => `${at}:results:${run}`,
  };
}

/** Somebody else's protocol. */
export function otherQueueProtocol(job: ChunkJob, version: string): HypernodesError {
  return new HypernodesError({
    code: "OTHER_PROTOCOL",
    where: job.where,
    problem: `the worker (hypernodes ${version}) speaks version ${QUEUE_PROTOCOL} of the queue's protocol, and this process (hypernodes ${job.version}) version ${job.protocol}`,
    advice:
      "Install the same version of hypernodes for both; or give each version a queue of its own: bullmq({ queue }).",
  });
}

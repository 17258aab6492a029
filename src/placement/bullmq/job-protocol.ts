import type { RunEvent } from "../../engine/lifecycle/events.js";
import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError } from "../../errors.js";
import { escapeControls } from "../../util/control-characters.js";
import {
  isFlag,
  isRecord,
  numberFrom,
  type OptionRules,
  optionError,
  optionFaults,
  that,
  wholeFrom,
} from "../../util/options.js";
import { showValue } from "../../util/show-value.js";
import type { Printed } from "../protocol/frames.js";
import type { ResolvedBullmqOptions } from "./options.js";

/** The version of what clients and workers leave for each other in Redis. */
export const QUEUE_PROTOCOL = 2;
/** The name of all jobs. */
export const JOB = "chunk";
/** Letters of a place that are shown. */
const MAX_PLACE = 500;

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
  readonly stage: string;
  /** The chunk's bytes in base64; or the digest. */
  readonly chunk: { readonly inline: string } | { readonly digest: string };
  /** True if large and shared values are in a Keyv that workers can reach, and not in Redis. */
  readonly inKeyv: boolean;
  /** True if an element is suspected of crashing its process: the chunk gets a process of its own. */
  readonly alone: boolean;
  /** Its nodes' output is sent to the client. */
  readonly logs: boolean;
  readonly graceMs: number;
  /** Milliseconds for which Redis keeps its result. */
  readonly expireMs: number;
}

const DIGEST = that("a SHA-256 in hexadecimal", isDigest);
const TEXT = that("a text", isText);

const JOB_RULES: OptionRules = Object.fromEntries(
  Object.entries({
    protocol: wholeFrom(1),
    version: TEXT,
    run: that("a run's id", (value) => typeof value === "string" && /^[\w-]{1,64}$/.test(value)),
    where: TEXT,
    bundle: DIGEST,
    stage: DIGEST,
    chunk: that("{ inline } or { digest }", (value) => {
      if (!isRecord(value) || Object.keys(value).length !== 1) return false;
      return typeof value.inline === "string" || isDigest(value.digest);
    }),
    inKeyv: isFlag,
    alone: isFlag,
    logs: isFlag,
    graceMs: numberFrom(0, "milliseconds from 0"),
    expireMs: wholeFrom(1),
  } satisfies Record<keyof ChunkJob, unknown>).map(([name, rule]) => [name, { ...rule, isRequired: true }]),
);

function isDigest(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/**
 * Checks the form of a job of this protocol's version, which anybody may have written: its digests become paths.
 *
 * @throws {HypernodesError} `BAD_JOB`.
 */
export function checkJob(job: ChunkJob): void {
  const faults = optionFaults(job, JOB_RULES, { noun: "part of the job" });
  if (faults.length === 0) return;
  throw optionError(
    jobPlace(job),
    faults.map((fault) => ({ ...fault, code: "BAD_JOB" })),
  );
}

/** Checks that a job is an object: somebody may have written anything. @throws {HypernodesError} `BAD_JOB`. */
export function checkJobIsObject(job: unknown): void {
  if (isRecord(job)) return;
  const problem = `the data that it received is ${showValue(job)}, not a job`;
  throw new HypernodesError({
    code: "BAD_JOB",
    where: "a job",
    problem,
    advice: "Check which programs write to this Redis.",
  });
}

/** The path that a job is for, if it has one. It is safe to print, even of a job that is not checked. */
export function jobPlace({ where }: ChunkJob): string {
  return typeof where === "string" ? escapeControls(where.slice(0, MAX_PLACE)) : "a job";
}

/** The return value of a job. The result itself is stored beside it. */
export type JobResult =
  | { readonly kind: "completed"; readonly worker: string; readonly attempt: string }
  /** The process that it was in has ended. */
  | { readonly kind: "crashed"; readonly worker: string; readonly how: string }
  /** It was not wanted any more. */
  | { readonly kind: "cancelled" }
  | { readonly kind: "rejected"; readonly error: JobError };

/** The progress of the job of a chunk that takes long: events without errors. */
export interface LiveEvents {
  /** Each time that a worker begins with a job is another one. */
  readonly attempt: string;
  readonly worker: string;
  readonly events: readonly RunEvent[];
}

/** Output of a process at a worker, as JSON. */
export interface WorkerOutput extends Printed {
  readonly worker: string;
}

/** A worker's id. */
const WORKER = /^worker-[0-9a-f]{8}$/;

/** Tells if a job's return value has the form that workers give it: without a key, anybody may have written it. */
export function isJobResult(value: unknown): value is JobResult {
  if (!isRecord(value)) return false;
  const { kind, worker, attempt, how, error } = value;
  if (kind === "completed") return isWorker(worker) && isText(attempt);
  if (kind === "crashed") return isWorker(worker) && isText(how);
  if (kind !== "rejected") return kind === "cancelled";
  if (!isRecord(error) || !["code", "where", "problem"].every((name) => isText(error[name]))) return false;
  return error.advice === undefined || isText(error.advice);
}

/** Tells if a job's progress has the form that workers give it. */
export function isLiveEvents(value: unknown): value is LiveEvents {
  if (!isRecord(value) || !isText(value.attempt) || !isWorker(value.worker) || !Array.isArray(value.events))
    return false;
  return value.events.every((event) => isRecord(event) && [event.type, event.phase, event.path].every(isText));
}

/** Tells if output has the form that workers give it. */
export function isWorkerOutput(value: unknown): value is WorkerOutput {
  if (!isRecord(value) || !isWorker(value.worker) || !isText(value.text)) return false;
  return value.stream === "stdout" || value.stream === "stderr";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isWorker(value: unknown): boolean {
  return isText(value) && WORKER.test(value);
}

/** The code of a refusal that says that code, or values, are gone: the client puts them back. */
export const NOT_IN_REDIS = "NOT_IN_REDIS";

/** A HypernodesError as JSON. */
export interface JobError {
  readonly code: ErrorCode;
  readonly where: string;
  readonly problem: string;
  readonly advice: string | undefined;
}

export function toJobError({ code, where, problem, advice }: HypernodesError): JobError {
  return { code, where, problem, advice };
}

/** The names of what is in Redis beside BullMQ's own. */
export function queueKeys({ prefix, queue }: Pick<ResolvedBullmqOptions, "prefix" | "queue">) {
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
    /** A list of its nodes' output that the client has not read. */
    output: (run: string) => `${at}:output:${run}`,
  };
}

/** Somebody else's protocol. */
export function otherQueueProtocol(job: ChunkJob, version: string): HypernodesError {
  return new HypernodesError({
    code: "OTHER_PROTOCOL",
    where: jobPlace(job),
    problem: `the worker (hypernodes ${version}) uses version ${QUEUE_PROTOCOL} of the queue's protocol, and this process (hypernodes ${shown(job.version)}) version ${shown(job.protocol)}`,
    advice:
      "Install the same version of hypernodes for both; or give each version a queue of its own: bullmq({ queue }).",
  });
}

/** A version that anybody may have written. */
function shown(version: unknown): string {
  return typeof version === "string" || typeof version === "number"
    ? escapeControls(String(version).slice(0, 40))
    : "of an unknown version";
}

import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError } from "../../errors.js";
import { HostErrors } from "../host/host-errors.js";
import type { Ended } from "../protocol/frames.js";

/** Errors of the SDK: classes and codes are mixed, and not all of them are exported. */
interface Thrown {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly details?: string;
}

/** gRPC's numbers. */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** Patterns of whole words in Modal's texts, which distinguish the reasons of one gRPC code. */
const RATE_LIMIT = /\brate[ -]limit(?:ed|s)?\b|\btoo many requests\b/i;
const QUOTA = /\bquota\b|\blimit\b.*\b(?:reached|exceeded)\b|\b(?:reached|exceed(?:ed|s)?)\b.*\blimit\b/i;
const UNKNOWN_GPU =
  /\b(?:unknown|invalid|unsupported|unrecogni[sz]ed|no such|not an? (?:known|valid|supported)) GPU\b|\bGPU(?: type| name)?:? \S+ (?:is|was) (?:unknown|invalid|not (?:known|found|valid|supported|recogni[sz]ed))\b/i;
const OUT_OF_MEMORY = /\bOOM(?:[- ]?killed)?\b|\bout of memory\b/i;
/** The errors of containers. */
const CONTAINERS = new HostErrors({
  ...{ endedCode: "CONTAINER_PROCESS_ENDED", timeoutCode: "CONTAINER_TIMEOUT" },
  ...{ host: "container", process: "its process in the container" },
  memoryAdvice:
    'Raise modal({ memoryMiB }), and Node\'s heap with env: { NODE_OPTIONS: "--max-old-space-size=..." }; or use smaller elements.',
  timeoutAdvice:
    "Raise modal({ timeoutMs }), to at most 24 hours. With modal({ volume }) and a cache, a second run continues where this one ended.",
  connectionAdvice:
    "Run it again when the network is back. With modal({ volume }) and a cache, stored values are not computed again.",
});

/**
 * Translates an error of Modal or its SDK.
 *
 * @param what the object of the request: `app retrieval`, `volume cache`.
 */
export function fromModalError(error: unknown, what: string): HypernodesError {
  if (error instanceof HypernodesError) return error;
  const { name, code, message = String(error) } = error as Thrown;
  const text = textOf(error);
  const make = (code: ErrorCode, problem: string, advice: string) =>
    new HypernodesError({ code, where: `Modal, ${what}`, problem, advice, cause: error });
  if (code === undefined && /\bmissing credentials\b/.test(message)) {
    return make(
      "NO_TOKEN",
      "there is no token",
      "Make one at https://modal.com/settings/tokens and set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET; or run `modal token set`.",
    );
  }
  if (code === UNAUTHENTICATED || code === PERMISSION_DENIED) {
    return make(
      "WRONG_TOKEN",
      `the token was refused: ${text}`,
      "Check that MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or the values in ~/.modal.toml, belong together and are still valid.",
    );
  }
  if (code === UNAVAILABLE) {
    return make(
      "UNREACHABLE",
      `it can't be reached: ${text}`,
      "Check that this machine reaches https://api.modal.com.",
    );
  }
  if (code === RESOURCE_EXHAUSTED || name === "ResourceExhaustedError") {
    const isStart = what === "container";
    if (!isStart || RATE_LIMIT.test(text)) {
      return make(
        "RATE_LIMITED",
        `it ${isStart ? "starts no more containers" : "accepts no more requests"} for now: ${text}`,
        `${isStart ? "Start fewer at once, in all processes together: modal({ containers }); or run" : "Run"} it again later.`,
      );
    }
    return make(
      "NO_CAPACITY",
      `there is no room for the container: ${text}`,
      QUOTA.test(text)
        ? "The workspace has reached its limit: stop apps that are not needed, https://modal.com/apps, ask for fewer, modal({ containers }), or raise its limit, https://modal.com/settings/usage."
        : "Ask for another GPU, for fewer, or without a region; or try again later.",
    );
  }
  if (code === INVALID_ARGUMENT) {
    const isGpu = UNKNOWN_GPU.test(text);
    return make(
      isGpu ? "UNKNOWN_GPU" : "REFUSED",
      isGpu ? `it has no such GPU: ${text}` : `it refused: ${text}`,
      isGpu
        ? "It has T4, L4, A10, L40S, A100-40GB, A100-80GB, H100, H200 and B200: https://modal.com/docs/guide/gpu."
        : "See the options of modal(...).",
    );
  }
  if (code === NOT_FOUND || name === "NotFoundError") {
    return make("NOT_FOUND", `nothing has this name: ${text}`, "Create it at https://modal.com, or name another one.");
  }
  return make("MODAL_FAILED", text, "Try it again; if it happens again, see https://status.modal.com.");
}

/** The message of an error, without the name of the call that gRPC puts before it. */
function textOf(error: unknown): string {
  const { message = String(error), details } = error as Thrown;
  return (details ?? message).replace(/^\/[\w.]+\/\w+ [A-Z_]+: /, "");
}

/** An image that was not built: which commands it had, and what the build said. */
export function imageBuildError(
  error: unknown,
  base: string,
  layers: readonly (readonly string[])[],
  log: string,
): HypernodesError {
  if (!/^Image build for /.test((error as Error).message ?? "")) return fromModalError(error, "image");
  const commands = [`FROM ${base}`, ...layers.flat()].map((line) =>
    line.length > 200 ? `${line.slice(0, 200)}...` : line,
  );
  const reason = (error as Error).message.replace(/^Image build for \S+ /, "the build ");
  const output = log.trim() === "" ? "" : `\n\n${log.trim()}\n`;
  return new HypernodesError({
    code: "IMAGE_FAILED",
    where: "modal({ image })",
    problem: `${reason}\n  ${commands.join("\n  ")}${output}`,
    advice: "Fix the commands of image(), and run it again: layers that were built are not built again.",
    cause: error,
  });
}

/** Modal's status of a container that was idle for too long. */
export const IDLE = 7;

/** Tells if an error is an answer of gRPC, or ours for a late one, and not a refusal of the SDK to send. */
export function isAnswer(error: unknown): boolean {
  return typeof (error as Thrown).code === "number" || (error as Thrown).code === "MODAL_SILENT";
}

/** The unexpected end of a container. */
export interface ContainerEnd {
  /** The exit code from the sandbox's wait; undefined: the container is alive. */
  readonly exitCode: number | undefined;
  /** Modal's own status, if there is one: 4 timeout, 7 idle timeout, 8 memory. */
  readonly status: number | undefined;
  readonly message: string | undefined;
}

/** The error of a process in a container that ended without a result. */
export function processEnded(ended: Ended, where: string): HypernodesError {
  return CONTAINERS.processEnded(ended, where);
}

/** The container itself has ended without a result. */
export function containerEnded(
  { exitCode, status, message }: ContainerEnd,
  where: string,
  limitMs: number,
): HypernodesError {
  if (status === 8) return CONTAINERS.outOfMemory(where, message || "Modal ended it");
  if (status === 4) return timedOut(where, limitMs);
  // Its process had lost the connection to the client.
  if (status === IDLE) return connectionLost(where, new Error("Modal ended the container, because it was idle"));
  if (OUT_OF_MEMORY.test(message ?? "")) return CONTAINERS.outOfMemory(where, message!);
  // A status says more than an exit code, which may be that of anything in the container.
  if (!status && exitCode === 124) return timedOut(where, limitMs);
  return new HypernodesError({
    code: "CONTAINER_LOST",
    where,
    problem: `the container was ended during the run${exitCode === undefined ? "" : ` (exit code ${exitCode})`}${message ? `: ${message}` : ""}`,
    advice:
      "It was preempted, ran out of memory or was terminated: run it again. With modal({ volume }) and a cache, it continues where this run ended.",
  });
}

/** @param limitMs milliseconds. */
export function timedOut(where: string, limitMs: number): HypernodesError {
  return CONTAINERS.timedOut(where, limitMs);
}

export function connectionLost(where: string, cause: unknown): HypernodesError {
  return CONTAINERS.connectionLost(where, cause, cause === undefined ? undefined : textOf(cause));
}

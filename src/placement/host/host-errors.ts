import type { ErrorCode } from "../../error-codes.js";
import { HypernodesError, NodeError } from "../../errors.js";
import type { Ended } from "../protocol/frames.js";
import { MEMORY_NOTE } from "../runtime/watchdog.js";

/** The words and codes that errors of one kind of host have. */
export interface HostWords {
  /** The code of a process that has ended. */
  readonly endedCode: ErrorCode;
  readonly timeoutCode: ErrorCode;
  /** One host: `container`. */
  readonly host: string;
  /** The subject of a process that has ended: `its process in the container`. */
  readonly process: string;
  readonly memoryAdvice: string;
  readonly timeoutAdvice: string;
  readonly connectionAdvice: string;
  /** The advice for a process that a signal ended. */
  readonly signalAdvice?: string;
}

/** The text that V8 writes last when the heap is full. */
const HEAP_FULL = /^FATAL ERROR: .*\bheap out of memory\b|^# Fatal (?:process|JavaScript) out of memory\b/m;
/** The exit code of a process that a shell has seen end by SIGABRT. */
const ABORTED = 134;

/** Makes the errors of one kind of host. */
export class HostErrors {
  constructor(private readonly words: HostWords) {}

  /** The error of a process that ended without a result. */
  processEnded({ code, signal, stderr }: Ended, where: string): HypernodesError {
    const tail = stderr.trim() === "" ? "" : `:\n  ${stderr.trim().split("\n").slice(-12).join("\n  ")}`;
    // A process that has ended itself may have written anything.
    const isHeap = (signal !== null || code === ABORTED) && HEAP_FULL.test(stderr);
    if (isHeap) return this.outOfMemory(where, "Node's heap was full");
    if (wasKilled({ code, signal, stderr })) {
      return this.outOfMemory(where, memoryNote(stderr) ?? "its process was killed");
    }
    return new HypernodesError({
      code: this.words.endedCode,
      where,
      problem: `${this.words.process} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}, before it returned a result${tail}`,
      advice:
        signal === null
          ? "Code in it calls process.exit(), or threw an error that nothing catches."
          : this.words.signalAdvice,
    });
  }

  outOfMemory(where: string, how: string): HypernodesError {
    return new HypernodesError({
      code: "OUT_OF_MEMORY",
      where,
      problem: `the ${this.words.host} ran out of memory: ${how}`,
      advice: this.words.memoryAdvice,
    });
  }

  /** @param limitMs milliseconds. */
  timedOut(where: string, limitMs: number): HypernodesError {
    return new HypernodesError({
      code: this.words.timeoutCode,
      where,
      problem: `it took longer than the ${limitMs / 1000} seconds that are allowed in its ${this.words.host}`,
      advice: this.words.timeoutAdvice,
    });
  }

  /** @param reason the text of the cause, if there is one. */
  connectionLost(where: string, cause: unknown, reason: string | undefined): HypernodesError {
    return new HypernodesError({
      code: "CONNECTION_LOST",
      where,
      problem: `the connection to its ${this.words.host} was lost${reason === undefined ? "" : `: ${reason}`}`,
      advice: this.words.connectionAdvice,
      cause,
    });
  }
}

/**
 * Tells if a process was killed. On Windows one that kills itself, as the watchdog does, ends with code 1 and without a signal.
 *
 * @param platform that of the process. Default: this one.
 */
export function wasKilled({ code, signal, stderr }: Ended, platform: NodeJS.Platform = process.platform): boolean {
  return signal === "SIGKILL" || (platform === "win32" && code === 1 && memoryNote(stderr) !== undefined);
}

/** The memory that a process took, if the watchdog has killed it. */
function memoryNote(stderr: string): string | undefined {
  const line = stderr.split("\n").find((text) => text.startsWith(MEMORY_NOTE));
  return line?.slice(line.indexOf("it took"));
}

/** The codes of failures of the network, or of a host that was preempted: the work is not to blame. */
const TRANSIENT: ReadonlySet<string> = new Set(["CONNECTION_LOST", "CONTAINER_LOST"]);

/** True if another try, on another host, may succeed. */
export function isRetryable(error: unknown): boolean {
  return error instanceof HypernodesError && !(error instanceof NodeError) && TRANSIENT.has(error.code);
}

import { HypernodesError } from "../errors.js";
import { escapeControlsInLines } from "../util/control-characters.js";
import { describeCauses, describeError, isError, messageOf, readProperty } from "../util/describe.js";
import { formatErrorChain } from "../util/error-chain.js";
import { hidePasswords } from "../util/hide-passwords.js";

/** What the command says with its exit code. */
export const EXIT = {
  /** A run failed, a check found something, or output was lost. */
  failed: 1,
  /** It was called in a way that can't be: an unknown option, a file that is not there, inputs that don't fit. */
  usage: 2,
  /** A node never ended: its promise does not settle. Node's own code for a promise that is waited for in vain. */
  stalled: 13,
  /** It was stopped by Ctrl-C. */
  stopped: 130,
} as const;

/** The call is wrong, before anything ran. */
export function usageError(where: string, problem: string, advice?: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "USAGE", where, problem, advice, cause });
}

/** Whose fault it is that something failed: errors that come before any node runs are the caller's. */
export function exitCodeOf(error: unknown): number {
  if (!isError(error)) return EXIT.failed;
  const code = readProperty(error, "code");
  const name = readProperty(error, "name");
  if (name === "InputError") return EXIT.usage;
  if (code === "ABORTED") return EXIT.stopped;
  return typeof code === "string" && CALLERS.has(code) ? EXIT.usage : EXIT.failed;
}

const CALLERS = new Set([
  ...["USAGE", "BAD_OPTION", "UNKNOWN_OPTION", "UNKNOWN_OUTPUT", "INVALID_EVENTS"],
  ...["MISSING_PACKAGE", "INCOMPATIBLE_READER", "NO_SUCH_RUN"],
]);

/** What was computed, and could not be written. */
export function outputLost(where: string, problem: string, cause?: unknown, advice?: string): HypernodesError {
  return new HypernodesError({ code: "OUTPUT_LOST", where, problem, advice, cause });
}

/** Text for a person's terminal: no passwords of URLs, control characters escaped. */
export function safeText(text: string): string {
  return escapeControlsInLines(hidePasswords(text));
}

/** An error for a person: its message and causes on a few lines; with their stacks if that is wanted. */
export function formatError(error: unknown, verbose: boolean): string {
  return safeText(described(error, verbose));
}

function described(error: unknown, verbose: boolean): string {
  if (verbose) return formatErrorChain(error);
  if (!isError(error)) return describeError(error);
  const message = error instanceof HypernodesError ? error.message : messageOf(error) || describeError(error);
  return [message, ...describeCauses(error, message)].join("\n  caused by ");
}

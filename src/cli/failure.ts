import { HypernodesError } from "../index.js";
import { escapeControlsInLines } from "../util/control-characters.js";
import { hidePasswords } from "../util/hide-passwords.js";

/** What the command says with its exit code. */
export const EXIT = {
  /** A run failed, a check found something, or output was lost. */
  failed: 1,
  /** It was called in a way that can't be: an unknown option, a file that is not there, inputs that don't fit. */
  usage: 2,
  /** It was stopped by Ctrl-C. */
  stopped: 130,
} as const;

/** The call is wrong, before anything ran. */
export function usage(where: string, problem: string, advice?: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "USAGE", where, problem, advice, cause });
}

/** Whose fault it is that something failed: errors that come before any node runs are the caller's. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return EXIT.failed;
  const { code, name } = error as { readonly code?: unknown; readonly name: string };
  if (name === "InputError") return EXIT.usage;
  if (code === "ABORTED") return EXIT.stopped;
  return typeof code === "string" && CALLERS.has(code) ? EXIT.usage : EXIT.failed;
}

const CALLERS = new Set([
  ...["USAGE", "BAD_OPTION", "UNKNOWN_OPTION", "UNKNOWN_OUTPUT", "INVALID_EVENTS"],
  ...["MISSING_PACKAGE", "INCOMPATIBLE_READER", "NO_SUCH_RUN"],
]);

/** What was computed, and could not be written. */
export function outputLost(where: string, problem: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "OUTPUT_LOST", where, problem, cause });
}

/** Text for a person's terminal: no passwords of URLs, control characters escaped. */
export function safeText(text: string): string {
  return escapeControlsInLines(hidePasswords(text));
}

/** An error for a person: its message; with its stack and causes if that is wanted. */
export function printed(error: unknown, verbose: boolean): string {
  return safeText(described(error, verbose));
}

function described(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (!verbose) return error.message;
  const cause = error.cause === undefined ? "" : `\n  caused by: ${described(error.cause, true)}`;
  return `${error.stack ?? error.message}${cause}`;
}

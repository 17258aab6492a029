import { codesOf, HypernodesError, ownErrorsIn } from "../errors.js";
import { escapeControlsInLines } from "../util/control-characters.js";
import { describeCauses, describeError, isError, messageOf, readProperty } from "../util/describe.js";
import { formatDocsUrls } from "../util/docs-url.js";
import { formatErrorChain } from "../util/error-chain.js";
import { hidePasswords } from "../util/hide-passwords.js";

/** Exit codes of the command. */
export const EXIT = {
  /** A run failed, a check found a problem, or output was lost. */
  failed: 1,
  /** An invalid call: an unknown option, a missing file, invalid inputs. */
  usage: 2,
  /** A node never ended: its promise does not settle. It is Node's own code for an unsettled promise. */
  stalled: 13,
  /** Stopped by Ctrl-C. */
  stopped: 130,
} as const;

/** Creates the error of an invalid call, before anything ran. */
export function usageError(where: string, problem: string, advice?: string, cause?: unknown): HypernodesError {
  return new HypernodesError({ code: "USAGE", where, problem, advice, cause });
}

/** Returns the exit code of an error: errors before any node runs are caused by the call. */
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

/** Creates the error for output that could not be written. */
export function outputLost(where: string, problem: string, cause?: unknown, advice?: string): HypernodesError {
  return new HypernodesError({ code: "OUTPUT_LOST", where, problem, advice, cause });
}

/** Makes text safe for a terminal: passwords of URLs are hidden, control characters escaped. */
export function safeText(text: string): string {
  return escapeControlsInLines(hidePasswords(text));
}

/** Formats an error: its message, causes and the address of its documentation on a few lines; with stacks if `verbose`. */
export function formatError(error: unknown, verbose: boolean): string {
  return safeText([described(error, verbose), ...docsUrls(error)].join("\n"));
}

/** Returns the line with the address of the innermost error of this package: it says most about the cause. */
function docsUrls(error: unknown): readonly string[] {
  const innermost = ownErrorsIn(error).at(-1);
  return innermost === undefined ? [] : formatDocsUrls(codesOf(innermost));
}

function described(error: unknown, verbose: boolean): string {
  if (verbose) return formatErrorChain(error);
  if (!isError(error)) return describeError(error);
  const message = error instanceof HypernodesError ? error.message : messageOf(error) || describeError(error);
  return [message, ...describeCauses(error, message)].join("\n  caused by ");
}

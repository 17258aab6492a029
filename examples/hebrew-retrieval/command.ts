import { HypernodesError } from "../../src/index.js";
import { BadLines } from "./corpus.js";

/** A mistake in the options of a command: shown with its usage. */
export class UsageError extends Error {}

/**
 * Runs a command of an example. Mistakes of its user are shown without a stack: bad options, bad lines, files that can't be read or
 * written, and errors of the pipeline.
 *
 * @param known more classes of errors that say what is wrong.
 */
export async function runCommand(
  usage: string,
  command: () => Promise<void>,
  ...known: readonly (new (
    message: string,
  ) => Error)[]
): Promise<void> {
  try {
    await command();
  } catch (thrown) {
    const error = thrown as Error & { code?: string };
    const isBadOption = error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS") === true;
    const isKnown =
      [BadLines, HypernodesError, ...known].some((type) => error instanceof type) || /^E[A-Z]+$/.test(error.code ?? "");
    console.error(isBadOption || isKnown ? error.message : error);
    if (isBadOption) console.error(`\n${usage}`);
    process.exitCode = 1;
  }
}

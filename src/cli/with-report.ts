import { type RunEvent, type RunObserver, report } from "../index.js";
import { widthOf } from "../util/terminal.js";

/**
 * Runs a function, and prints the report of what ran on standard error, also if it fails. A call that is refused before
 * anything ran has none.
 *
 * @param isWanted the option `--report`.
 * @param work gets the observers of its run.
 */
export async function withReport(
  isWanted: boolean | undefined,
  work: (observers: readonly RunObserver[]) => Promise<void>,
): Promise<void> {
  if (!isWanted) return work([]);
  const seen = report();
  let hasRun = false;
  const started: RunObserver = {
    onEvent(_event: RunEvent) {
      hasRun = true;
    },
  };
  try {
    await work([seen, started]);
  } finally {
    if (hasRun) process.stderr.write(`${seen.toString(widthOf(process.stderr))}\n`);
  }
}

import os from "node:os";

/**
 * Ends this process as a signal does that nobody listens for. Windows has no signals: there the process exits with the code that a
 * shell reports for one, since `process.kill` ends it with code 1, or refuses SIGHUP.
 *
 * @param own the process. Default: this one.
 */
export function endBySignal(
  signal: NodeJS.Signals,
  own: Pick<NodeJS.Process, "platform" | "pid" | "kill" | "exit"> = process,
): void {
  if (own.platform === "win32") own.exit(128 + os.constants.signals[signal]);
  else own.kill(own.pid, signal);
}

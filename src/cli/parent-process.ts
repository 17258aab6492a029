import { type ChildProcess, spawn } from "node:child_process";
import os from "node:os";
import { EXIT } from "./exit-codes.js";

/** How long after a Ctrl-C another one is taken for the same: a terminal sends it to both processes, and one passes it on. */
const SAME_MS = 500;
/** How long the other process has to end after a second Ctrl-C. */
const KILL_MS = 1_000;
/** How long a command has to end when the process that started it is gone. */
const ORPHAN_MS = 5_000;
const INTERRUPT = "interrupt";

/**
 * Goes on in another process, which gets the signals of this one. A second Ctrl-C ends it, whatever it does.
 *
 * @returns its exit code; for one that a signal has ended, 128 and the signal's number.
 */
export function runInChild(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  let interrupts = 0;
  const interrupt = () => {
    if (++interrupts === 1) send(child);
    // A loop that never ends hears of nothing.
    else if (interrupts === 2) setTimeout(() => child.kill("SIGKILL"), KILL_MS).unref();
  };
  const pass = () => child.kill("SIGTERM");
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", pass);
      if (code !== null) resolve(code);
      else resolve(interrupts > 1 ? EXIT.stopped : 128 + os.constants.signals[signal!]);
    });
  });
}

/** One that has just ended is sent nothing. */
function send(child: ChildProcess): void {
  child.send(INTERRUPT, () => {});
}

/** Does what the process that started this one asks for, and ends when it is gone. Without such a process, nothing. */
export function followParent(): void {
  if (process.channel === undefined) return;
  process.on("message", (message) => {
    if (message === INTERRUPT) stop();
  });
  process.once("disconnect", () => {
    setTimeout(() => process.exit(EXIT.stopped), ORPHAN_MS).unref();
    stop();
  });
  // It keeps nothing alive.
  process.channel.unref();
}

function stop(): void {
  if (!process.emit("SIGINT")) process.exit(EXIT.stopped);
}

/**
 * Calls back at a Ctrl-C, and ends the process at a later one.
 *
 * @returns ends that.
 */
export function onInterrupt(call: () => void): () => void {
  let first: number | undefined;
  const interrupt = () => {
    if (first === undefined) {
      first = performance.now();
      call();
    } else if (performance.now() - first > SAME_MS) process.exit(EXIT.stopped);
  };
  process.on("SIGINT", interrupt);
  return () => process.off("SIGINT", interrupt);
}

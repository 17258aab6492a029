import { type ChildProcess, spawn } from "node:child_process";
import os from "node:os";
import { EXIT } from "./exit-codes.js";

/**
 * Time after a Ctrl-C in which another one counts as the same, in milliseconds: a terminal sends it to both processes,
 * and one forwards it.
 */
const SAME_MS = 500;
/** Time that the child process has to end after a second Ctrl-C, in milliseconds. */
const KILL_MS = 1_000;
/** Time that a command has to end when its parent process is gone, in milliseconds. */
const ORPHAN_MS = 5_000;
const INTERRUPT = "interrupt";

/**
 * Continues in a child process, which receives the signals of this one. A second Ctrl-C kills it.
 *
 * @returns its exit code; if a signal ended it, 128 plus the signal's number.
 */
export function runInChild(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  let interrupts = 0;
  const interrupt = () => {
    if (++interrupts === 1) send(child);
    // An endless loop receives no messages.
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

/** A process that has just ended can't receive messages. */
function send(child: ChildProcess): void {
  child.send(INTERRUPT, () => {});
}

/** Handles messages of the parent process, and ends when it is gone. Without a parent process it does nothing. */
export function followParent(): void {
  if (process.channel === undefined) return;
  process.on("message", (message) => {
    if (message === INTERRUPT) stop();
  });
  process.once("disconnect", () => {
    setTimeout(() => process.exit(EXIT.stopped), ORPHAN_MS).unref();
    stop();
  });
  // It does not keep the process alive.
  process.channel.unref();
}

function stop(): void {
  if (!process.emit("SIGINT")) process.exit(EXIT.stopped);
}

/**
 * Calls a function at a Ctrl-C, and ends the process at a later one.
 *
 * @returns a function that stops it.
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

import { createReadStream } from "node:fs";
import path from "node:path";
import { runCommand } from "../../src/cli/command-line.js";
import type { Executed } from "./execute.js";
import { inThisProcess } from "./in-process.js";

/**
 * Runs the command line in this process, where a process of its own is not the point: it takes a fiftieth of the time. One at a
 * time: it has this process's folder and streams to itself.
 *
 * @param folder where it is run.
 */
export async function commandLine(folder: string, ...args: string[]): Promise<Executed> {
  const before = process.cwd();
  process.chdir(folder);
  // It is not to go on in a process with a loader: this one has it.
  process.env.HYPERNODES_CLI_STARTED = "1";
  try {
    return await inThisProcess(() => runCommand(args));
  } finally {
    delete process.env.HYPERNODES_CLI_STARTED;
    process.chdir(before);
  }
}

/** The same, with a file as standard input. */
export async function commandLineReading(file: string, folder: string, ...args: string[]): Promise<Executed> {
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", { value: createReadStream(path.join(folder, file)), configurable: true });
  try {
    return await commandLine(folder, ...args);
  } finally {
    process.stdin.destroy();
    Object.defineProperty(process, "stdin", stdin);
  }
}
